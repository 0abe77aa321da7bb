"""What a schema alone says of the data: its fields in order, its constants, and null where that is
allowed.
"""

from __future__ import annotations

from collections.abc import Iterator

from .json import Json
from .pointer import Path, set_at
from .schema import resolve, types_of


def template_of(root: Json, schema: Json) -> dict[str, Json]:
    """Every place that the schema requires, with its constant or default, or None where the schema
    leaves it open.
    """
    skeleton: dict[str, Json] = {}
    for path, value in _leaves(root, resolve(root, schema), ()):
        set_at(skeleton, path, value)
    return skeleton


def _leaves(root: Json, schema: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    for name in (n for n in schema.get("properties", {}) if n in schema.get("required", ())):
        below = resolve(root, schema["properties"][name])
        place = (*path, name)
        if "const" in below:
            yield place, below["const"]
        elif types_of(below) == ("object",) and "properties" in below:
            yield from _leaves(root, below, place)
        else:
            yield place, below.get("default", {} if types_of(below) == ("object",) else None)
