"""A log with a line for each request, without API keys."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

RedactPath = Callable[[str, Mapping[str, str]], str]
"""Returns a path without API keys, given the headers of its request."""


class RequestLog:
    """An ASGI application that logs each request to another one, once its response starts.

    A query is not shown, because it may hold an API key under any name.

    Args:
        app: The application that responds.
        redact_path: Removes API keys from paths.
    """

    def __init__(self, app: ASGIApp, *, redact_path: RedactPath) -> None:
        self._app, self._redact_path = app, redact_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def log_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                _log.info("%s %s", self._describe(scope), _status_line(message["status"]))
            await send(message)

        is_request = scope["type"] == "http"
        await self._app(scope, receive, log_and_send if is_request else send)

    def _describe(self, scope: Scope) -> str:
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        path = self._redact_path(scope["raw_path"].decode("latin-1"), headers)
        query = "?..." if scope["query_string"] else ""
        host, port = scope["client"] or ("unknown client", 0)
        return f'{host}:{port} - "{scope["method"]} {path}{query} HTTP/{scope["http_version"]}"'


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:  # a status without a name
        return str(status)


def print_request_log() -> None:
    """Print the log on the standard output."""
    if not _log.handlers:
        _log.addHandler(logging.StreamHandler(sys.stdout))
        _log.setLevel(logging.INFO)
        _log.propagate = False


_log = logging.getLogger("aisa_testkit.requests")
