"""Values that a person sets for the requests of a check, such as a model or an id of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from ...openapi import CreateOperation, Operation
from ...openapi.jobs import Part, Place, parse_place
from ...openapi.jobs.request_places import is_free, request_schemas
from ...openapi.json import Json, parse_json
from ...openapi.keywords import types_of, value_from_text
from ...openapi.pointer import Path
from ...openapi.text import did_you_mean


@dataclass(frozen=True, slots=True)
class GivenValues:
    """The values that a person has set. They count before all others.

    values: the values by their place in the create's request
    headers: the headers of every request; their names are in lower case
    """

    values: Mapping[Place, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def in_body(self) -> dict[Path, Json]:
        """Return the values in the body by path."""
        return {p.path: value for p, value in self.values.items() if p.part is Part.BODY}

    def has(self, place: Place) -> bool:
        """Return True if the value of a place is set, or that of a field above it."""
        above = (place.path[:size] for size in range(len(place.path) + 1))
        return any(Place(place.part, path) in self.values for path in above)


NOTHING_GIVEN = GivenValues()


def read_given_values(
    create: CreateOperation, fields: Mapping[str, str], headers: Mapping[str, str]
) -> GivenValues:
    """Return the values that texts set, as the types of the document.

    Args:
        create: The operation whose requests they are for.
        fields: Texts by place, such as `/input/prompt` or `query.model`, or by the name of a field
            or parameter. A text is JSON where the schema does not ask for text.
        headers: The headers of every request, by name.

    Raises ValueError for a field that the operation does not have, and for a name that several
    fields have.
    """
    values = {}
    for name, text in fields.items():
        place = _find_place(create.operation, name)
        values[place] = _value_of(text, request_schemas(create.operation, place))
    return GivenValues(values, {name.lower(): value for name, value in headers.items()})


def _find_place(operation: Operation, name: str) -> Place:
    if name.startswith(("/", *(f"{part}." for part in Part))):
        place = parse_place(name)
        if request_schemas(operation, place) or is_free(operation, place):
            return place
        raise ValueError(f"{operation.id} has no {name}{_proposal(operation, name)}")
    found = [place for place in dict.fromkeys(_places(operation)) if _is_named(place, name)]
    top = [place for place in found if len(place.path) == 1]
    if len(found) == 1 or len(top) == 1:
        return (top or found)[0]
    if not found:
        raise ValueError(f"{operation.id} has no field {name!r}{_proposal(operation, name)}")
    raise ValueError(f"{name!r} may be {' or '.join(map(str, found))}; name one of them")


def _is_named(place: Place, name: str) -> bool:
    return place.name == (name.lower() if place.part is Part.HEADER else name)


def _places(operation: Operation) -> Iterator[Place]:
    """Yield the places of all parameters and fields of an operation."""
    yield from (Place(Part.PATH, (name,)) for name in operation.template.parameters)
    yield from (Place(Part.QUERY, (name,)) for name in operation.query)
    yield from (Place(Part.HEADER, (name.lower(),)) for name in operation.headers)
    yield from (Place(Part.COOKIE, (name,)) for name in operation.cookies)
    for body in operation.bodies.values():
        yield from (Place(Part.BODY, path) for path, _ in body.schema.fields())


def _proposal(operation: Operation, name: str) -> str:
    known = [*_places(operation)]
    return did_you_mean(name, [*(place.name for place in known), *map(str, known)])


def _value_of(text: str, schemas: Iterable[dict[str, Json]]) -> Json:
    """Return a text as a value of the first type that fits, the text itself if none does."""
    listed = [*schemas]
    for schema in listed:
        value = value_from_text(text, schema)
        if value != text:
            return value
        if {"object", "array", "null"} & {*types_of(schema)}:
            try:
                return parse_json(text.encode())
            except orjson.JSONDecodeError:
                continue
    return text
