"""References within a document."""

from __future__ import annotations

from .json import Json
from .pointer import get, parse_pointer, pointer_of


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
