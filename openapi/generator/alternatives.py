"""The alternatives of a schema: each as one schema without `allOf`, `anyOf` and `oneOf`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from ..json import Json
from ..pointer import Path
from ..references import resolve
from ..schema_places import allows_state
from .layout import Layout
from .merging import merge
from .negation import separated

MAX_ALTERNATIVES = 64
"""So many alternatives of one place are considered, the first ones of the document."""


def alternatives_of(
    root: Json,
    schema: Json,
    path: Path,
    layout: Layout,
    *,
    apart: bool = False,
    above: frozenset[str] = frozenset(),
) -> Iterator[dict[str, Json]]:
    """Yield a schema with one choice of its alternatives each, all references resolved.

    Args:
        root: The document.
        schema: The schema.
        path: The place of the value; at that of a known state, other alternatives are left out.
        layout: What is known of the whole value.
        apart: True to begin with choices that match no other part of a `oneOf`, and not a `not`.
        above: The references that led to the schema; one that contains itself is passed over.
    """
    reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
    schema = {} if reference in above else resolve(root, schema)
    if not isinstance(schema, dict):
        yield {}
        return
    inner = above | {reference} if reference else above

    def alternatives(part: Json) -> list[dict[str, Json]]:
        return [*alternatives_of(root, part, path, layout, apart=apart, above=inner)]

    combined = {k: v for k, v in schema.items() if k not in _COMBINING}
    variants = [combined]
    for part in schema.get("dependentSchemas", {}).values():
        variants = [merge(v, other) for v in variants for other in alternatives(part)] + variants
    if "if" in schema:
        met = {"allOf": [schema["if"], schema.get("then", {})]}
        branches = (met, schema.get("else", {}))
        variants = [merge(v, o) for b in branches for o in alternatives(b) for v in variants]
    variants = variants[:MAX_ALTERNATIVES]
    if apart and "not" in schema:
        # Without the keyword, so that it is not looked at again.
        plain = [{k: v for k, v in each.items() if k != "not"} for each in variants]
        variants = [v for each in plain for v in separated(root, each, [schema["not"]])]
    for part in schema.get("allOf", ()):
        merged = [merge(v, other) for v in variants for other in alternatives(part)]
        variants = merged[:MAX_ALTERNATIVES]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            chosen = [
                (part, _with_discriminator(schema, part, merge(v, other)))
                for part in _possible(root, schema[keyword], path, layout)
                for other in alternatives(part)
                for v in variants
            ][:MAX_ALTERNATIVES]
            variants = [variant for _, variant in chosen]
            if apart and keyword == "oneOf":
                variants = [*_apart(root, schema["oneOf"], chosen), *variants]
    for variant in variants:
        if "allOf" in variant:
            yield from alternatives(variant)
        else:
            yield variant


def _apart(
    root: Json, parts: list[Json], chosen: list[tuple[Json, dict[str, Json]]]
) -> list[dict[str, Json]]:
    """Return what is left of the variants without the values that match other parts as well."""
    found = (
        separated(root, variant, [other for other in parts if other is not part])
        for part, variant in chosen
    )
    # The first of each variant comes first.
    rounds = zip_longest(*found)
    return [each for one in rounds for each in one if each is not None][:MAX_ALTERNATIVES]


_COMBINING = {"allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"}


def _possible(root: Json, parts: list[Json], path: Path, layout: Layout) -> list[Json]:
    """Return the alternatives that allow the known state."""
    state = layout.state
    if state is None or state[0][: len(path)] != path:
        return parts
    below = state[0][len(path) :]
    return [part for part in parts if allows_state(root, part, below, state[1])] or parts


def _with_discriminator(schema: dict[str, Json], part: Json, merged: dict[str, Json]) -> Json:
    """Return an alternative with the value that the discriminator has for it."""
    discriminator = schema.get("discriminator")
    reference = part.get("$ref") if isinstance(part, dict) else None
    if not isinstance(discriminator, dict) or reference is None:
        return merged
    name = discriminator["propertyName"]
    field = merged.get("properties", {}).get(name, {})
    if "const" in field or "enum" in field:
        return merged
    mapping = discriminator.get("mapping", {})
    last = reference.rpartition("/")[2]
    value = next((v for v, target in mapping.items() if target in (reference, last)), last)
    return merge(merged, {"properties": {name: {"const": value}}, "required": [name]})
