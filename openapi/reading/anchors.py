"""References by name within a document, `#name`, as references by JSON pointer."""

from __future__ import annotations

from ..json import Json
from ..pointer import Path, format_pointer
from .walk import objects_in

ANCHOR_WORDS = ("$anchor", "$dynamicAnchor")
"""The words that name a schema."""


def resolve_anchors(root: Json) -> None:
    """Replace references to `$anchor` and `$dynamicAnchor` in a document by JSON pointers.

    A dynamic reference leads to the first schema with its name, as without a schema that extends
    it. References to names that no schema has stay as they are.
    """
    referring, places = list[tuple[dict[str, Json], str, str]](), dict[str, Path]()
    for path, data in objects_in(root):
        for word in ANCHOR_WORDS:
            if isinstance(data.get(word), str):
                places.setdefault(data[word], path)
        for word in ("$ref", "$dynamicRef"):
            target = data.get(word)
            if isinstance(target, str) and target[:1] == "#" and target[1:2] not in ("", "/"):
                referring.append((data, word, target[1:]))
    for data, word, name in referring:
        if name in places:
            del data[word]
            data.setdefault("$ref", f"#{format_pointer(places[name])}")
