"""Keywords of raw schemas: types, and texts as values of a type."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from .json import Json


def as_object(schema: Json) -> dict[str, Json]:
    """Return the keywords of a schema; none for the schemas `true` and `false`."""
    return schema if isinstance(schema, dict) else {}


def types_of(schema: Json) -> tuple[str, ...]:
    """Return the types that a schema lists under `type`; empty if it allows any type."""
    types = schema.get("type", ()) if isinstance(schema, dict) else ()
    return (types,) if isinstance(types, str) else tuple(types)


def possible_types(schema: Json) -> tuple[str, ...]:
    """Return the types of a schema; without `type`, those that its other keywords are about."""
    keywords = as_object(schema)
    about = (name for word, name in _ABOUT.items() if word in keywords)
    return types_of(schema) or tuple(about)


def value_from_text(text: str, schema: Json) -> Json:
    """Return a text as a value of the type in the schema.

    Returns the text itself if it does not fit the type; the validator then reports it.
    """
    types = types_of(schema)
    if not types:
        return _alternative_value(text, schema)
    if "string" in types:
        return text
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text


def _alternative_value(text: str, schema: Json) -> Json:
    """Return a text as a value of an alternative of a schema; the text if it may be a text."""
    if allows_type(schema, "string"):
        return text
    keywords = as_object(schema)
    for value in keywords.get("enum", ()):
        if not isinstance(value, str) and orjson.dumps(value).decode() == text:
            return value
    parts = (part for word in _ALTERNATIVES for part in keywords.get(word, ()))
    values = (value_from_text(text, part) for part in parts)
    return next((value for value in values if value != text), text)


def allows_type(schema: Json, name: str) -> bool:
    """Return True if a schema, or an alternative of it, lists a type under `type`."""
    if name in types_of(schema):
        return True
    keywords = as_object(schema)
    parts = (part for word in _ALTERNATIVES for part in keywords.get(word, ()))
    return any(allows_type(part, name) for part in parts)


def array_from_texts(texts: Sequence[str], schema: Json) -> list[Json]:
    """Return texts as an array, each in the type of the entries in the schema."""
    return [value_from_text(text, as_object(schema).get("items", True)) for text in texts]


def json_from_text(text: str, name: str) -> Json:
    """Return the JSON in a text if it is of a type, "array" or "object"; None otherwise."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, list if name == "array" else dict) else None


_ALTERNATIVES = ("anyOf", "oneOf", "allOf")
_ABOUT = {"properties": "object", "additionalProperties": "object", "items": "array"}
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,2})?")
