"""Values for places whose schema they may not match, such as a request that comes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...openapi import Schema
from ...openapi.generator import NoValueError, ValueMaker
from ...openapi.generator.layout import Layout
from ...openapi.json import Json
from ...openapi.keywords import types_of
from ...openapi.pointer import Path
from .view import ABSENT, FieldValue, View


def fitted(value_of: FieldValue, schemas: Sequence[Schema], *, maker: ValueMaker) -> FieldValue:
    """Return the function for a value that matches a schema of its place.

    A number may become a text, or a text a number. Of an object, the fields that match are kept,
    and what else the schema requires is made. Any other value that does not match is ABSENT.

    Args:
        value_of: Returns the value.
        schemas: The schemas of its place, one for each alternative.
        maker: Makes what a schema requires.
    """

    def value(view: View) -> Json:
        found = value_of(view)
        if found is ABSENT or any(schema.accepts(found) for schema in schemas):
            return found
        fitting = (_fit(found, schema, maker) for schema in schemas)
        return next((each for each in fitting if each is not ABSENT), ABSENT)

    return value


def always_fits(schema: Schema, sources: Iterable[dict[str, Json]]) -> bool:
    """Return True if each value that a request may have at a place matches the schema of another.

    Args:
        schema: The schema of the other place.
        sources: The schemas of the place in the request.
    """
    wanted = _constraints(schema.raw)
    return any(
        _constraints(each) == wanted
        or (wanted.keys() <= {"type"} and {*types_of(each)} <= {*types_of(wanted)})
        for each in sources
        if types_of(each)
    )


def _constraints(schema: dict[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in schema.items() if name not in _ANNOTATIONS}


def _fit(value: Json, schema: Schema, maker: ValueMaker) -> Json:
    if isinstance(value, dict):
        return _fit_object(value, schema, maker)
    if isinstance(value, str) and value.isdecimal() and schema.accepts(int(value)):
        return int(value)
    if isinstance(value, int | float) and schema.accepts(str(value)):
        return str(value)
    return ABSENT


def _fit_object(value: dict[str, Json], schema: Schema, maker: ValueMaker) -> Json:
    known: dict[Path, Json] = {
        (name,): each
        for name, each in value.items()
        if any(below.accepts(each) for below in schema.all_below((name,)))
    }
    for held in (known, {}):
        try:
            return maker.make(schema, layout=Layout(values=held, sparse=()))
        except NoValueError:
            continue
    return ABSENT


_ANNOTATIONS = {
    *("title", "description", "default", "example", "examples", "deprecated", "externalDocs"),
    *("readOnly", "writeOnly", "$comment"),
}
