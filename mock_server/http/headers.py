"""The headers of requests and their size."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Final

from starlette.types import Scope

MAX_HEADER_BYTES: Final = 64 * 1024

RawHeaders = tuple[tuple[bytes, bytes], ...]


def header_bytes(scope: Scope) -> int:
    """Return the number of bytes in path, query and headers, including the header names."""
    return _request_line_bytes(scope) + _field_bytes(scope["headers"])


class HeaderParser:
    """Parses headers, with a cache.

    A polling client sends the same headers again and again. They are parsed once, and the journal
    entries of these requests share one mapping.
    """

    def __init__(self) -> None:
        self._parse = lru_cache(maxsize=_CACHE_SIZE)(_parse)

    def parse(self, scope: Scope) -> Mapping[str, str] | None:
        """Return the headers by lower-case name, or None if path, query and headers have more than
        MAX_HEADER_BYTES.
        """
        try:
            headers, size = self._parse(tuple(scope["headers"]))
        except _HeadersTooLarge:
            return None
        return headers if size + _request_line_bytes(scope) <= MAX_HEADER_BYTES else None


class _HeadersTooLarge(Exception):
    """Headers over the limit; an exception, because lru_cache does not cache exceptions."""


def _parse(headers: RawHeaders) -> tuple[Mapping[str, str], int]:
    """Return the headers by name, and their number of bytes."""
    size = _field_bytes(headers)
    if size > MAX_HEADER_BYTES:
        raise _HeadersTooLarge
    return {name.decode("latin-1"): text.decode("latin-1") for name, text in headers}, size


def _field_bytes(headers: RawHeaders) -> int:
    return sum(map(len, chain.from_iterable(headers)))


def _request_line_bytes(scope: Scope) -> int:
    return len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])


_CACHE_SIZE = 256
