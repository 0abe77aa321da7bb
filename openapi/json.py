"""JSON data: its type, and a parser that accepts all that the grammar of JSON allows."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

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


_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_REPLACEMENT = rb"\ufffd"
