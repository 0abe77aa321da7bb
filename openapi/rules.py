"""What makes an OpenAPI document one that the toolkit can obey: its structure, and what its parts
say of each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

import jsonschema_rs
import orjson

from .errors import Problem
from .json import Json
from .lifecycle_rules import lifecycle_problems
from .operation import METHODS, JobRole
from .pointer import Path, format_pointer, get, parse_pointer, pointer_of
from .schema import Schema, Schemas, finding_of, resolve
from .schema_places import property_at
from .source import resource_text


def document_problems(root: Json) -> list[Problem]:
    """Everything that is wrong with a document; later rules run only on what earlier ones found
    sound.
    """
    for rules in ((_structure,), (_references,), _RULES):
        problems = [problem for rule in rules for problem in rule(root)]
        if problems:
            return problems
    return []


def extension_places(root: Json, keyword: str) -> list[str]:
    """The pointers of the schemas under components that carry an extension."""
    schemas = root.get("components", {}).get("schemas", {})
    return [
        f"/components/schemas{format_pointer((n,))}"
        for n, s in schemas.items()
        if isinstance(s, dict) and keyword in s
    ]


def _structure(root: Json) -> Iterator[Problem]:
    for error in _supported().iter_errors(root):
        finding = finding_of(error)
        reason = finding.message
        if finding.keyword == "additionalProperties":
            reason = "is not a keyword that is supported here" + _suggestion(
                finding.path[-1], error
            )
        yield Problem(format_pointer(finding.path), reason)
    yield from _misspelt(root, ())


def _suggestion(name: str, error: jsonschema_rs.ValidationError) -> str:
    try:
        parent = get(_supported_schema(), [*map(str, error.schema_path[:-1]), "properties"])
    except LookupError:
        return ""
    near = get_close_matches(name, parent, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _misspelt(data: Json, path: Path) -> Iterator[Problem]:
    """Extensions of others are none of our business, but one that is almost ours is a slip."""
    if isinstance(data, dict):
        for key, below in data.items():
            near = (
                get_close_matches(key, _EXTENSIONS, n=1, cutoff=0.85)
                if key.startswith("x-")
                else []
            )
            if near and key not in _EXTENSIONS:
                yield Problem(
                    format_pointer((*path, key)), f"is not an extension; did you mean {near[0]}?"
                )
            yield from _misspelt(below, (*path, key))
    elif isinstance(data, list):
        for index, below in enumerate(data):
            yield from _misspelt(below, (*path, str(index)))


def _references(root: Json) -> Iterator[Problem]:
    def walk(data: Json, path: Path) -> Iterator[Problem]:
        if isinstance(data, dict):
            target = data.get("$ref")
            if isinstance(target, str) and path[-1:] not in (
                ("value",),
                ("example",),
                ("default",),
            ):
                try:
                    get(root, parse_pointer(pointer_of(target)))
                except LookupError:
                    yield Problem(format_pointer((*path, "$ref")), f"there is nothing at {target}")
            for key, below in data.items():
                yield from walk(below, (*path, key))
        elif isinstance(data, list):
            for index, below in enumerate(data):
                yield from walk(below, (*path, str(index)))

    return walk(root, ())


def _operations(root: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in root["paths"].items():
        for method in METHODS:
            if method in item:
                yield format_pointer(("paths", path, method)), path, item[method]


def _unique_names(root: Json) -> Iterator[Problem]:
    for keyword in ("operationId", "x-job-role"):
        counts = Counter(operation.get(keyword) for _, _, operation in _operations(root))
        for pointer, _, operation in _operations(root):
            name = operation.get(keyword)
            if name is not None and counts[name] > 1:
                yield Problem(f"{pointer}/{keyword}", f"{name} stands at more than one operation")
    for role in (JobRole.CREATE, JobRole.RETRIEVE):
        if not any(operation.get("x-job-role") == role for _, _, operation in _operations(root)):
            yield Problem("/paths", f"no operation has x-job-role: {role}")


def _path_parameters(root: Json) -> Iterator[Problem]:
    for pointer, path, operation in _operations(root):
        item = root["paths"][path]
        declared = [
            resolve(root, p)
            for p in (*item.get("parameters", ()), *operation.get("parameters", ()))
        ]
        names = {p["name"] for p in declared if p["in"] == "path"}
        wanted = {
            step[1:-1] for step in path.split("/") if step.startswith("{") and step.endswith("}")
        }
        for name in sorted(wanted - names):
            yield Problem(pointer, f"the path parameter {name} is not declared")
        for name in sorted(names - wanted):
            yield Problem(pointer, f"the path parameter {name} is not in the path")
        role = operation.get("x-job-role")
        if role not in (None, JobRole.CREATE, JobRole.LIST) and len(wanted) != 1:
            yield Problem(
                pointer, f"x-job-role: {role} needs one path parameter, the id of the job"
            )


def _security(root: Json) -> Iterator[Problem]:
    known = root.get("components", {}).get("securitySchemes", {})
    for index, requirement in enumerate(root.get("security", ())):
        for name in requirement:
            if name not in known:
                yield Problem(
                    f"/security/{index}", f"{name} is not one of components/securitySchemes"
                )


def _one_of_each(root: Json) -> Iterator[Problem]:
    for keyword in ("x-lifecycle", "x-error-envelope"):
        places = extension_places(root, keyword)
        if len(places) != 1:
            found = ", ".join(places) or "none has"
            yield Problem("/components/schemas", f"exactly one schema must have {keyword}; {found}")


def _lifecycle(root: Json) -> Iterator[Problem]:
    for pointer in extension_places(root, "x-lifecycle"):
        yield from lifecycle_problems(root, pointer, create=_create_properties(root))


def _create_properties(root: Json) -> dict[str, Json]:
    """The fields of the create request, of all its media types together."""
    for _, _, operation in _operations(root):
        if operation.get("x-job-role") == JobRole.CREATE:
            contents = resolve(root, operation.get("requestBody", {})).get("content", {})
            bodies = (resolve(root, media["schema"]) for media in contents.values())
            return {n: resolve(root, p) for b in bodies for n, p in b.get("properties", {}).items()}
    return {}


def _envelope(root: Json) -> Iterator[Problem]:
    for pointer in extension_places(root, "x-error-envelope"):
        schema = get(root, parse_pointer(pointer))
        data = schema["x-error-envelope"]
        for key in ("type", "code", "message", "parameter", "request_id"):
            if key in data and property_at(root, schema, parse_pointer(data[key])) is None:
                yield Problem(
                    f"{pointer}/x-error-envelope/{key}", f"the schema has no field at {data[key]}"
                )
        for name, field in _create_properties(root).items():
            cause = field.get("x-cause") if isinstance(field, dict) else None
            if cause and cause not in data["causes"]:
                yield Problem(
                    f"{pointer}/x-error-envelope/causes",
                    f"{cause}, the x-cause of {name}, is not declared",
                )


def _extensions_of_operations(root: Json) -> Iterator[Problem]:
    fields = _create_properties(root)
    for pointer, _, operation in _operations(root):
        price = operation.get("x-price", {})
        named = {price.get("per")} | {
            name for rate in price.get("rates", ()) for name in rate.get("when", {})
        }
        for name in sorted(named - {None} - fields.keys()):
            yield Problem(f"{pointer}/x-price", f"{name} is not a field of the create request")
        for key, name in operation.get("x-media", {}).items():
            if name not in fields:
                yield Problem(
                    f"{pointer}/x-media/{key}", f"{name} is not a field of the create request"
                )
        yield from _page(root, pointer, operation)
        yield from _variants(root, pointer, operation)
        if operation.get("x-job-role") == JobRole.LIST and "x-page" not in operation:
            yield Problem(pointer, "x-job-role: list needs x-page")


def _page(root: Json, pointer: str, operation: Json) -> Iterator[Problem]:
    page = operation.get("x-page")
    if page is None:
        return
    parameters = {resolve(root, p)["name"] for p in operation.get("parameters", ())}
    for key in ("limit", "after", "order"):
        if key in page and page[key] not in parameters:
            yield Problem(
                f"{pointer}/x-page/{key}", f"{page[key]} is not a parameter of the operation"
            )
    schema = _success_schema(root, operation)
    for key in ("items", "first", "last", "more", "next"):
        if key in page and property_at(root, schema, parse_pointer(page[key])) is None:
            yield Problem(f"{pointer}/x-page/{key}", f"the answer has no field at {page[key]}")


def _success_schema(root: Json, operation: Json) -> Json:
    response = resolve(root, operation["responses"][min(operation["responses"])])
    media: Json = next(iter(response.get("content", {}).values()), {})
    return resolve(root, media.get("schema", {}))


def _variants(root: Json, pointer: str, operation: Json) -> Iterator[Problem]:
    response = resolve(root, operation["responses"][min(operation["responses"])])
    for index, parameter in enumerate(operation.get("parameters", ())):
        for value, media_type in resolve(root, parameter).get("x-variants", {}).items():
            if media_type not in response.get("content", {}):
                place = f"{pointer}/parameters/{index}/x-variants/{value}"
                yield Problem(place, f"{media_type} is not a media type of the answer")


def _links(root: Json) -> Iterator[Problem]:
    known = {operation["operationId"] for _, _, operation in _operations(root)}
    for pointer, _, operation in _operations(root):
        for status, response in operation["responses"].items():
            for name, link in resolve(root, response).get("links", {}).items():
                target = resolve(root, link)["operationId"]
                if target not in known:
                    place = f"{pointer}/responses/{status}/links{format_pointer((name,))}"
                    yield Problem(place, f"there is no operation {target}")


def _examples(root: Json) -> Iterator[Problem]:
    schemas = Schemas(root)
    for pointer, _, operation in _operations(root):
        places = [f"{pointer}/responses/{status}" for status in operation["responses"]]
        places += [f"{pointer}/requestBody"] if "requestBody" in operation else []
        for place in places:
            for media_type, media in (
                resolve(root, get(root, parse_pointer(place))).get("content", {}).items()
            ):
                origin = schemas.origin(place) + format_pointer(("content", media_type))
                yield from _example_problems(root, media, origin, schemas.at(f"{origin}/schema"))


def _example_problems(root: Json, media: Json, place: str, schema: Schema) -> Iterator[Problem]:
    examples: dict[Path, Json] = {
        ("examples", name): resolve(root, e)["value"]
        for name, e in media.get("examples", {}).items()
    }
    if "example" in media:
        examples["example",] = media["example"]
    for path, value in examples.items():
        for finding in schema.findings(value):
            where = ".".join(finding.path) or "it"
            yield Problem(
                place + format_pointer(path),
                f"is no example of its schema: {where} {finding.message}",
            )


@cache
def _supported_schema() -> Json:
    return orjson.loads(resource_text("supported.schema.json"))


@cache
def _supported() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_supported_schema(), validate_formats=True)


_EXTENSIONS = (
    "x-cause",
    "x-error-envelope",
    "x-job-id",
    "x-job-role",
    "x-lifecycle",
    "x-media",
    "x-page",
    "x-price",
    "x-provenance",
    "x-variants",
)
_RULES = (
    _unique_names,
    _path_parameters,
    _security,
    _one_of_each,
    _lifecycle,
    _envelope,
    _extensions_of_operations,
    _links,
    _examples,
)
