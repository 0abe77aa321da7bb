"""Fields of objects that `properties` does not declare: their schemas, and names for them."""

from __future__ import annotations

import re
from random import Random

from ..json import Json
from ..references import resolve
from .texts import make_text

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
MIN_LENGTH = 4
"""The least length of a name that a pattern describes."""


def schema_of_undeclared(schema: dict[str, Json], name: str) -> Json:
    """Return the schema of a field that `properties` does not have."""
    for pattern, below in schema.get("patternProperties", {}).items():
        if _matches(pattern, name):
            return below
    additional = schema.get("additionalProperties", True)
    return additional if isinstance(additional, dict) else {}


def entry_name(root: Json, schema: dict[str, Json], index: int, *, random: Random) -> str:
    """Return a name for an additional field of an object.

    Args:
        root: The document.
        schema: The schema of the object.
        index: The number of the field, from 0.
        random: Chooses among the possible names.
    """
    names = resolve(root, schema.get("propertyNames", {}))
    patterns = schema.get("patternProperties", {})
    if patterns and schema.get("additionalProperties") is False:
        names = {"pattern": next(iter(patterns))}
    if not isinstance(names, dict) or not names:
        return f"key{index + 1}"
    if "enum" in names:
        return str(names["enum"][index % len(names["enum"])])
    if "maxLength" in names and "pattern" not in names:
        length = max(int(names.get("minLength", 0)), 1 + index // len(_ALPHABET))
        return _ALPHABET[index % len(_ALPHABET)] * length
    # Each name is longer than the one before, so that no two are the same.
    length = max(names.get("minLength", 0), MIN_LENGTH) + index
    return make_text({**names, "minLength": length}, random=random, moment=0.0, name="key")


def _matches(pattern: str, name: str) -> bool:
    """Return True if a name matches; a pattern that Python does not know counts as another one."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return False
