"""A plain server of the bundled API, whose behaviour can be changed."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .behaviour import Behaviour, RequestInfo
from .errors import ApiError
from .faults import FAULTS
from .operations import Handler, Operations
from .responses import json_response, with_header
from .variants import VARIANTS

PREFIX = "/v1"
"""The prefix of all paths."""


def create_app(
    *,
    fault: str | None = None,
    variant: str | None = None,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """Return a conforming server, or a server with this fault or variant.

    `now` returns the Unix time in seconds."""
    if fault and variant:
        raise ValueError("a server has one fault or one variant, not both")
    behaviour = Behaviour()
    for name, entries in ((fault, FAULTS), (variant, VARIANTS)):
        if name is not None:
            behaviour = {entry.name: entry.behaviour for entry in entries}[name]
    return _Api(behaviour, lambda: now() + behaviour.clock_ahead).app()


class _Api:
    """The routes, the authentication and the common headers."""

    def __init__(self, behaviour: Behaviour, now: Callable[[], float]) -> None:
        self._behaviour = behaviour
        self._now = now
        self._operations = Operations(behaviour, now)
        self._requests = 0

    def app(self) -> Starlette:
        behaviour = self._operations
        every, one = f"{PREFIX}/videos", f"{PREFIX}/videos/{{video_id}}"
        routes = [
            self._route(
                every, GET=("list", behaviour.list_jobs), POST=("create", behaviour.create)
            ),
            self._route(
                one, GET=("retrieve", behaviour.retrieve), DELETE=("delete", behaviour.delete)
            ),
            self._route(f"{one}/content", GET=("content", behaviour.content)),
            self._route(f"{one}/remix", POST=("remix", behaviour.remix)),
            Route("/files/{video_id}/{variant}", behaviour.signed_file, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._unknown_endpoint})

    def _route(self, path: str, **handlers: tuple[str, Handler]) -> Route:
        # One route per path, so that a 405 can name all its methods.
        async def handle(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            return await self._handle(*handlers[method], request)

        return Route(path, handle, methods=list(handlers))

    async def _handle(self, operation: str, handler: Handler, request: Request) -> Response:
        info = self._request_info(operation, request)
        try:
            error = self._behaviour.authenticate(request.headers.get("authorization"), operation)
            error = error or self._behaviour.reject(info)
            if error is not None:
                raise error
            response = await handler(request)
        except ApiError as error:
            response = self._error_response(error)
        return self._behaviour.change_response(self._with_headers(response), info)

    async def _unknown_endpoint(self, request: Request, error: Exception) -> Response:
        info = self._request_info("none", request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        message = "there is no such endpoint or method"
        api_error = ApiError(status, "unknown_endpoint", message, headers=headers or {})
        return self._behaviour.change_response(
            self._with_headers(self._error_response(api_error)), info
        )

    def _request_info(self, operation: str, request: Request) -> RequestInfo:
        self._requests += 1
        return RequestInfo(operation, request.headers)

    def _error_response(self, error: ApiError) -> Response:
        body = self._behaviour.change_error(error.envelope(self._request_id()), error)
        response = json_response(body, error.status)
        for name, value in error.headers.items():
            with_header(response, name, value)
        return response

    def _with_headers(self, response: Response) -> Response:
        response.headers["x-request-id"] = self._request_id()
        response.headers["X-RateLimit-Limit-Requests"] = "600"
        left = max(600 - self._requests, 0)
        response.headers["X-RateLimit-Remaining-Requests"] = str(left)
        response.headers["X-RateLimit-Reset-Requests"] = str(int(self._now()) + 60)
        return response

    def _request_id(self) -> str:
        # Digits are valid in a ULID.
        return f"req_{self._requests:026d}"
