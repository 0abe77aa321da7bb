"""Schemas whose values do not match another schema, for `not` and for alternatives that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ..json import Json
from ..keywords import as_object, types_of
from ..references import resolve
from .merging import EXCLUDED, FORBIDDEN, merge

MAX_NEGATIONS = 8
"""So many ways not to match a schema are considered, the first ones by its keywords."""

MAX_DEPTH = 6


def negations(
    root: Json, schema: Json, beside: Json, *, depth: int = MAX_DEPTH
) -> Iterator[dict[str, Json]]:
    """Yield schemas; the values of each do not match a schema, for one reason.

    Args:
        root: The document.
        schema: The schema that must not match.
        beside: The schema that the values have to match too; what it excludes is not yielded.
        depth: The depth of fields and combinations that are looked at.
    """
    schema = resolve(root, schema)
    if not isinstance(schema, dict) or not depth:
        if schema is False:
            yield {}
        return
    allowed = _allowed_types(root, beside, depth)
    found = _by_keyword(root, schema, as_object(resolve(root, beside)), depth)
    yield from _of_other_type(schema, allowed)
    for each in islice(found, MAX_NEGATIONS):
        about = types_of(each)
        if not about or not allowed or {_general(name) for name in about} & allowed:
            yield each


def separated(
    root: Json, variant: dict[str, Json], others: Iterable[Json]
) -> list[dict[str, Json]]:
    """Return narrower schemas than a variant, for values that match none of the others."""
    variants = [variant]
    for other in others:
        variants = [
            merge(each, negation)
            for each in variants
            for negation in negations(root, other, each)
            if not set(negation.get(FORBIDDEN, ())) & {*each.get("required", ())}
            and not set(negation.get("required", ())) & {*each.get(FORBIDDEN, ())}
        ][:MAX_NEGATIONS]
    return variants


def _of_other_type(schema: dict[str, Json], allowed: set[str]) -> Iterator[dict[str, Json]]:
    """Yield a schema of the types that a schema does not allow."""
    types = types_of(schema)
    if not types:
        return
    others = [name for name in _TYPES if name in (allowed or _TYPES) and name not in types]
    if "number" in types or ("integer" in types and allowed and "number" not in allowed):
        others = [name for name in others if name not in ("number", "integer")]
    if rest := [name for name in others if "integer" not in types or name != "number"]:
        yield {"type": rest}
    if rest != others:
        yield {"type": "number", EXCLUDED: [{"type": "integer"}]}


def _allowed_types(root: Json, schema: Json, depth: int) -> set[str]:
    """Return the types that a schema allows, integers as numbers; none if it allows all."""
    keywords = as_object(resolve(root, schema))
    found = {_general(name) for name in types_of(keywords)}
    if "const" in keywords or "enum" in keywords:
        values = keywords.get("enum", [keywords.get("const")])
        found = {_type_of(value) for value in values}
    for part in keywords.get("allOf", ()) if depth else ():
        more = _allowed_types(root, part, depth - 1)
        found = found & more or found or more
    return found


def _general(name: str) -> str:
    return "number" if name == "integer" else name


def _type_of(value: Json) -> str:
    names = {bool: "boolean", str: "string", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), "number")


def _by_keyword(
    root: Json, schema: dict[str, Json], beside: dict[str, Json], depth: int
) -> Iterator[dict[str, Json]]:
    """Yield a schema for each keyword, whose values contradict that keyword."""
    for keyword in ("const", "enum", "pattern", "multipleOf"):
        if keyword in schema:
            about = {"pattern": {"type": "string"}, "multipleOf": {"type": "number"}}
            excluded = {keyword: schema[keyword]}
            yield {**about.get(keyword, {}), EXCLUDED: [excluded]}
    for keyword, (opposite, step, name) in _OPPOSITES.items():
        if keyword in schema and schema[keyword] + step >= (0 if step else schema[keyword]):
            yield {"type": name, opposite: schema[keyword] + step}
    yield from _of_object(root, schema, beside, depth)
    yield from _of_entries(root, schema, beside, depth)
    for part in schema.get("allOf", ()):
        yield from negations(root, part, beside, depth=depth - 1)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            yield from _matching_none(root, schema[keyword], beside, depth)
    if "not" in schema:
        yield {"allOf": [schema["not"]]}


def _matching_none(
    root: Json, parts: list[Json], beside: dict[str, Json], depth: int
) -> Iterator[dict[str, Json]]:
    found: list[dict[str, Json]] = [{}]
    for part in parts:
        found = [
            merge(each, negation)
            for each in found
            for negation in negations(root, part, merge(beside, each), depth=depth - 1)
        ][:MAX_NEGATIONS]
    yield from found


def _of_object(
    root: Json, schema: dict[str, Json], beside: dict[str, Json], depth: int
) -> Iterator[dict[str, Json]]:
    """Yield objects that have a field too few or too many, or one with a value that is wrong."""
    declared, ours = schema.get("properties", {}), beside.get("properties", {})
    for name in schema.get("required", ()):
        if name not in beside.get("required", ()):
            yield {"type": "object", FORBIDDEN: [name]}
    for name, field in declared.items():
        if beside.get("additionalProperties") is False and name not in ours:
            continue
        for negation in negations(root, field, ours.get(name, {}), depth=depth - 1):
            yield {"type": "object", "properties": {name: negation}, "required": [name]}
    additional = schema.get("additionalProperties", True)
    if additional is True or schema.get("patternProperties"):
        return
    names = [name for name in ours if name not in declared]
    if beside.get("additionalProperties") is not False:
        names.append(_UNKNOWN_NAME)
    for name in names:
        for negation in negations(root, additional, ours.get(name, {}), depth=depth - 1):
            yield {"type": "object", "properties": {name: negation}, "required": [name]}


def _of_entries(
    root: Json, schema: dict[str, Json], beside: dict[str, Json], depth: int
) -> Iterator[dict[str, Json]]:
    """Yield arrays with an entry that is wrong, or without the entry that is required."""
    ours = beside.get("items", {})
    if "items" in schema:
        for negation in negations(root, schema["items"], ours, depth=depth - 1):
            size = len(schema.get("prefixItems", ())) + 1
            yield {"type": "array", "minItems": size, "contains": negation}
    if "contains" in schema:
        for negation in negations(root, schema["contains"], ours, depth=depth - 1):
            yield {"type": "array", "items": negation}


_TYPES = ("string", "number", "boolean", "object", "array", "null")
_UNKNOWN_NAME = "other"
_OPPOSITES = {
    "minimum": ("exclusiveMaximum", 0, "number"),
    "maximum": ("exclusiveMinimum", 0, "number"),
    "exclusiveMinimum": ("maximum", 0, "number"),
    "exclusiveMaximum": ("minimum", 0, "number"),
    "minLength": ("maxLength", -1, "string"),
    "maxLength": ("minLength", 1, "string"),
    "minItems": ("maxItems", -1, "array"),
    "maxItems": ("minItems", 1, "array"),
    "minProperties": ("maxProperties", -1, "object"),
    "maxProperties": ("minProperties", 1, "object"),
}
