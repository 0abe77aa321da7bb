"""References within a document."""

from __future__ import annotations

from collections.abc import Mapping

from .json import Json
from .pointer import Path, get, parse_pointer, pointer_of
from .text import did_you_mean


def follow(root: Json, pointer: str) -> str:
    """Return the pointer that references at this pointer lead to, or the pointer itself.

    Only for objects whose other keywords are ignored beside `$ref`; see `resolve` for schemas.
    """
    while "$ref" in (data := get(root, parse_pointer(pointer))):
        pointer = pointer_of(data["$ref"])
    return pointer


def resolve(root: Json, schema: Json) -> Json:
    """Return the schema with references at its top resolved.

    Keywords beside a reference override those of the referenced schema.
    """
    while isinstance(schema, dict) and "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = get(root, parse_pointer(pointer_of(schema["$ref"])))
        if isinstance(schema, dict):
            schema = {**schema, **beside}
    return schema


def missing_step(data: Json, path: Path) -> str | None:
    """Return "; did you mean …?" for the first step of a path that does not exist, "" without a
    similar one; None for a path that exists.
    """
    for step in path:
        known = [*data] if isinstance(data, Mapping) else []
        try:
            data = get(data, (step,))
        except LookupError:
            return did_you_mean(step, known)
    return None
