"""Warnings of bodies that no value can match, because parts of their schemas contradict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .errors import Problem
from .json import Json
from .keywords import types_of
from .operation import Operation
from .pointer import format_pointer, get, parse_pointer, pointer_of
from .schema import Schema

MAX_DEPTH = 4
"""Required fields are looked at down to this depth."""


class _Part(NamedTuple):
    """A schema that a value has to match, and its JSON pointer."""

    pointer: str
    schema: Mapping[str, Json]


def impossible_bodies(root: Json, operations: Iterable[Operation]) -> Iterator[Problem]:
    """Yield a warning for each contradiction in a body, with what follows for its operation."""
    found = dict[str, tuple[str, str] | None]()
    reported = set[str]()
    for operation in operations:
        for schema, consequence in _bodies(operation):
            if schema.pointer not in found:
                parts = [*_parts(root, schema.pointer, set())]
                found[schema.pointer] = _contradiction(root, parts, MAX_DEPTH)
            problem = found[schema.pointer]
            if problem and problem[0] not in reported:
                reported.add(problem[0])
                yield Problem(problem[0], f"{problem[1]}, so that no value matches; {consequence}")


def _bodies(operation: Operation) -> Iterator[tuple[Schema, str]]:
    name = operation.id
    for body in operation.bodies.values():
        yield body.schema, f"every request of {name} with such a body is answered with an error"
    for status in operation.responses:
        for schema in operation.responses[status].content.values():
            if schema is not None:
                reason = f"{name} is answered with an error or a body that does not match"
                yield schema, reason


def _parts(root: Json, pointer: str, visited: set[str]) -> Iterator[_Part]:
    """Yield the schema at a pointer and all that it is combined with by `allOf` and `$ref`."""
    unread = [pointer]
    while unread:
        at = unread.pop()
        schema = get(root, parse_pointer(at))
        if at in visited or not isinstance(schema, dict):
            continue
        visited.add(at)
        yield _Part(at, schema)
        unread += [f"{at}/allOf/{index}" for index in range(len(schema.get("allOf", ())))][::-1]
        unread += [pointer_of(schema["$ref"])] if "$ref" in schema else []


def _contradiction(root: Json, parts: list[_Part], depth: int) -> tuple[str, str] | None:
    """Return the pointer of a schema and why no value matches it; None if nothing is known."""
    return _of_types(parts) or _of_closed(parts) or _of_fields(root, parts, depth)


def _of_types(parts: list[_Part]) -> tuple[str, str] | None:
    """Return two parts that allow different types."""
    typed = [(part, set(types_of(part.schema))) for part in parts if types_of(part.schema)]
    for part, types in typed:
        for other, others in typed:
            numbers = {"number", "integer"}
            if not types & others and not (types & numbers and others & numbers):
                wanted = f"{' or '.join(sorted(types))}, but {' or '.join(sorted(others))}"
                return part.pointer, f"must be of type {wanted} by {other.pointer}"
    return None


def _of_closed(parts: list[_Part]) -> tuple[str, str] | None:
    """Return a part without additional fields, and a field that another part requires."""
    if not any(types_of(part.schema) == ("object",) for part in parts):
        return None
    for closed in parts:
        is_closed = closed.schema.get("additionalProperties") is False
        if not is_closed or "patternProperties" in closed.schema:
            continue
        known = closed.schema.get("properties", {})
        for part in parts:
            for name in part.schema.get("required", ()):
                if name not in known:
                    by = "" if part is closed else f" by {part.pointer}"
                    reason = f"allows no other fields, but {name} is required{by}"
                    return f"{closed.pointer}/additionalProperties", reason
    return None


def _of_fields(root: Json, parts: list[_Part], depth: int) -> tuple[str, str] | None:
    """Return the contradiction in a required field."""
    if not depth or not any(types_of(part.schema) == ("object",) for part in parts):
        return None
    required = {name: None for part in parts for name in part.schema.get("required", ())}
    for name in required:
        visited = set[str]()
        below = [
            each
            for part in parts
            if name in part.schema.get("properties", {})
            for each in _parts(root, part.pointer + format_pointer(("properties", name)), visited)
        ]
        found = _contradiction(root, below, depth - 1)
        if found:
            return found
    return None
