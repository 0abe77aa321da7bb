"""A plain server of the document's API, which does nothing wrong unless its behaviour says so."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .answers import json_answer, with_header
from .behaviour import Asked, Behaviour
from .faults import FAULTS
from .operations import Handler, Operations
from .refusal import Refusal
from .variants import VARIANTS

PREFIX = "/v1"
"""What the paths of the API begin with."""


def create_app(
    *,
    fault: str | None = None,
    variant: str | None = None,
    now: Callable[[], float] = time.time,
) -> Starlette:
    """The right server, or one with this fault or benign variant; `now` in Unix seconds."""
    if fault and variant:
        raise ValueError("a server has one fault or one variant, not both")
    behaviour = Behaviour()
    for name, entries in ((fault, FAULTS), (variant, VARIANTS)):
        if name is not None:
            behaviour = {entry.name: entry.behaviour for entry in entries}[name]
    return _Door(behaviour, lambda: now() + behaviour.clock_ahead).app()


class _Door:
    """The way of every request: its key, its operation, the headers of every answer."""

    def __init__(self, behaviour: Behaviour, now: Callable[[], float]) -> None:
        self._does = behaviour
        self._now = now
        self._operations = Operations(behaviour, now)
        self._requests = 0

    def app(self) -> Starlette:
        does = self._operations
        every, one = f"{PREFIX}/videos", f"{PREFIX}/videos/{{video_id}}"
        routes = [
            self._route(every, GET=("list", does.list_jobs), POST=("create", does.create)),
            self._route(one, GET=("retrieve", does.retrieve), DELETE=("delete", does.delete)),
            self._route(f"{one}/content", GET=("content", does.content)),
            self._route(f"{one}/remix", POST=("remix", does.remix)),
            Route("/files/{video_id}/{variant}", does.signed_file, methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._no_endpoint})

    def _route(self, path: str, **handlers: tuple[str, Handler]) -> Route:
        # One route per path, so that a 405 can name all its methods.
        async def answer(request: Request) -> Response:
            method = "GET" if request.method == "HEAD" else request.method
            return await self._guarded(*handlers[method], request)

        return Route(path, answer, methods=list(handlers))

    async def _guarded(self, operation: str, handler: Handler, request: Request) -> Response:
        asked = self._ask(operation, request)
        try:
            refusal = self._does.admit(request.headers.get("authorization"), operation)
            refusal = refusal or self._does.before(asked)
            if refusal is not None:
                raise refusal
            response = await handler(request)
        except Refusal as refusal:
            response = self._refused(refusal)
        return self._does.answer(self._with_headers(response), asked)

    async def _no_endpoint(self, request: Request, error: Exception) -> Response:
        asked = self._ask("none", request)
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = error.headers if isinstance(error, HTTPException) else None
        message = "there is no such endpoint or method"
        refusal = Refusal(status, "unknown_endpoint", message, headers=headers or {})
        return self._does.answer(self._with_headers(self._refused(refusal)), asked)

    def _ask(self, operation: str, request: Request) -> Asked:
        self._requests += 1
        return Asked(operation, request.headers)

    def _refused(self, refusal: Refusal) -> Response:
        body = self._does.envelope(refusal.envelope(self._request_id()), refusal)
        response = json_answer(body, refusal.status)
        for name, value in refusal.headers.items():
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
        # Digits are among the letters of a ULID.
        return f"req_{self._requests:026d}"
