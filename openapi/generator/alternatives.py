"""The alternatives of a schema: each as one schema without `allOf`, `anyOf` and `oneOf`."""

from __future__ import annotations

from collections.abc import Iterator

from ..json import Json
from ..pointer import Path
from ..references import resolve
from ..schema_places import allows_state
from .layout import Layout
from .merging import merge

MAX_ALTERNATIVES = 64
"""So many alternatives of one place are considered, the first ones of the document."""


def alternatives_of(
    root: Json, schema: Json, path: Path, layout: Layout, *, above: frozenset[str] = frozenset()
) -> Iterator[dict[str, Json]]:
    """Yield a schema with one choice of its alternatives each, all references resolved.

    Args:
        root: The document.
        schema: The schema.
        path: The place of the value; at that of a known state, other alternatives are left out.
        layout: What is known of the whole value.
        above: The references that led to the schema; one that contains itself is passed over.
    """
    reference = schema.get("$ref", "") if isinstance(schema, dict) else ""
    schema = {} if reference in above else resolve(root, schema)
    if not isinstance(schema, dict):
        yield {}
        return
    inner = above | {reference} if reference else above

    def alternatives(part: Json) -> list[dict[str, Json]]:
        return [*alternatives_of(root, part, path, layout, above=inner)]

    combined = {k: v for k, v in schema.items() if k not in _COMBINING}
    variants = [combined]
    for part in schema.get("dependentSchemas", {}).values():
        variants = [merge(v, other) for v in variants for other in alternatives(part)] + variants
    if "if" in schema:
        met = {"allOf": [schema["if"], schema.get("then", {})]}
        branches = (met, schema.get("else", {}))
        variants = [merge(v, o) for b in branches for o in alternatives(b) for v in variants]
    variants = variants[:MAX_ALTERNATIVES]
    for part in schema.get("allOf", ()):
        merged = [merge(v, other) for v in variants for other in alternatives(part)]
        variants = merged[:MAX_ALTERNATIVES]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            variants = [
                _with_discriminator(schema, part, merge(v, other))
                for part in _possible(root, schema[keyword], path, layout)
                for other in alternatives(part)
                for v in variants
            ][:MAX_ALTERNATIVES]
    for variant in variants:
        if "allOf" in variant:
            yield from alternatives(variant)
        else:
            yield variant


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
