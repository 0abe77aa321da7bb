"""The mock on a socket: one server for a whole run, a fresh mock for every test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

from starlette.types import ASGIApp, Receive, Scope, Send

from ..contracts import Exchange
from ..mock_server import JobService, VideoServer, create_app
from ..mock_server.server import base_url, serve_app
from .contract import Contract, Journal
from .options import MockOptions
from .surroundings import surroundings


class WatchedServer(VideoServer):
    """A mock on a socket whose requests are written down. `base_url` is where it is."""

    def __init__(self, base_url: str, service: JobService, journal: Journal) -> None:
        super().__init__(base_url, service)
        self._journal = journal

    @property
    def requests(self) -> list[Exchange]:
        """The calls since the last reset, with `operation_id`, `fields`, `files` and `status`."""
        return self._journal.requests

    def reset(self) -> None:
        """Forgets every job and request, and what was set for the next ones."""
        super().reset()
        self._journal.cut()


class SwitchingServer:
    """A server that goes on while the application behind it changes."""

    def __init__(self) -> None:
        self.app: ASGIApp = _nobody
        self.listener: socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    @contextmanager
    def using(self, app: ASGIApp) -> Iterator[None]:
        """Serves an application for the length of a block."""
        before, self.app = self.app, app
        try:
            yield
        finally:
            self.app = before

    @contextmanager
    def serving(self, options: MockOptions, contract: Contract) -> Iterator[WatchedServer]:
        """Serves the mock that the options describe, for the length of a block."""
        service = options.service()
        journal = contract.open(service.document, service.clock)
        url = base_url(self.listener, service.document)
        with self.using(create_app(service=service, observer=journal)), surroundings(url):
            yield WatchedServer(url, service, journal)


@contextmanager
def switching_server() -> Iterator[SwitchingServer]:
    """A server on a free port, for the length of a block."""
    server = SwitchingServer()
    with serve_app(server) as listener:
        server.listener = listener
        yield server


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 503 while no test is under way: a thread of an earlier test is still asking."""
    await send({"type": "http.response.start", "status": 503, "headers": []})
    await send({"type": "http.response.body", "body": b"no test is under way"})
