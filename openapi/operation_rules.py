"""Rules for the operations of a document: names, parameters, pagination, links, examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .errors import Problem
from .json import Json
from .keywords import as_object
from .operation import METHODS
from .path_template import PathTemplate
from .pointer import Path, format_pointer, get, parse_pointer
from .references import follow, resolve
from .schema import Schema, Schemas


def operation_problems(root: Json) -> Iterator[Problem]:
    """Yield every problem with the operations."""
    for rule in (
        _names,
        _duplicate_paths,
        _path_parameters,
        _links,
        _examples,
    ):
        yield from rule(root)


def request_fields(root: Json) -> dict[str, Json]:
    """Return the schemas of the fields of all JSON and form requests, by name."""
    found: dict[str, Json] = {}
    for _, _, operation in _operations(root):
        contents = resolve(root, operation.get("requestBody", {})).get("content", {})
        for media in contents.values():
            body = as_object(resolve(root, media["schema"]))
            for name, field in body.get("properties", {}).items():
                found.setdefault(name, as_object(resolve(root, field)))
    return found


def _operations(root: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in root["paths"].items():
        for method in METHODS:
            if method in item:
                yield format_pointer(("paths", path, method)), path, item[method]


def _names(root: Json) -> Iterator[Problem]:
    counts = Counter(operation["operationId"] for _, _, operation in _operations(root))
    for pointer, _, operation in _operations(root):
        name = operation["operationId"]
        if counts[name] > 1:
            yield Problem(f"{pointer}/operationId", f"{name} is used by more than one operation")


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
