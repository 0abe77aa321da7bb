"""The ASGI application: the mocked API and the control API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from ...openapi import Document, Reply
from ..endpoint import BODY_LIMIT, Endpoint
from ..observers import Observer, RequestJournal
from ..service import JobService
from .admin import AdminApp
from .cors import open_to_web_pages
from .delivery import RequestProblem, connection_of, deliver, head_problem
from .headers import MAX_HEADER_BYTES, HeaderParser, host_problem

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
    """Return an ASGI application with the API at the base path of its document and the control API
    at `/__admin/`.

    Args:
        document: The document to serve; the bundled one by default.
        service: A service to use instead of a new one; ValueError if a document is given, too.
        body_limit: The longest request body in bytes; longer ones are rejected without reading
            them.
        observers: Notified of every request to the mocked API.
        journal: Notified last; the control API returns its requests and its verdict.
        admin_token: The token that the control API requires. Without one, web pages of other sites
            have no access to it.
        host: The name that the server is bound to, if it has one.
    """
    if document is not None and service is not None:
        raise ValueError("give a document or a service, not both; a service has its document")
    service = service or JobService(document)
    informed = [*observers, journal] if journal is not None else observers
    endpoint = Endpoint(service, body_limit=body_limit, observers=informed)
    admin = AdminApp(service, journal=journal, admin_token=admin_token, host=host)
    return MockApp(endpoint, admin=admin)


class MockApp(Starlette):
    """The mocked API and the control API. `state.service` is the service.

    Requests bypass Starlette's routing and middleware, which take longer than a response.
    """

    def __init__(self, endpoint: Endpoint, *, admin: AdminApp) -> None:
        super().__init__()
        self.state.service = endpoint.service
        self._api, self._admin = ApiApp(endpoint), admin

    def replace_with(self, other: MockApp) -> None:
        """Serve what another application serves, from the next request on.

        Open requests finish as they began; event streams end now. Safe to call from any thread.
        """
        previous = self._admin
        self.state, self._api, self._admin = other.state, other._api, other._admin
        previous.end_streams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await super().__call__(scope, receive, send)
        root = scope.get("root_path", "")
        if not _is_admin_path(scope["path"].removeprefix(root)) or _http_problem(scope):
            return await self._api(scope, receive, send)
        roots = {"app_root_path": root, "root_path": root + ADMIN_PREFIX}
        return await self._admin({**scope, **roots}, receive, send)


def _is_admin_path(path: str) -> bool:
    return path.startswith(ADMIN_PREFIX) and path[len(ADMIN_PREFIX) :][:1] in ("", "/")


class ApiApp:
    """The mocked API as an ASGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._header_parser = endpoint, HeaderParser()
        self._cors = open_to_web_pages(self._serve_cross_origin)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = self._header_parser.parse(scope)
        # Only browsers send Origin, and only browsers need the CORS headers.
        if headers is not None and "origin" in headers:
            return await self._cors(scope, receive, send)
        return await self._serve(scope, headers, receive, send)

    async def _serve_cross_origin(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(scope, self._header_parser.parse(scope), receive, send)

    async def _serve(
        self, scope: Scope, headers: Mapping[str, str] | None, receive: Receive, send: Send
    ) -> None:
        try:
            if headers is None:
                reply = self._respond_head_too_large(scope)
            elif "host" not in headers and (problem := _http_problem(scope)):
                reply = self._respond_invalid(scope, headers, problem.reason, status=problem.status)
            else:
                bodiless = scope["method"] in _METHODS_WITHOUT_BODY
                body = b"" if bodiless else await self._read_body(headers, receive)
                reply = self._respond(scope, headers, body)
            raw = _raw_headers(reply)
        except _UploadEnded as end:
            broken = self._respond_to_broken_upload(scope, headers or {}, end.size)
            if broken is None:
                return
            reply, raw = broken, _raw_headers(broken)
        except asyncio.CancelledError:
            # The shutdown has waited long enough; the client gets a response before the end.
            reason = "the server stops before the request has arrived"
            reply = self._respond_invalid(scope, headers, reason, status=503)
            raw = _raw_headers(reply)
        except Exception as error:
            # Even a bug of the mock gets an error envelope, and the log gets the traceback.
            _log.exception("%s %s", scope["method"], _raw_path(scope))
            reply = self._endpoint.respond_internal_error(f"internal error of the mock: {error}")
            raw = _raw_headers(reply)
        start = {"type": "http.response.start", "status": reply.status, "headers": raw}
        if reply.delivery is not None:
            clock, connection = self._endpoint.service.clock, connection_of(scope)
            delivered = await deliver(
                start, reply.body, reply.delivery, clock=clock, connection=connection, send=send
            )
            return None if delivered else self._endpoint.undelivered(reply)
        await send(start)
        return await send({"type": "http.response.body", "body": reply.body})

    async def _read_body(self, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """Return the whole body, or None as soon as it is known to exceed the limit."""
        limit = self._endpoint.body_limit
        length = headers.get("content-length", "")
        if length.isdecimal() and (len(length) > _MAX_LENGTH_DIGITS or int(length) > limit):
            return None
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _UploadEnded(size)
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                return None
            if not message.get("more_body", False):
                return b"".join((*chunks, chunk)) if chunks else chunk
            chunks.append(chunk)

    def _respond_to_broken_upload(
        self, scope: Scope, headers: Mapping[str, str], size: int
    ) -> Reply | None:
        """Return the reply to a request with an incomplete body, None if the client is gone."""
        connection = connection_of(scope)
        broken = connection.broken_upload if connection else None
        length = headers.get("content-length")
        received = f"after {size}{f' of {length}' if length else ''} bytes of the body"
        if connection is None or broken is None:
            self._respond_invalid(
                scope, headers, f"the client disconnected {received}", delivered=False
            )
            return None
        connection.allow_response()
        return self._respond_invalid(
            scope, headers, f"{broken.reason} {received}", status=broken.status
        )

    def _respond_invalid(
        self,
        scope: Scope,
        headers: Mapping[str, str] | None,
        reason: str,
        *,
        status: int = 400,
        delivered: bool = True,
    ) -> Reply:
        path = _raw_path(scope)
        return self._endpoint.respond_invalid(
            scope["method"], path, reason, status=status, delivered=delivered, headers=headers
        )

    def _respond_head_too_large(self, scope: Scope) -> Reply:
        method, path = scope["method"], _raw_path(scope)
        return self._endpoint.respond_head_too_large(method, path, MAX_HEADER_BYTES)

    def _respond(self, scope: Scope, headers: Mapping[str, str], body: bytes | None) -> Reply:
        """Return the reply to a request; `body` is None if it was too long to read."""
        method, path, query = (
            scope["method"],
            _raw_path(scope),
            scope["query_string"].decode("latin-1"),
        )
        if body is None:
            return self._endpoint.respond_body_too_large(method, path, query=query, headers=headers)
        return self._endpoint.respond(method, path, query=query, headers=headers, body=body)


class _UploadEnded(Exception):
    """An upload ended early, after `size` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


def _http_problem(scope: Scope) -> RequestProblem | None:
    """Return the problem of a request that is not valid HTTP, None if it is valid."""
    # Programs that call the application without a socket often leave out Host.
    if connection_of(scope) is None:
        return None
    if problem := head_problem(scope):
        return problem
    reason = host_problem(scope)
    return RequestProblem(400, reason) if reason else None


def _raw_path(scope: Scope) -> str:
    """Return the percent-encoded path below the root path of the application."""
    raw = scope.get("raw_path")
    path: str = raw.decode("latin-1") if raw else quote(scope["path"])
    return path.removeprefix(scope.get("root_path", ""))


def _raw_headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    """Return the headers as bytes; raises UnicodeEncodeError if one is not latin-1."""
    raw = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()
    ]
    if "content-length" not in reply.headers and reply.status not in (204, 304):
        raw.append((b"content-length", b"%d" % len(reply.body)))
    return raw


_METHODS_WITHOUT_BODY = ("GET", "HEAD")
# Python refuses to parse numbers with several thousand digits.
_MAX_LENGTH_DIGITS = 18
_log = logging.getLogger(__name__)
