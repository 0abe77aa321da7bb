"""JSON data: its type, a parser for all that the grammar allows, and duplicate names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, TypeAlias, TypeGuard

import orjson

# Data whose shape a JSON Schema checks. Types for every shape would only repeat the schemas.
Json: TypeAlias = Any


def parse_json(data: bytes) -> Json:
    """Return the value of a JSON text.

    Half of a surrogate pair, which a text has that was cut in the middle of a character, becomes
    the replacement character U+FFFD: such an escape is valid JSON (RFC 8259, 8.2), but not Unicode.

    Raises orjson.JSONDecodeError if the text is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        repaired = _ESCAPE.sub(lambda match: _REPLACEMENT if match["lone"] else match[0], data)
        if repaired == data:
            raise
        return orjson.loads(repaired)


def is_number(value: Json) -> TypeGuard[float]:
    """Return True if a JSON value is a number; true and false are not numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def duplicate_name(text: bytes, data: Json) -> str | None:
    """Return a name that one object of a JSON text has twice, or None.

    Parsers differ in which of the values they take.

    Args:
        text: The JSON text.
        data: Its value.
    """
    # Most bodies are one flat object, and its strings have nothing that looks like a name.
    if isinstance(data, dict) and (
        text.count(b":") == len(data) or len(_NAME_END.findall(text)) == len(data)
    ):
        return None
    in_text = Counter(match[1] for match in _STRING.finditer(text) if match[2])
    if in_text.total() == sum(len(each) for each in _objects_in(data)):
        return None
    names = Counter[str]()
    for name, count in in_text.items():
        names[parse_json(name)] += count
    names.subtract(name for each in _objects_in(data) for name in each)
    return next(name for name, count in names.items() if count > 0)


def _objects_in(data: Json) -> Iterator[dict[str, Json]]:
    values = [data]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            yield value
            values += value.values()
        elif isinstance(value, list):
            values += value


_NAME_END = re.compile(rb'"\s*+:')
# A string that is followed by a colon is a name.
_STRING = re.compile(rb'("(?:[^"\\]++|\\.)*+")(\s*+:)?', re.DOTALL)
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT = rb"\ufffd"
