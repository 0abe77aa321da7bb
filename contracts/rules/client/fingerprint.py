"""Fingerprints, which are equal for a request and its retries."""

from __future__ import annotations

import re
from hashlib import sha256

from ....openapi.messages import media_type_of
from ...traffic.exchange import Exchange

Fingerprint = tuple[object, ...]
"""A hashable value that two requests share if the second one repeats the first."""


def fingerprint(exchange: Exchange, *, key_header: str) -> Fingerprint:
    """Return the fingerprint of a request: everything it asks for, and the API key.

    Args:
        key_header: the name of the header with the API key, in lower case.
    """
    call = exchange.call
    headers = (key_header, "range", *map(str.lower, exchange.operation.headers))
    media_type = call.headers.get("content-type", "")
    return (
        exchange.operation_id,
        tuple(sorted(call.path_parameters.items())),
        tuple(sorted(call.query)),
        media_type_of(call.headers),
        sha256(_without_boundary(call.body, media_type)).digest(),
        tuple(call.headers.get(name) for name in headers),
    )


def _without_boundary(body: bytes, media_type: str) -> bytes:
    """Return a form without its boundary, which is new in each request."""
    boundary = _BOUNDARY.search(media_type)
    return body.replace(b"--" + boundary[1].encode(errors="replace"), b"") if boundary else body


_BOUNDARY = re.compile(r'boundary="?([^";]+)', re.IGNORECASE)
