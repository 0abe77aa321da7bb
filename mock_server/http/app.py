"""The Starlette application: the API of the document, and the control API beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

from ...openapi import Document, Reply
from ..endpoint import BODY_LIMIT, Endpoint
from ..observers import Observer, RequestJournal
from ..service import JobService
from .admin import AdminApp
from .delivery import connection_of, deliver
from .headers import HEAD_LIMIT, HeaderCache

ADMIN_PREFIX: Final = "/__admin"


def create_app(
    document: Document | None = None,
    *,
    service: JobService | None = None,
    body_limit: int = BODY_LIMIT,
    observers: Iterable[Observer] = (),
    journal: RequestJournal | None = None,
    admin_token: str | None = None,
    host: str | None = None,
) -> MockApp:
    """An ASGI application that serves the API at the base path of its document, and the control API
    at `/__admin/`.

    Give a document (the bundled one by default) or a service made otherwise than by default, not
    both; ValueError if both are given. Bodies over `body_limit` bytes are answered without being
    read to the end. `observers` are informed of every request to the API, and so is `journal`, from
    which the control API reads. With an `admin_token` only those who send it may use that; without
    one no web page of another site may, and `host` is the name of this one, if it has a name.
    """
    if document is not None and service is not None:
        raise ValueError("give a document or a service, not both; a service has its document")
    service = service or JobService(document)
    informed = [*observers, journal] if journal is not None else observers
    endpoint = Endpoint(service, body_limit=body_limit, observers=informed)
    control = AdminApp(service, journal=journal, admin_token=admin_token, host=host)
    return MockApp(endpoint, control=control)


class MockApp(Starlette):
    """The API and the control API. `state.service` is the service.

    Both stand before Starlette's routing and middleware, which would take longer than an answer.
    """

    def __init__(self, endpoint: Endpoint, *, control: AdminApp) -> None:
        super().__init__()
        self.state.service = endpoint.service
        self._api, self._control = ApiApp(endpoint), control

    def become(self, other: MockApp) -> None:
        """Serves from now on what the other one does; what is under way ends as it began, and
        streams of events end now. It may be called in any thread.
        """
        before = self._control
        self.state, self._api, self._control = other.state, other._api, other._control
        before.end_streams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        outside = scope.get("root_path", "")
        if not _is_control(scope["path"].removeprefix(outside)):
            return await self._api(scope, receive, send)
        below = {"app_root_path": outside, "root_path": outside + ADMIN_PREFIX}
        return await self._control({**scope, **below}, receive, send)


def _is_control(path: str) -> bool:
    return path.startswith(ADMIN_PREFIX) and path[len(ADMIN_PREFIX) :][:1] in ("", "/")


class ApiApp:
    """The API as an ASGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._heads = endpoint, HeaderCache()
        self._cors = CORSMiddleware(
            self._serve_browser,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["*"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._heads.headers(scope)
        # Only browsers send an Origin, and only they need what CORS adds.
        if headers is not None and "origin" in headers:
            return await self._cors(scope, receive, send)
        return await self._serve(scope, headers, receive, send)

    async def _serve_browser(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, self._heads.headers(scope), receive, send)

    async def _serve(
        self, scope: Scope, headers: Mapping[str, str] | None, receive: Receive, send: Send
    ) -> None:
        try:
            if headers is None:
                reply = self._endpoint.head_too_large(HEAD_LIMIT)
            else:
                bodiless = scope["method"] in _BODILESS
                body = b"" if bodiless else await self._body(headers, receive)
                reply = self._reply(scope, headers, body)
            raw = _raw(reply)
        except _Gone:
            return  # nobody waits for an answer
        except asyncio.CancelledError:
            # The server stops and has waited long enough: the client hears of it before it goes.
            reply = self._endpoint.broken("the server stops before the request has arrived")
            raw = _raw(reply)
        except Exception as error:
            # The last line of defence: an answer in the envelope, and the fault in the log.
            _log.exception("%s %s", scope["method"], _path(scope))
            reply = self._endpoint.broken(f"a fault of the mock: {error}")
            raw = _raw(reply)
        start = {"type": "http.response.start", "status": reply.status, "headers": raw}
        if reply.delivery is not None:
            clock, wire = self._endpoint.service.clock, connection_of(scope)
            taken = await deliver(
                start, reply.body, reply.delivery, clock=clock, wire=wire, send=send
            )
            return None if taken else self._endpoint.undelivered(reply)
        await send(start)
        return await send({"type": "http.response.body", "body": reply.body})

    async def _body(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """The whole body; None as soon as it is known to be over the limit."""
        limit = self._endpoint.body_limit
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > _DIGITS or int(length) > limit):
            return None
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
            more = message.get("more_body", False)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _reply(self, scope: Scope, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """The reply to a request; its body is None if that was not read."""
        method, path, query = scope["method"], _path(scope), scope["query_string"].decode("latin-1")
        if body is None:
            return self._endpoint.respond_unread(method, path, query=query, headers=headers)
        return self._endpoint.respond(method, path, query=query, headers=headers, body=body)


class _Gone(Exception):
    """The client has left during its upload."""


def _path(scope: Scope) -> str:
    """The path as it came, below that of the application."""
    raw = scope.get("raw_path")
    path: str = raw.decode("latin-1") if raw else quote(scope["path"])
    return path.removeprefix(scope.get("root_path", ""))


def _raw(reply: Reply) -> list[tuple[bytes, bytes]]:
    """The headers of a reply as they are sent; raises UnicodeEncodeError for what cannot be."""
    raw = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    if "content-length" not in reply.headers and reply.status not in (204, 304):
        raw.append((b"content-length", b"%d" % len(reply.body)))
    return raw


_BODILESS = ("GET", "HEAD")
# Python refuses to read a number of more than some thousand digits.
_DIGITS = 18
_log = logging.getLogger(__name__)
