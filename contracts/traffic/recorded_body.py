"""Bodies as recordings contain them: as text, in base64, still compressed, cut off, or not at all.

A body that the recorder did not keep whole is None, so that no rule reports it.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping

import orjson

from ...openapi.errors import FormError
from ...openapi.form import parse_form
from ...openapi.json import Json, parse_json
from ...openapi.messages import media_type_of
from ...openapi.operation import FORM, JSON


def recorded_request_body(
    request: Mapping[str, Json], headers: Mapping[str, str], *, expects_body: bool
) -> bytes | None:
    """Return the body of a recorded request, None if it was not kept.

    Args:
        request: The request of the entry, whose `postData` has no parameters of a form.
        headers: The headers of the request, names in lower case.
        expects_body: True if the operation has a body.
    """
    data = request.get("postData") or {}
    text, size = data.get("text"), _size(headers, request.get("bodySize"))
    if not text:
        known_empty = text == "" or (size is not None and not data) or not expects_body
        return b"" if known_empty and not size else None
    is_base64 = data.get("_encoding") == "base64"
    body = decompress(b64decode(text) if is_base64 else _encode(text, size), headers)
    if body is None or (len(body) != size and size is not None and not _is_readable(headers, body)):
        return None
    return body


def recorded_response_body(
    response: Mapping[str, Json], headers: Mapping[str, str]
) -> bytes | None:
    """Return the body of a recorded response, None if it was not kept, or only a part of it.

    Args:
        response: The response of the entry.
        headers: The headers of the response, names in lower case.
    """
    content = response.get("content") or {}
    text, recorded_size = content.get("text") or "", content.get("size")
    size = _size(headers, recorded_size)
    if not text:
        sizes = (recorded_size, size, response.get("bodySize") or 0)
        is_empty = recorded_size == 0 and not any(s is not None and s > 0 for s in sizes)
        return b"" if is_empty else None
    is_base64 = (content.get("encoding") or "").lower() == "base64"
    if recorded_size is not None and recorded_size >= 0:
        size = recorded_size
    body = decompress(b64decode(text) if is_base64 else _encode(text, size), headers)
    if body is None or not _is_whole(body, size, headers, is_base64=is_base64):
        return None
    return body


def decompress(body: bytes, headers: Mapping[str, str]) -> bytes | None:
    """Return a body without its Content-Encoding; unchanged if the recorder had removed it.

    None if the compressed data is damaged or too large.
    """
    for encoding in reversed(headers.get("content-encoding", "").lower().split(",")):
        is_gzip = "gzip" in encoding and body.startswith(_GZIP)
        is_zlib = "deflate" in encoding and _is_zlib(body)
        if is_gzip or is_zlib:
            decompressor = zlib.decompressobj(wbits=_DETECT_FORMAT)
            try:
                body = decompressor.decompress(body, _MAX_BYTES)
            except zlib.error:
                return None
            if not decompressor.eof:
                return None
    return body


def _size(headers: Mapping[str, str], recorded: float | None) -> float | None:
    """Return the size of a body by its Content-Length or by the recorder, None if unknown."""
    declared = headers.get("content-length", "")
    if _NUMBER.fullmatch(declared):
        return int(declared)
    return recorded if recorded is not None and recorded >= 0 else None


def _encode(text: str, size: float | None) -> bytes:
    """Return the bytes of a text, which some recorders decode as Latin-1, and most as UTF-8."""
    utf8 = text.encode()
    if text.isascii() or len(utf8) == size:
        return utf8
    try:
        latin1 = text.encode("latin-1")
        if len(latin1) != size:
            latin1.decode()
    except UnicodeError:
        return utf8
    return latin1


def _is_whole(
    body: bytes, size: float | None, headers: Mapping[str, str], *, is_base64: bool
) -> bool:
    """Return True if nothing shows that the recorder lost a part of a response."""
    media_type = media_type_of(headers)
    encodings = {word.strip() for word in headers.get("content-encoding", "").lower().split(",")}
    if media_type == JSON:
        is_certain = size in (None, len(body)) and encodings <= {"", "identity"}
        return is_certain or _is_readable(headers, body)
    if is_base64:
        return encodings <= _REMOVABLE_ENCODINGS
    if not media_type or media_type.startswith("text/"):
        return True
    return _REPLACEMENT_CHARACTER not in body and size in (None, len(body))


def _is_readable(headers: Mapping[str, str], body: bytes) -> bool:
    media_type = media_type_of(headers)
    try:
        if media_type == JSON:
            parse_json(body)
        elif media_type == FORM:
            parse_form(headers["content-type"], body)
    except (orjson.JSONDecodeError, FormError):
        return False
    return True


def _is_zlib(body: bytes) -> bool:
    return body[:1] == b"\x78" and int.from_bytes(body[:2], "big") % 31 == 0


_NUMBER = re.compile("[0-9]{1,18}")
_REPLACEMENT_CHARACTER = "\ufffd".encode()
_GZIP = b"\x1f\x8b"
_DETECT_FORMAT = 47  # zlib: gzip or zlib, whichever the first bytes announce
_MAX_BYTES = 256 * 1024 * 1024
_REMOVABLE_ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
