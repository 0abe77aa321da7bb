"""Documents of OpenAPI 3.0 and 3.2 as documents of 3.1.

The words of 3.0 are also read in later documents, because many have them, and no later version
gives them another meaning. References into a schema stay valid, because nothing moves.
"""

from __future__ import annotations

from ..json import Json
from .walk import objects_in

UPGRADED_WORDS = ("nullable", "exclusiveMinimum", "exclusiveMaximum")
"""The words of OpenAPI 3.0 that 3.1 does not have, or not so."""


def upgrade(root: Json) -> None:
    """Replace the words of OpenAPI 3.0 in a document by those of 3.1."""
    for _, data in objects_in(root):
        if isinstance(data.get("nullable"), bool):
            _replace_nullable(data)
        for keyword, bound in _EXCLUSIVE.items():
            if isinstance(data.get(keyword), bool):
                _replace_exclusive(data, keyword, bound)


def _replace_nullable(schema: dict[str, Json]) -> None:
    """Allow null as 3.1 does, if `nullable` is true."""
    if not schema.pop("nullable"):
        return
    types = schema.get("type")
    if isinstance(types, str):
        schema["type"] = [types, "null"]
    elif isinstance(types, list):
        schema["type"] = [*types, *([] if "null" in types else ["null"])]
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
    if types is None and schema.keys() & _IN_PLACE:
        _wrap_in_union(schema)


def _wrap_in_union(schema: dict[str, Json]) -> None:
    """Make a union with null of a schema whose type stands in other schemas."""
    combined = {word: schema.pop(word) for word in [*schema] if word in _IN_PLACE}
    if combined.keys() == {"anyOf"} or combined.keys() == {"oneOf"}:
        keyword, parts = next(iter(combined.items()))
        schema[keyword] = [*parts, {"type": "null"}]
    else:
        schema["anyOf"] = [combined, {"type": "null"}]


def _replace_exclusive(schema: dict[str, Json], keyword: str, bound: str) -> None:
    if schema.pop(keyword) and bound in schema:
        schema[keyword] = schema.pop(bound)


_IN_PLACE = ("$ref", "allOf", "anyOf", "oneOf")
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
