"""The control API as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ....openapi.json import Json
from ....openapi.text import quote
from ...endpoint import parse_query
from ...observers import RequestJournal
from ...service import JobService
from ..headers import HEAD_LIMIT, head_size
from .access import AdminAccess
from .actions import AdminActions, AdminRequest
from .description import AdminDescription, AdminOperation, AdminRequestError
from .event_stream import EventStream

BODY_LIMIT = 1024 * 1024


class AdminApp:
    """The control API of a service, at the root path that the scope names.

    `journal` is what keeps the requests; without it there is nothing to be asked about them. With
    an `admin_token`, only those who send it are let in, but for the health; ValueError if that is
    empty. Without one no web page of another site is, whose name is neither localhost, an IP
    address nor `host`, the name that the server is bound to.
    """

    def __init__(
        self,
        service: JobService,
        *,
        journal: RequestJournal | None = None,
        admin_token: str | None = None,
        host: str | None = None,
    ) -> None:
        self._description = AdminDescription()
        self._guard = AdminAccess(admin_token, host=host, challenge=self._description.challenge)
        self._control = AdminActions(
            service, self._description, journal=journal, guarded=self._guard.wants_token
        )
        self._actions = self._control.actions
        self._streams = set[EventStream]()

    def end_streams(self) -> None:
        """Ends all streams of events, whose readers then know that nothing more will come; in
        whatever thread.
        """
        for stream in tuple(self._streams):
            stream.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody waits for an answer
        except AdminRequestError as error:
            response = _json({"error": str(error)}, status=error.status)
            response.headers.update(error.headers)
        except Exception as error:
            # The last line of defence: an answer as JSON, and the fault in the log.
            _log.exception("%s %s", scope["method"], quote(scope["path"]))
            response = _json({"error": f"a fault of the mock: {error}"}, status=500)
        if scope["method"] == "HEAD":
            response = Response(status_code=response.status_code, headers=response.headers)
        with self._followed(response):
            await response(scope, receive, send)

    @contextmanager
    def _followed(self, response: Response) -> Iterator[None]:
        """Knows of a stream of events as long as it is sent."""
        if not isinstance(response, EventStream):
            yield
            return
        self._streams.add(response)
        try:
            yield
        finally:
            self._streams.discard(response)

    async def _answer(self, request: Request) -> Response:
        scope = request.scope
        if head_size(scope) > HEAD_LIMIT:
            raise AdminRequestError(f"the head: must have at most {HEAD_LIMIT} bytes, not more")
        path = scope["path"].removeprefix(scope["root_path"]) or "/"
        operation, parameters = self._operation(request, path)
        query = operation.read_query(parse_query(scope["query_string"].decode("latin-1")))
        body = {} if operation.body is None else operation.read_body(await _body(request))
        if operation.id not in self._actions:
            return EventStream(self._control.journal())
        root = str(request.base_url).rstrip("/")
        # In a thread, for the mock goes on answering while a verdict is thought over.
        result = await run_in_threadpool(
            self._actions[operation.id], AdminRequest(parameters, query, body, root)
        )
        return _json(result)

    def _operation(self, request: Request, path: str) -> tuple[AdminOperation, dict[str, str]]:
        """What is asked for; raises AdminRequestError, first of all for those who may not ask."""
        try:
            operation, parameters = self._description.match(request.method, path)
        except AdminRequestError:
            self._guard.check(request.headers.raw)
            raise
        if operation.secured:
            self._guard.check(request.headers.raw)
        return operation, parameters


async def _body(request: Request) -> bytes:
    chunks, size = [], 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise AdminRequestError(f"the body: must have at most {BODY_LIMIT} bytes, not more")
            chunks.append(chunk)
    except asyncio.CancelledError:
        # The server stops and has waited long enough: the client hears of it before it goes.
        message = "the server stops before the request has arrived"
        raise AdminRequestError(message, status=503) from None
    return b"".join(chunks)


def _json(body: Json | bytes, *, status: int = 200) -> Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(content, status_code=status, media_type="application/json")


_log = logging.getLogger(__name__)
