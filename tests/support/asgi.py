"""Requests to an ASGI application without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import httpx2
from starlette.types import ASGIApp, Message

from aisa_testkit.openapi.json import Json

KEY = {"authorization": "Bearer sk-test"}


def send_request(
    app: ASGIApp,
    request_line: str,
    json: Json = None,
    *,
    content: bytes | None = None,
    headers: Mapping[str, str] | Sequence[tuple[bytes, bytes]] = KEY,
) -> httpx2.Response:
    """The response to a request such as `PUT /__admin/clock`, at the host `mock:81`.

    json: the body as JSON data
    content: the body as bytes, instead of `json`
    """
    method, path = request_line.split(" ", 1)

    async def respond() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock:81") as client:
            if json is None:
                return await client.request(method, path, content=content, headers=headers)
            return await client.request(method, path, json=json, headers=headers)

    return asyncio.run(respond())


def exchange_messages(
    app: ASGIApp, scope: Mapping[str, object], received: Iterable[Message]
) -> tuple[list[Message], int]:
    """The ASGI messages that the application sends when it receives these, and how many it leaves
    unread. The scope overrides a plain GET request.
    """
    incoming, sent = list(received), list[Message]()

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await app({**_GET, **scope}, receive, send)

    asyncio.run(run())
    return sent, len(incoming)


_GET: dict[str, object] = {
    "type": "http",
    "method": "GET",
    "scheme": "http",
    "query_string": b"",
    "headers": [],
}
