"""Content codings of request bodies (RFC 9110, section 8.4)."""

from __future__ import annotations

import zlib

from .errors import ContentEncodingError
from .text import quote

CONTENT_CODINGS = ("gzip", "deflate")


def decode_content(body: bytes, content_encoding: str, *, limit: int) -> bytes:
    """Return a body without its content codings.

    Decoding stops after `limit` + 1 bytes, so a longer result is incomplete.

    Args:
        body: The body as it was sent.
        content_encoding: The value of the header Content-Encoding.
        limit: The maximum size of the result in bytes.

    Raises ContentEncodingError if a coding is not known or the body is malformed.
    """
    codings = [name for part in content_encoding.lower().split(",") if (name := part.strip())]
    if len(codings) > _MAX_CODINGS:
        raise ContentEncodingError(
            f"the body must have at most {_MAX_CODINGS} content codings, not {len(codings)}"
        )
    for coding in reversed(codings):
        body = _decode(body, coding, limit)
        if len(body) > limit:
            break
    return body


def _decode(body: bytes, coding: str, limit: int) -> bytes:
    if coding == "identity":
        return body
    if coding not in _CODINGS:
        known = " or ".join(CONTENT_CODINGS)
        raise ContentEncodingError(f"the Content-Encoding must be {known}, not {quote(coding)}")
    decoder = zlib.decompressobj(_GZIP if coding.endswith("gzip") else _deflate_format(body))
    try:
        decoded = decoder.decompress(body, limit + 1)
    except zlib.error as error:
        raise ContentEncodingError(f"the body is not valid {coding}: {error}") from error
    if len(decoded) <= limit and (not decoder.eof or decoder.unused_data):
        reason = "data follows its end" if decoder.eof else "its end is missing"
        raise ContentEncodingError(f"the body is not valid {coding}: {reason}")
    return decoded


def _deflate_format(body: bytes) -> int:
    """Return the format of a body with the coding "deflate".

    The standard says zlib, but some clients leave out its header.
    """
    has_header = body[:1] != b"" and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS


_GZIP = 16 + zlib.MAX_WBITS
_CODINGS = ("gzip", "x-gzip", "deflate")
_MAX_CODINGS = 3
