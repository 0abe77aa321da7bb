"""Values of request fields, from the examples and the schemas of a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random

from ...openapi.generator.texts import make_text
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.operation import RequestBody
from ...openapi.pointer import Path, get_or_none


def example_value(body: RequestBody, path: Path) -> Json:
    """Return the example or default of a field, or the smallest allowed value."""
    return next(possible_values(body, path), _made_text(body, path))


def possible_values(body: RequestBody, path: Path) -> Iterator[Json]:
    """Yield values that a field may have, examples first; the schema may still forbid one."""
    yield from shown_values(body, path)
    for schema in body.schema.schemas_at(path):
        yield from _smallest_values(schema)


def shown_values(body: RequestBody, path: Path) -> Iterator[Json]:
    """Yield the values that the document shows for a field, examples first."""
    example = get_or_none(body.example, path)
    yield from [] if example is None else [example]
    for schema in body.schema.schemas_at(path):
        yield from ([schema["example"]] if "example" in schema else ())
        yield from schema.get("examples", ())
        yield from ([schema["default"]] if "default" in schema else ())
        yield from schema.get("enum", ())
        yield from ([schema["const"]] if "const" in schema else ())


def _made_text(body: RequestBody, path: Path) -> str:
    """Return a text of the pattern or the format of a field."""
    schema = next(iter(body.schema.schemas_at(path)), {})
    return make_text(schema, random=Random(0), moment=0.0, name=path[-1])


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
