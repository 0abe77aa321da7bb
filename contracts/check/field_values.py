"""Values of request fields, from the examples and the schemas of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...openapi.json import Json
from ...openapi.operation import RequestBody
from ...openapi.schema import types_of


def default_value(body: RequestBody, name: str) -> Json:
    """Return the default of a field, or an example."""
    return body.properties[name].get("default", example_value(body, name))


def example_value(body: RequestBody, name: str) -> Json:
    """Return the example or default of a field, or the smallest allowed value."""
    shortest = max(1, body.properties.get(name, {}).get("minLength", 1))
    return next(possible_values(body, name), "x" * shortest)


def possible_values(body: RequestBody, name: str) -> Iterator[Json]:
    """Yield values that a field may have, examples first; the schema may still forbid one."""
    schema = body.properties.get(name, {})
    if isinstance(body.example, Mapping) and name in body.example:
        yield body.example[name]
    yield from ([schema["example"]] if "example" in schema else ())
    yield from schema.get("examples", ())
    yield from ([schema["default"]] if "default" in schema else ())
    yield from schema.get("enum", ())
    yield from ([schema["const"]] if "const" in schema else ())
    yield from _smallest_values(schema)


def _smallest_values(schema: Mapping[str, Json]) -> Iterator[Json]:
    """Yield the smallest value of each type, except texts of a special form."""
    types = types_of(schema)
    if "integer" in types or "number" in types:
        yield schema.get("minimum", 1)
    if "boolean" in types:
        yield False
    if "string" in types and not schema.keys() & {"pattern", "format"}:
        yield "x" * max(1, schema.get("minLength", 1))
    if "object" in types:
        yield {}
    if "array" in types:
        yield []
