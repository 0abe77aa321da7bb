"""The values that a schema shows, and the types that it is about if it names none."""

from __future__ import annotations

from ..json import Json
from ..keywords import types_of


def shown_values(schema: dict[str, Json]) -> list[Json]:
    """Return the values that a schema shows: its examples, and its default."""
    shown = [schema["example"]] if "example" in schema else []
    examples = schema.get("examples", ())
    shown += examples if isinstance(examples, list) else []
    return shown + ([schema["default"]] if "default" in schema else [])


def usual_types(schema: dict[str, Json], *, known: str | None) -> list[str]:
    """Return the type of the values of a schema without types; [] if it excludes all.

    Args:
        schema: The schema.
        known: The type of what must be there because values below it are given; None if none are.
    """
    guessed = _guess_type(schema)
    wanted = guessed if guessed in ("object", "array") else known or guessed
    excluded = types_of(schema.get("not", {}))
    if wanted in excluded:
        return [name for name in _TYPES if name not in excluded][:1]
    return [wanted]


def _guess_type(schema: dict[str, Json]) -> str:
    """Return the type that the keywords of a schema without types are about."""
    for type_name, keywords in _KEYWORDS_BY_TYPE.items():
        if keywords & schema.keys():
            return type_name
    return "string"


_TYPES = ("string", "integer", "boolean", "object", "array", "null")
_KEYWORDS_BY_TYPE = {
    "object": {"properties", "required", "additionalProperties", "patternProperties"},
    "array": {"items", "prefixItems", "minItems", "maxItems"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"},
}
