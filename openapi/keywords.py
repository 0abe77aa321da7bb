"""Keywords of raw schemas: types, and texts as values of a type."""

from __future__ import annotations

import re

from .json import Json


def as_object(schema: Json) -> dict[str, Json]:
    """Return the keywords of a schema; none for the schemas `true` and `false`."""
    return schema if isinstance(schema, dict) else {}


def types_of(schema: Json) -> tuple[str, ...]:
    """Return the types that a schema lists under `type`; empty if it allows any type."""
    types = schema.get("type", ()) if isinstance(schema, dict) else ()
    return (types,) if isinstance(types, str) else tuple(types)


def value_from_text(text: str, schema: Json) -> Json:
    """Return a text as a value of the type in the schema.

    Returns the text itself if it does not fit the type; the validator then reports it.
    """
    types = types_of(schema)
    if not types or "string" in types:
        return text
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text


_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?(e[+-]?[0-9]{1,2})?")
