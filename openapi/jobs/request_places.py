"""The places in requests that `x-jobs` names: their schemas, and the check that they exist."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..json import Json
from ..operation import Operation
from ..pointer import format_pointer
from ..text import did_you_mean, suggest
from .place import Part, Place, parse_place
from .problems import Report
from .sources import Condition


def request_schemas(operation: Operation, place: Place) -> list[dict[str, Json]]:
    """Return the schemas of a place in the requests of an operation."""
    match place.part:
        case Part.BODY:
            bodies = operation.bodies.values()
            return [schema for body in bodies for schema in body.schema.schemas_at(place.path)]
        case Part.PATH:
            named = operation.path_parameters
            if place.name in operation.template.parameters and place.name not in named:
                return [{}]
        case Part.QUERY:
            named = operation.query
        case Part.COOKIE:
            named = operation.cookies
        case Part.HEADER:
            named = {name.lower(): header for name, header in operation.headers.items()}
    return named[place.name].schema.schemas_at(()) if place.name in named else []


def check_place(
    text: str, operations: Iterable[Operation], pointer: str, report: Report
) -> list[dict[str, Json]]:
    """Return the schemas of a place in requests, and report a place that none of them has.

    Args:
        text: The place, as `x-jobs` writes it.
        operations: The operations whose requests may have the place.
        pointer: The JSON pointer of the text.
        report: Is called with the pointer and the reason of an error.
    """
    place, asked = parse_place(text), [*operations]
    schemas = [schema for operation in asked for schema in request_schemas(operation, place)]
    if asked and not schemas and not any(is_free(operation, place) for operation in asked):
        names = " and ".join(dict.fromkeys(operation.id for operation in asked))
        known = [known for operation in asked for known in _places_of(operation)]
        place_text = text or "for a JSON value"
        report(pointer, f"no request of {names} has a place {place_text}{suggest(text, known)}")
    return schemas


def similar_place(operations: Iterable[Operation], place: Place) -> str:
    """Return "; did you mean …?" for a place that no request describes; "" for one that one does,
    and without a similar one.
    """
    asked = [*operations]
    if any(request_schemas(operation, place) for operation in asked):
        return ""
    return did_you_mean(str(place), (p for operation in asked for p in _places_of(operation)))


def check_words(
    words: Iterable[Json], schemas: Iterable[Mapping[str, Json]], pointer: str, report: Report
) -> None:
    """Report words that are not among the values that the schemas of a place list.

    Args:
        words: The words. None is always allowed; it stands for a request without a value.
        schemas: The schemas of the place.
        pointer: The JSON pointer of the words.
        report: Is called with the pointer and the reason of each error.
    """
    known = [str(value) for value in _listed(schemas)]
    for word in words:
        if known and word is not None and str(word) not in known:
            report(pointer, f"{word} is not a value of this place{suggest(str(word), known)}")


def compile_condition(
    data: Mapping[str, Json], operations: Iterable[Operation], pointer: str, report: Report
) -> Condition:
    """Return the condition of `when`, and report places and values that no request has."""
    asked = [*operations]
    values: dict[Place, tuple[Json, ...]] = {}
    for text, allowed in data.items():
        at = pointer + format_pointer((text,))
        check_words(allowed, check_place(text, asked, at, report), at, report)
        values[parse_place(text)] = tuple(allowed)
    return Condition(values)


def _listed(schemas: Iterable[Mapping[str, Json]]) -> list[Json]:
    """Return the only values that schemas allow; none if they allow others, too."""
    values: list[Json] = []
    for schema in schemas:
        if "enum" in schema or "const" in schema:
            values += schema.get("enum", [schema.get("const")])
        elif not schema.keys() & _COMBINED and schema.get("type") != "null":
            return []
    return values


def is_free(operation: Operation, place: Place) -> bool:
    """Return True if the requests of an operation may have a place that no schema describes."""
    if place.part is Part.HEADER:
        return True
    if place.part is not Part.BODY:
        return False
    return any(body.schema.is_open_at(place.path) for body in operation.bodies.values())


def _places_of(operation: Operation) -> Iterator[str]:
    for name in operation.template.parameters:
        yield f"{Part.PATH}.{name}"
    for name in operation.query:
        yield f"{Part.QUERY}.{name}"
    for name in operation.cookies:
        yield f"{Part.COOKIE}.{name}"
    for body in operation.bodies.values():
        yield from (format_pointer(path) for path in body.schema.field_paths())


_COMBINED = {"allOf", "anyOf", "oneOf"}
