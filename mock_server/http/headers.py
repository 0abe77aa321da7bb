"""The heads of requests: how large they are, and their headers by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Final

from starlette.types import Scope

HEAD_LIMIT: Final = 64 * 1024

RawHeaders = tuple[tuple[bytes, bytes], ...]


def head_size(scope: Scope) -> int:
    """The bytes of path, query and headers, the names of these among them."""
    return _line_size(scope) + _headers_size(scope["headers"])


class HeaderCache:
    """Reads heads. Who polls sends the same headers again and again: they are read once, and all
    that is kept of these requests shares them.
    """

    def __init__(self) -> None:
        self._read = lru_cache(maxsize=_REMEMBERED)(_read)

    def headers(self, scope: Scope) -> Mapping[str, str] | None:
        """The headers of a request by their names, which are in lower case; None if the head has
        more than HEAD_LIMIT bytes.
        """
        try:
            headers, size = self._read(tuple(scope["headers"]))
        except _TooLarge:
            return None
        return headers if size + _line_size(scope) <= HEAD_LIMIT else None


class _TooLarge(Exception):
    """Headers that are not to be remembered."""


def _read(headers: RawHeaders) -> tuple[Mapping[str, str], int]:
    """The headers by their names, and how many bytes they have."""
    size = _headers_size(headers)
    if size > HEAD_LIMIT:
        raise _TooLarge
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in headers}, size


def _headers_size(headers: RawHeaders) -> int:
    return sum(map(len, chain.from_iterable(headers)))


def _line_size(scope: Scope) -> int:
    return len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])


_REMEMBERED = 256
