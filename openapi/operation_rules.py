"""Rules for the operations of a document: names, parameters, pagination, links, examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .errors import Problem
from .json import Json
from .operation import METHODS, JobRole
from .path_template import PathTemplate
from .pointer import Path, format_pointer, get, parse_pointer
from .schema import Schema, Schemas, as_object, follow, property_at, resolve


def operation_problems(root: Json) -> Iterator[Problem]:
    """Yield every problem with the operations."""
    for rule in (
        _names_and_roles,
        _duplicate_paths,
        _path_parameters,
        _fields,
        _pagination,
        _variants,
        _links,
        _examples,
    ):
        yield from rule(root)


def create_fields(root: Json) -> dict[str, Json]:
    """Return the schemas of the fields of the create request, of all its media types."""
    for _, _, operation in _operations(root):
        if operation.get("x-job-role") == JobRole.CREATE:
            contents = resolve(root, operation.get("requestBody", {})).get("content", {})
            bodies = (resolve(root, media["schema"]) for media in contents.values())
            objects = [body for body in bodies if isinstance(body, dict)]
            fields = {n: p for body in objects for n, p in body.get("properties", {}).items()}
            return {name: as_object(resolve(root, field)) for name, field in fields.items()}
    return {}


def _operations(root: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in root["paths"].items():
        for method in METHODS:
            if method in item:
                yield format_pointer(("paths", path, method)), path, item[method]


def _names_and_roles(root: Json) -> Iterator[Problem]:
    for keyword in ("operationId", "x-job-role"):
        counts = Counter(operation.get(keyword) for _, _, operation in _operations(root))
        for pointer, _, operation in _operations(root):
            name = operation.get(keyword)
            if name is not None and counts[name] > 1:
                yield Problem(f"{pointer}/{keyword}", f"{name} is used by more than one operation")
    for role in (JobRole.CREATE, JobRole.RETRIEVE):
        if not any(operation.get("x-job-role") == role for _, _, operation in _operations(root)):
            yield Problem("/paths", f"no operation has x-job-role: {role}")


def _parameters(root: Json, path: str, operation: Json) -> Iterator[tuple[str, Json]]:
    """Yield the parameters of the path and of the operation, each after its pointer."""
    item = format_pointer(("paths", path))
    for index, parameter in enumerate(root["paths"][path].get("parameters", ())):
        yield f"{item}/parameters/{index}", resolve(root, parameter)
    method = next(m for m in METHODS if root["paths"][path].get(m) is operation)
    for index, parameter in enumerate(operation.get("parameters", ())):
        yield f"{item}/{method}/parameters/{index}", resolve(root, parameter)


def _duplicate_paths(root: Json) -> Iterator[Problem]:
    """Paths that differ only in the names of their parameters match the same requests."""
    path_by_shape: dict[str, str] = {}
    for path in root["paths"]:
        shape = PathTemplate(path).shape
        if shape in path_by_shape:
            yield Problem(
                format_pointer(("paths", path)), f"is the same path as {path_by_shape[shape]}"
            )
        path_by_shape.setdefault(shape, path)


def _path_parameters(root: Json) -> Iterator[Problem]:
    for pointer, path, operation in _operations(root):
        declared = [parameter for _, parameter in _parameters(root, path, operation)]
        names = {p["name"] for p in declared if p["in"] == "path"}
        expected = set(PathTemplate(path).parameters)
        for name in sorted(expected - names):
            yield Problem(pointer, f"the path parameter {name} is not declared")
        for name in sorted(names - expected):
            yield Problem(pointer, f"the path parameter {name} is not in the path")
        role = operation.get("x-job-role")
        if role not in (None, JobRole.CREATE, JobRole.LIST) and len(expected) != 1:
            reason = f"x-job-role: {role} needs one path parameter, the id of the job"
            yield Problem(pointer, reason)


def _fields(root: Json) -> Iterator[Problem]:
    """`x-price` and `x-media` must name fields of the create request."""
    fields = create_fields(root)
    for pointer, _, operation in _operations(root):
        price = operation.get("x-price", {})
        named = [name for rate in price.get("rates", ()) for name in rate.get("when", {})]
        named += [price["per"]] if "per" in price else []
        places = [(f"x-media/{key}", name) for key, name in operation.get("x-media", {}).items()]
        for place, name in [*places, *(("x-price", name) for name in dict.fromkeys(named))]:
            if name not in fields:
                reason = f"{name} is not a field of the create request"
                yield Problem(f"{pointer}/{place}", reason)


def _pagination(root: Json) -> Iterator[Problem]:
    for pointer, path, operation in _operations(root):
        if "x-page" in operation:
            names = {parameter["name"] for _, parameter in _parameters(root, path, operation)}
            yield from _pagination_keys(root, f"{pointer}/x-page", operation, names)
        elif operation.get("x-job-role") == JobRole.LIST:
            yield Problem(pointer, "x-job-role: list needs x-page")


def _pagination_keys(
    root: Json, place: str, operation: Json, parameters: set[str]
) -> Iterator[Problem]:
    page = operation["x-page"]
    for key in ("limit", "after", "order"):
        if key in page and page[key] not in parameters:
            yield Problem(f"{place}/{key}", f"{page[key]} is not a parameter of the operation")
    schema = _success_schema(root, operation)
    for key in ("items", "first", "last", "more", "next"):
        if key in page and property_at(root, schema, parse_pointer(page[key])) is None:
            yield Problem(f"{place}/{key}", f"the response has no field at {page[key]}")


def _success_schema(root: Json, operation: Json) -> Json:
    response = resolve(root, operation["responses"][min(operation["responses"])])
    media: Json = next(iter(response.get("content", {}).values()), {})
    return resolve(root, media.get("schema", {}))


def _variants(root: Json) -> Iterator[Problem]:
    for _, path, operation in _operations(root):
        response = resolve(root, operation["responses"][min(operation["responses"])])
        for pointer, parameter in _parameters(root, path, operation):
            for value, media_type in parameter.get("x-variants", {}).items():
                if media_type not in response.get("content", {}):
                    place = f"{pointer}/x-variants{format_pointer((value,))}"
                    yield Problem(place, f"{media_type} is not a media type of the response")


def _links(root: Json) -> Iterator[Problem]:
    known = {operation["operationId"] for _, _, operation in _operations(root)}
    for pointer, _, operation in _operations(root):
        for status, response in operation["responses"].items():
            for name, link in resolve(root, response).get("links", {}).items():
                target = resolve(root, link)["operationId"]
                if target not in known:
                    place = f"{pointer}/responses/{status}/links{format_pointer((name,))}"
                    yield Problem(place, f"operation {target} does not exist")


def _examples(root: Json) -> Iterator[Problem]:
    schemas = Schemas(root)
    for pointer, _, operation in _operations(root):
        places = [f"{pointer}/responses/{status}" for status in operation["responses"]]
        places += [f"{pointer}/requestBody"] if "requestBody" in operation else []
        for origin in (follow(root, place) for place in places):
            content = get(root, parse_pointer(origin)).get("content", {})
            for media_type, media in content.items():
                place = origin + format_pointer(("content", media_type))
                if "schema" in media:
                    schema = schemas.at(f"{place}/schema")
                    yield from _example_problems(root, media, place, schema)


def _example_problems(root: Json, media: Json, place: str, schema: Schema) -> Iterator[Problem]:
    examples: dict[Path, Json] = {
        ("examples", name): resolve(root, e)["value"]
        for name, e in media.get("examples", {}).items()
    }
    if "example" in media:
        examples["example",] = media["example"]
    for path, value in examples.items():
        for error in schema.errors(value):
            field = ".".join(error.path) or "it"
            yield Problem(
                place + format_pointer(path),
                f"does not match its schema: {field} {error.message}",
            )
