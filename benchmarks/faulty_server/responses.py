"""Responses: whole, chunked, delayed or truncated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import anyio
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

JSON = "application/json"


class ConnectionAborted(ConnectionError):
    """The server closes the connection during a response."""


def json_response(value: object, status: int = 200) -> Response:
    """Return a value as compact JSON."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, media_type=JSON)


def value_of(response: Response) -> Any:
    """Return the JSON value of a response."""
    return json.loads(bytes(response.body))


def with_body(response: Response, body: bytes, media_type: str | None = None) -> Response:
    """Return the response with another body and its length."""
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    if media_type is not None:
        headers["content-type"] = media_type
    return Response(body, response.status_code, headers)


def with_json(response: Response, change: Callable[[Any], Any]) -> Response:
    """Return the response with a changed JSON value."""
    return with_body(response, bytes(json_response(change(value_of(response))).body))


def with_header(response: Response, name: str, value: str | None) -> Response:
    """Set a header, or remove it, and return the response."""
    if value is None:
        if name in response.headers:
            del response.headers[name]
    else:
        response.headers[name] = value
    return response


class TruncatedResponse(Response):
    """A response that sends a share of its body and closes the connection."""

    def __init__(self, whole: Response, share: float) -> None:
        super().__init__(bytes(whole.body), whole.status_code, dict(whole.headers))
        self._sent = bytes(whole.body)[: int(len(whole.body) * share)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": self._sent, "more_body": True})
        raise ConnectionAborted


class ChunkedResponse(Response):
    """A response without a length that sends its body in chunks of `size` bytes."""

    def __init__(self, whole: Response, size: int) -> None:
        super().__init__(bytes(whole.body), whole.status_code, dict(whole.headers))
        with_header(self, "content-length", None)
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        body = bytes(self.body)
        for at in range(0, len(body), self._size):
            piece = body[at : at + self._size]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class DelayedResponse(Response):
    """A response that waits for a number of seconds before its first byte."""

    def __init__(self, whole: Response, seconds: float) -> None:
        super().__init__(bytes(whole.body), whole.status_code, dict(whole.headers))
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(self._seconds)
        await super().__call__(scope, receive, send)
