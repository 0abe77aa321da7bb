"""The merging of schemas that all hold for one value, as `allOf` combines them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..json import Json
from .numbers import common_multiple

MORE_PATTERNS = "x-more-patterns"
"""The patterns of a text beside `pattern`."""

EXCLUDED = "x-excluded"
"""Schemas without references that a value must not match."""

FORBIDDEN = "x-forbidden"
"""The names of fields that an object must not have."""


def merge(left: dict[str, Json], right: dict[str, Json]) -> dict[str, Json]:
    """Return a schema for the values that match both, as far as its keywords can say that.

    Several patterns stand in a list, MORE_PATTERNS, beside the last one. What else one keyword
    cannot say is taken from the right schema alone.
    """
    merged = dict(left)
    for keyword, value in right.items():
        if keyword not in merged or merged[keyword] == value:
            merged[keyword] = value
        elif keyword == "pattern":
            merged[MORE_PATTERNS] = [*merged.get(MORE_PATTERNS, ()), merged[keyword]]
            merged[keyword] = value
        elif keyword in ("anyOf", "oneOf"):
            merged["allOf"] = [*merged.get("allOf", ()), {keyword: value}]
        elif keyword in _MERGERS:
            merged[keyword] = _MERGERS[keyword](merged[keyword], value)
        else:
            merged[keyword] = value
    return merged


def _merge_types(left: Json, right: Json) -> Json:
    first = [left] if isinstance(left, str) else left
    second = [right] if isinstance(right, str) else right
    shared = [t for t in first if t in second]
    if "number" in first and "integer" in second and "integer" not in shared:
        shared.append("integer")
    if "integer" in first and "number" in second and "integer" not in shared:
        shared.append("integer")
    return shared or second


def _merge_properties(left: Json, right: Json) -> Json:
    return {
        name: {"allOf": [left[name], right[name]]}
        if name in left and name in right
        else left.get(name, right.get(name))
        for name in {**left, **right}
    }


def _union(left: Json, right: Json) -> Json:
    return [*left, *(value for value in right if value not in left)]


def _intersection(left: Json, right: Json) -> Json:
    return [value for value in left if value in right]


def _multiple_of_both(left: Json, right: Json) -> Json:
    step = common_multiple(Fraction(str(left)), Fraction(str(right)))
    return int(step) if step.denominator == 1 else float(step)


def _merge_required(left: Json, right: Json) -> Json:
    return {name: _union(left.get(name, []), right.get(name, [])) for name in {**left, **right}}


def _both(left: Json, right: Json) -> Json:
    return {"allOf": [left, right]}


def _strictest(left: Json, right: Json) -> Json:
    if isinstance(left, dict) and isinstance(right, dict):
        return _both(left, right)
    return left if right is True else right if left is True else False


_MERGERS: dict[str, Callable[[Any, Any], Json]] = {
    "type": _merge_types,
    "properties": _merge_properties,
    "patternProperties": _merge_properties,
    "required": _union,
    "enum": _intersection,
    "allOf": _union,
    "items": _both,
    "additionalProperties": _strictest,
    "dependentRequired": _merge_required,
    MORE_PATTERNS: _union,
    EXCLUDED: _union,
    FORBIDDEN: _union,
    "multipleOf": _multiple_of_both,
    "propertyNames": _both,
    "contains": _both,
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "minProperties": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
    "maxProperties": min,
}
