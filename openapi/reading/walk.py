"""A walk over the objects of a document."""

from __future__ import annotations

from collections.abc import Iterator

from ..json import Json
from ..pointer import Path

DATA_KEYWORDS = frozenset({"const", "default", "enum", "example", "examples", "value"})
"""The keywords whose values are data of an API and no part of the document."""

NAME_MAPS = frozenset(
    {
        "$defs",
        "callbacks",
        "content",
        "dependentSchemas",
        "encoding",
        "headers",
        "links",
        "parameters",
        "pathItems",
        "paths",
        "patternProperties",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
        "variables",
        "webhooks",
    }
)
"""The keywords whose values are objects with names of the API as keys."""


def objects_in(data: Json, path: Path = (), *, named: bool = False) -> Iterator[tuple[Path, Json]]:
    """Yield every object of a document after its path, but no examples and other data.

    Objects whose keys are names, such as `properties`, are not yielded themselves.

    Args:
        data: The document, or a part of it.
        path: The path of that part.
        named: True if the keys of the part are names.
    """
    if isinstance(data, dict):
        if not named:
            yield path, data
        for key, below in data.items():
            if named:
                yield from objects_in(below, (*path, key))
            elif key not in DATA_KEYWORDS and not key.startswith("x-"):
                is_map = key in NAME_MAPS and isinstance(below, dict)
                yield from objects_in(below, (*path, key), named=is_map)
    elif isinstance(data, list):
        for index, below in enumerate(data):
            yield from objects_in(below, (*path, str(index)))
