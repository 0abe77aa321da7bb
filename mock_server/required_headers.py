"""The headers that the document requires of a response, made from their schemas."""

from __future__ import annotations

from collections.abc import Container

import orjson

from ..openapi.generator import ValueMaker
from ..openapi.operation import Response


def required_headers(
    response: Response, maker: ValueMaker, *, known: Container[str] = ()
) -> dict[str, str]:
    """Return the required headers of a response, without those that are known already."""
    headers: dict[str, str] = {}
    for header in response.headers:
        if header.required and header.name not in known:
            value = maker.make(header.schema)
            headers[header.name] = value if isinstance(value, str) else orjson.dumps(value).decode()
    return headers
