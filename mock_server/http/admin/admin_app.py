"""The control API as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote as percent_encode

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ....openapi.json import Json
from ....openapi.routing import OperationMatch
from ....openapi.text import quote
from ...endpoint import parse_query
from ...errors import AdminRequestError
from ...observers import RequestJournal
from ...service import JobService
from ..cors import open_to_web_pages
from ..delivery import connection_of
from ..headers import MAX_HEADER_BYTES, header_bytes
from .access import AdminAccess
from .actions import AdminActions
from .admin_document import admin_document
from .admin_request import AdminRequest, find_operation, read_fields
from .event_stream import EventStream

BODY_LIMIT = 1024 * 1024


class AdminApp:
    """The control API of a service, below the root path of the ASGI scope.

    Args:
        service: The service to control.
        journal: The journal of requests to the mocked API; without it the operations about requests
            respond with 404.
        admin_token: The token that every operation except the health check requires; ValueError if
            it is empty. Web pages of other sites have access only with the token.
        host: The name that the server is bound to, if it has one; web pages of this host have
            access.
    """

    def __init__(
        self,
        service: JobService,
        *,
        journal: RequestJournal | None = None,
        admin_token: str | None = None,
        host: str | None = None,
    ) -> None:
        self._access = AdminAccess(admin_token, host=host)
        self._operations = AdminActions(
            service, journal=journal, secured=self._access.requires_token
        )
        self._actions = self._operations.actions
        self._streams = set[EventStream]()
        # Without a token no web page of another site has access, and none may read a response.
        self._cors = open_to_web_pages(self._serve) if self._access.requires_token else None

    def end_streams(self) -> None:
        """End all event streams; safe to call from any thread."""
        for stream in tuple(self._streams):
            stream.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._cors is not None and any(name == b"origin" for name, _ in scope["headers"]):
            return await self._cors(scope, receive, send)
        return await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            connection = connection_of(scope)
            if connection is None or connection.broken_upload is None:
                return
            connection.allow_response()
            status, reason = connection.broken_upload
            response = _json_response({"error": f"the body: {reason}"}, status=status)
        except AdminRequestError as error:
            response = _json_response({"error": str(error)}, status=error.status)
            response.headers.update(error.headers)
        except Exception as error:
            # Even a bug of the mock gets a JSON response, and the log gets the traceback.
            _log.exception("%s %s", scope["method"], quote(scope["path"]))
            response = _json_response({"error": f"internal error of the mock: {error}"}, status=500)
        if scope["method"] == "HEAD":
            response = Response(status_code=response.status_code, headers=response.headers)
        with self._tracked(response):
            await response(scope, receive, send)

    @contextmanager
    def _tracked(self, response: Response) -> Iterator[None]:
        """Keep an event stream in the set of open streams while it is sent."""
        if not isinstance(response, EventStream):
            yield
            return
        self._streams.add(response)
        try:
            yield
        finally:
            self._streams.discard(response)

    async def _respond(self, request: Request) -> Response:
        match = self._authorized_match(request)
        operation = match.operation
        query = parse_query(request.scope["query_string"].decode("latin-1"))
        body = await _read_body(request) if operation.bodies else b""
        fields = read_fields(operation, query, body)
        if operation.id not in self._actions:
            return EventStream(self._operations.journal())
        admin_request = AdminRequest(
            path=match.path_parameters,
            query=dict(query),
            body=fields,
            root=str(request.base_url).rstrip("/"),
        )
        # In a thread, because a verdict takes a while and other requests must not wait for it.
        return _json_response(await run_in_threadpool(self._actions[operation.id], admin_request))

    def _authorized_match(self, request: Request) -> OperationMatch:
        """Return the requested operation.

        Raises AdminRequestError: a client without access does not even learn which paths exist.
        """
        scope = request.scope
        if header_bytes(scope) > MAX_HEADER_BYTES:
            raise AdminRequestError(f"the headers must have at most {MAX_HEADER_BYTES} bytes")
        path = percent_encode(scope["path"].removeprefix(scope["root_path"]) or "/")
        try:
            match = find_operation(admin_document(), request.method, path)
        except AdminRequestError:
            self._access.check(request.headers.raw)
            raise
        if match.operation.credentials:
            self._access.check(request.headers.raw)
        return match


async def _read_body(request: Request) -> bytes:
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise AdminRequestError(f"the body must have at most {BODY_LIMIT} bytes")
            chunks.append(chunk)
    except asyncio.CancelledError:
        # The shutdown has waited long enough; the client gets a response before the end.
        message = "the server stops before the request has arrived"
        raise AdminRequestError(message, status=503) from None
    return b"".join(chunks)


def _json_response(body: Json | bytes, *, status: int = 200) -> Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(content, status_code=status, media_type="application/json")


_log = logging.getLogger(__name__)
