"""The Starlette application: the API of the document, and the control API beside it."""

from __future__ import annotations

import asyncio
import logging
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from ..openapi import Document, Reply
from .control import control_routes
from .endpoint import BODY_LIMIT, Endpoint, Observer
from .service import JobService

CONTROL_PREFIX: Final = "/__admin"


def create_app(
    document: Document | None = None,
    *,
    service: JobService | None = None,
    body_limit: int = BODY_LIMIT,
    observer: Observer | None = None,
) -> Starlette:
    """An ASGI application that serves the API at the base path of its document, and the control API
    at `/__admin/`.

    Give a document (the bundled one by default) or a service made otherwise than by default, not
    both; ValueError if both are given. Bodies over `body_limit` bytes are answered without being
    read to the end. `observer` hears of every request to the API.
    """
    if document is not None and service is not None:
        raise ValueError("give a document or a service, not both; a service has its document")
    service = service or JobService(document)
    return MockApp(Endpoint(service, body_limit=body_limit, observer=observer))


class MockApp(Starlette):
    """The control API as a Starlette application, and beside its middleware the API itself.

    The API is what programs under test call again and again; Starlette's routing, its requests and
    its replies would take longer than the answer. `state.service` is the service.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        routes = control_routes(endpoint.service)
        super().__init__(routes=[Mount(CONTROL_PREFIX, routes=routes)])
        self.state.service = endpoint.service
        self._api = ApiDoor(endpoint)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] == "http" and not path.startswith(CONTROL_PREFIX):
            await self._api(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class ApiDoor:
    """The API as an ASGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._cors = CORSMiddleware(
            self._serve,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Only browsers send an Origin, and only they need what CORS adds.
        for name, _ in scope["headers"]:
            if name == b"origin":
                return await self._cors(scope, receive, send)
        return await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        try:
            body = await self._body(scope["method"], headers, receive)
        except ConnectionResetError:
            return  # the client is gone, so nobody waits for an answer
        except asyncio.CancelledError:
            # The server stops and has waited long enough: the client hears of it before it goes.
            reply = self._endpoint.broken("the server stops before the request has arrived")
        else:
            reply = (
                self._endpoint.too_large() if body is None else self._reply(scope, headers, body)
            )
        raw = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in reply.headers.items()
        ]
        if "content-length" not in reply.headers and reply.status not in (204, 304):
            raw.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": reply.body})

    async def _body(self, method: str, headers: dict[str, str], receive: Receive) -> bytes | None:
        """The whole body; None as soon as it is known to be over the limit."""
        if method in ("GET", "HEAD"):
            return b""
        limit = self._endpoint.body_limit
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > _DIGITS or int(length) > limit):
            return None
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _reply(self, scope: Scope, headers: dict[str, str], body: bytes) -> Reply:
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
        path = path.removeprefix(scope.get("root_path", ""))
        query = scope["query_string"].decode("latin-1")
        try:
            return self._endpoint.respond(
                scope["method"], path, query=query, headers=headers, body=body
            )
        except Exception as error:
            # The last line of defence: an answer in the envelope, and the fault in the log.
            _log.exception("%s %s", scope["method"], path)
            return self._endpoint.broken(f"a fault of the mock: {error}")


# Python refuses to read a number of more than some thousand digits.
_DIGITS = 18
_log = logging.getLogger(__name__)
