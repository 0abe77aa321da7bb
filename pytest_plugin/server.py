"""The mock on a socket: one server for a whole run, a fresh mock for every test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from socket import socket

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..mock_server import WebhookWorker, create_app
from ..mock_server.http.server import base_url, serve_app
from .checked_block import CheckedBlock
from .contract import Contract
from .environment import environment
from .journal import InfiniteLoop
from .observed_mock import ObservedMock
from .options import MockOptions
from .request_log import WatchedTraffic


class SwitchingServer:
    """A server that goes on while the application behind it changes."""

    def __init__(self) -> None:
        self.app: ASGIApp = _nobody
        self.listener: socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except InfiniteLoop as runaway:
            response = PlainTextResponse(str(runaway), status_code=500)
            await response(scope, receive, send)

    @contextmanager
    def using(self, app: ASGIApp) -> Iterator[None]:
        """Serves an application for the length of a block."""
        before, self.app = self.app, app
        try:
            yield
        finally:
            self.app = before

    @contextmanager
    def serving(self, options: MockOptions, contract: Contract) -> Iterator[ObservedMock]:
        """Serves the mock that the options describe, for the length of a block."""
        __tracebackhide__ = True
        service, journal = options.start(contract)
        url = base_url(self.listener, service.document)
        app = create_app(service=service, journal=WatchedTraffic(journal))
        secret, webhooks = options.webhook_secret, service.webhooks
        # Not by whoever moves the clock: that may be the server, which must not wait for others.
        courier = WebhookWorker(webhooks, clock=service.clock) if webhooks else nullcontext()
        with (
            self.using(app),
            environment(url, *options.keys[:1], webhook_secret=secret),
            courier,
        ):
            yield ObservedMock(service, base_url=url, journal=journal, contract=contract)


class serve_videos(CheckedBlock):
    """Serves the API on a socket of this machine, for clients of any kind, for the length of a
    block: `with serve_videos() as video_server`.

    The arguments are those of MockOptions. At the end of the block ContractError is raised if a
    client broke the contract; an error that leaves the block is told so in a note.
    """

    def __enter__(self) -> ObservedMock:
        return self._begin(_served)


@contextmanager
def _served(options: MockOptions, contract: Contract) -> Iterator[ObservedMock]:
    with switching_server() as server, server.serving(options, contract) as mock:
        yield mock


@contextmanager
def switching_server() -> Iterator[SwitchingServer]:
    """A server on a free port, for the length of a block."""
    server = SwitchingServer()
    with serve_app(server) as listener:
        server.listener = listener
        yield server


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 503 while no test is under way: a thread of an earlier test is still asking."""
    await PlainTextResponse("no test is under way", status_code=503)(scope, receive, send)
