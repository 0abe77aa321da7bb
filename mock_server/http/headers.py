"""The headers of requests and their size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import chain
from typing import Final

from starlette.types import Scope

from ...openapi.messages import read_headers
from ...openapi.text import quote

MAX_HEADER_BYTES: Final = 64 * 1024

RawHeaders = tuple[tuple[bytes, bytes], ...]


def header_bytes(scope: Scope) -> int:
    """Return the number of bytes in path, query and headers, including the header names."""
    return _request_line_bytes(scope) + _field_bytes(scope["headers"])


def host_problem(scope: Scope) -> str | None:
    """Return what is wrong with the header Host (RFC 9112, section 3.2), None if it is valid."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1:
        return f"the header Host must be given once, not {len(hosts)} times"
    if hosts and not _HOST.fullmatch(hosts[0]):
        return f"the header Host must be a name and a port, not {quote(hosts[0].decode('latin-1'))}"
    return None if hosts or scope["http_version"] != "1.1" else "the header Host is missing"


class HeaderParser:
    """Parses headers, with a cache.

    A polling client sends the same headers again and again. They are parsed once, and the journal
    entries of these requests share one mapping.
    """

    def __init__(self) -> None:
        self._parse = lru_cache(maxsize=_CACHE_SIZE)(_parse)

    def parse(self, scope: Scope) -> Mapping[str, str] | None:
        """Return the headers by lower-case name, or None if path, query and headers have more than
        MAX_HEADER_BYTES. An invalid Host is left out.
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
    parsed = read_headers(headers)
    if host_problem({"headers": headers, "http_version": "1.1"}):
        parsed.pop("host", None)
    return parsed, size


def _field_bytes(headers: RawHeaders) -> int:
    return sum(map(len, chain.from_iterable(headers)))


def _request_line_bytes(scope: Scope) -> int:
    return len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])


_CACHE_SIZE = 256
_HOST = re.compile(rb"(\[[\w.:%~-]+\]|[\w.~%!$&'()*+,;=-]*)(:[0-9]*)?")  # RFC 3986, 3.2.2
