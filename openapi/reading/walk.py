"""A walk over the objects of a document."""

from __future__ import annotations

from collections.abc import Iterator

from ..json import Json
from ..pointer import Path

DATA_KEYWORDS = frozenset({"const", "default", "enum", "example", "value"})
"""The keywords whose values are data of an API and no part of the document.

So are the examples of a schema, which are an array; those of a response are a map of objects.
"""

NAME_MAPS = frozenset(
    {
        "$defs",
        "callbacks",
        "content",
        "dependentSchemas",
        "encoding",
        "examples",
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


def parts_of(data: dict[str, Json], *, named: bool) -> Iterator[tuple[str, Json, bool]]:
    """Yield what is below an object: its key, the value, and whether the keys in it are names.

    Args:
        data: An object of a document.
        named: True if the keys of this object are names.
    """
    for key, below in data.items():
        if named:
            yield key, below, False
        elif key in DATA_KEYWORDS or key.startswith("x-"):
            continue
        elif key != "examples" or isinstance(below, dict):
            yield key, below, key in NAME_MAPS and isinstance(below, dict)


def objects_in(data: Json, path: Path = (), *, named: bool = False) -> Iterator[tuple[Path, Json]]:
    """Yield every object of a document after its path, but no examples and other data.

    Objects whose keys are names, such as `properties`, are not yielded themselves.

    Args:
        data: The document, or a part of it.
        path: The path of that part.
        named: True if the keys of the part are names.
    """
    waiting = [(path, data, named)]  # the next one is the last
    while waiting:
        path, data, named = waiting.pop()
        if isinstance(data, dict):
            if not named:
                yield path, data
            below = [
                ((*path, key), each, are_names)
                for key, each, are_names in parts_of(data, named=named)
                if isinstance(each, dict | list)
            ]
            waiting += reversed(below)
        elif isinstance(data, list):
            entries = [((*path, str(index)), each, False) for index, each in enumerate(data)]
            waiting += reversed(entries)
