"""A socket on which one mock after the other listens, each for one run of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..mock_server.http.app import MockApp
from ..mock_server.http.server import serve_app


class ProcessServer:
    """An ASGI application whose content changes from run to run, on one socket.

    Attributes:
        origin: the URL without a path.
        stop: ends the program of the present run.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.stop: Callable[[], None] = lambda: None
        self._app: MockApp | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)

    @contextmanager
    def serve(self, app: MockApp) -> Iterator[str]:
        """Serve an application for the length of the block; returns the URL without a path."""
        self._app = app
        try:
            yield self.origin
        finally:
            self._app = None


@contextmanager
def start_server() -> Iterator[ProcessServer]:
    """Start a server on a free port, for the length of the block."""
    server = ProcessServer()
    with serve_app(server) as listener:
        host, port = listener.getsockname()[:2]
        server.origin = f"http://{host}:{port}"
        yield server
