"""How large the head of a request is."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

HEAD_LIMIT: Final = 64 * 1024


def head_size(scope: Scope) -> int:
    """The bytes of path, query and headers, the names of these among them."""
    size = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    for name, value in scope["headers"]:
        size += len(name) + len(value)
    return size
