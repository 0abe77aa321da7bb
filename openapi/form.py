"""A parser for multipart forms (RFC 7578).

The body is searched for its boundaries once, and each content is copied once. Malformed forms raise
an error, so that no part is ignored silently. Text before the first boundary and after the last one
is ignored, as are blanks after a boundary (RFC 2046, section 5.1.1).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from .errors import FormError

PART_LIMIT = 1000
HEADER_LIMIT = 8192


class Part(NamedTuple):
    """One part of a form.

    name: the name of the field
    filename: the name of the file; None for a text field
    content_type: the Content-Type as the client sent it; None if absent
    content: the raw content
    """

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parse_form(content_type: str, body: bytes, *, part_limit: int = PART_LIMIT) -> list[Part]:
    """Return the parts of a body in order; raises FormError if it is malformed."""
    boundary = b"--" + _boundary(content_type)
    delimiter = b"\r\n" + boundary
    position, parts = _first_boundary(body, boundary), list[Part]()
    while not body.startswith(b"--", position):
        end, line_end = body.find(delimiter, position), _LINE_END.match(body, position)
        if end < 0:
            raise FormError("its last boundary is missing")
        if line_end is None:
            raise FormError("a boundary is malformed")
        if len(parts) == part_limit:
            raise FormError(f"it has more than {part_limit} parts")
        parts.append(_part(body, line_end.end() - 2, end))
        position = end + len(delimiter)
    if body.find(delimiter, position) >= 0:
        raise FormError("data follows the last boundary")
    return parts


def _first_boundary(body: bytes, boundary: bytes) -> int:
    """Return the position after the first boundary, which may follow empty lines or a preamble."""
    start = len(body) - len(body.lstrip(b"\r\n"))
    if body.startswith(boundary, start):
        return start + len(boundary)
    start = body.find(b"\r\n" + boundary)
    if start < 0:
        raise FormError(f"it does not contain the boundary {boundary[2:].decode('latin-1')!r}")
    if b"content-disposition" in body[:start].lower():
        raise FormError("a part is before the first boundary")
    return start + 2 + len(boundary)


def _boundary(content_type: str) -> bytes:
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise FormError("the Content-Type has no boundary")
    try:
        return (match[1] or match[2]).encode("latin-1")
    except UnicodeEncodeError as error:
        raise FormError("the boundary is not latin-1") from error


def _part(body: bytes, start: int, end: int) -> Part:
    """Return the part between the end of the line with its boundary and the next boundary."""
    blank = body.find(b"\r\n\r\n", start, end)
    if blank < 0:
        raise FormError("a part has no blank line after its headers")
    name, filename, media_type = _read_part_headers(body[start + 2 : blank])
    return Part(name, filename, media_type, body[blank + 4 : end])


# The forms of a client usually have the same part headers.
@lru_cache(maxsize=256)
def _read_part_headers(head: bytes) -> tuple[str, str | None, str | None]:
    """Return the name, the file name and the content type of a part."""
    headers = _headers(head)
    disposition = headers.get("content-disposition", "")
    if not _FORM_DATA.fullmatch(disposition):
        raise FormError('a part has no header Content-Disposition: form-data; name="…"')
    parameters = {key.lower(): value for key, value in _PARAMETER.findall(disposition)}
    if "name" not in parameters:
        raise FormError("a part has no name")
    filename = parameters.get("filename")
    filename = None if filename is None else _unquote(filename)
    return _unquote(parameters["name"]), filename, headers.get("content-type")


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
    """Decode quotation marks and line breaks: %22, %0D and %0A (WHATWG) or escaped (RFC 2183)."""
    if value.startswith('"'):
        value = value[1:-1].replace('\\"', '"')
    return _PERCENT.sub(lambda match: chr(int(match[1], 16)), value) if "%" in value else value


_BOUNDARY = re.compile(r';\s*+boundary=(?:"([^"]+)"|([^\s;"]+))', re.IGNORECASE)
_LINE_END = re.compile(rb"[ \t]*+\r\n")
# Possessive quantifiers keep the search linear in the length of the header. Browsers do not escape
# backslashes, so a backslash before the last quotation mark is literal.
_TOKEN = r"[\w!#$%&'*+.^`|~-]++"
_QUOTED = r'"(?:[^"\\]|\\(?:"(?!\s*(?:;|$)))?)*+"'
_PARAMETER = re.compile(rf';\s*+({_TOKEN})\s*+=\s*+({_QUOTED}|[^\s;"]*+)')
_FORM_DATA = re.compile(rf"form-data\s*+(?:{_PARAMETER.pattern}\s*+)*+;?\s*+", re.IGNORECASE)
_PERCENT = re.compile("%(22|0D|0A)")
