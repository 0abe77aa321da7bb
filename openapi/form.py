"""Multipart forms (RFC 7578), taken apart.

A whole body is split at its boundaries in one step, which is several times as fast as to feed a
parser; anything that is not a form is an error, so that no part is dropped silently.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .errors import FormError

PART_LIMIT = 1000
HEADER_LIMIT = 8192


class Part(NamedTuple):
    """One part of a form: plain text if it has no file name. `content_type` is as the client wrote
    it, if it did.
    """

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parse_form(content_type: str, body: bytes, *, part_limit: int = PART_LIMIT) -> list[Part]:
    """The parts of a whole body, in their order; raises FormError on any defect."""
    boundary = _boundary(content_type)
    delimiter = b"\r\n--" + boundary
    # A line break in front makes the first boundary like all the others.
    before, *chunks = (b"\r\n" + body).split(delimiter, part_limit + 1)
    if before not in (b"", b"\r\n") or not chunks:
        raise FormError(f"it does not begin with the boundary {boundary.decode('latin-1')!r}")
    *chunks, last = chunks
    if delimiter in last:
        raise FormError(f"it has more than {part_limit} parts")
    for chunk in chunks:
        if not chunk.startswith(b"\r\n"):
            behind = chunk.startswith(b"--")
            raise FormError("parts stand behind its end" if behind else "a boundary is damaged")
    if not last.startswith(b"--"):
        raise FormError("its end is missing")
    return [_part(chunk) for chunk in chunks]


def _boundary(content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise FormError("the Content-Type has no boundary")
    try:
        return (match[1] or match[2]).encode("latin-1")
    except UnicodeEncodeError as error:
        raise FormError("the boundary is not latin-1") from error


def _part(chunk: bytes) -> Part:
    head, blank, content = chunk.partition(b"\r\n\r\n")
    if not blank:
        raise FormError("a part has no blank line behind its headers")
    name, filename, media_type = _read_part_headers(head[2:])
    return Part(name, filename, media_type, content)


# Forms of one kind have the same parts again and again.
@lru_cache(maxsize=256)
def _read_part_headers(head: bytes) -> tuple[str, str | None, str | None]:
    """The name, the file name and the content type of a part."""
    headers = _headers(head)
    disposition = headers.get("content-disposition", "")
    if not _FORM_DATA.fullmatch(disposition):
        raise FormError('a part has no header Content-Disposition: form-data; name="…"')
    given = {key.lower(): value for key, value in _PARAMETER.findall(disposition)}
    if "name" not in given:
        raise FormError("a part has no name")
    filename = given.get("filename")
    filename = None if filename is None else _unquote(filename)
    return _unquote(given["name"]), filename, headers.get("content-type")


def _headers(head: bytes) -> dict[str, str]:
    if len(head) > HEADER_LIMIT:
        raise FormError(f"the headers of a part have more than {HEADER_LIMIT} bytes")
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError as error:
        raise FormError("the headers of a part are not UTF-8") from error
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or "\r" in line or "\n" in line:
            raise FormError("a header of a part is not one line with a colon")
        headers[name.lower()] = value.strip()
    return headers


def _unquote(value: str) -> str:
    """Browsers write quotation marks and line breaks as %22, %0D and %0A (WHATWG), others escape
    them (RFC 2183).
    """
    if value.startswith('"'):
        value = value[1:-1].replace('\\"', '"')
    return _PERCENT.sub(lambda match: chr(int(match[1], 16)), value) if "%" in value else value


_BOUNDARY = re.compile(r';\s*+boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
# Possessive quantifiers, so that no header can make the search take longer than its length. A
# browser does not escape a backslash: one before the last quotation mark stands for itself.
_TOKEN = r"[\w!#$%&'*+.^`|~-]++"
_QUOTED = r'"(?:[^"\\]|\\(?:"(?!\s*(?:;|$)))?)*+"'
_PARAMETER = re.compile(rf';\s*+({_TOKEN})\s*+=\s*+({_QUOTED}|[^\s;"]*+)')
_FORM_DATA = re.compile(rf"form-data\s*+(?:{_PARAMETER.pattern}\s*+)*+;?\s*+", re.IGNORECASE)
_PERCENT = re.compile("%(22|0D|0A)")
