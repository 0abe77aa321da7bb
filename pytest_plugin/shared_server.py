"""The mock on a socket: one server for a whole run, a fresh mock for every test."""

from __future__ import annotations

import atexit
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from socket import socket
from typing import Unpack

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..mock_server import WebhookWorker, create_app
from ..mock_server.http.server import base_url, serve_app
from .contract import Contract, note_violations
from .environment import client_environment
from .errors import InfiniteLoop
from .network_guard import NetworkGuard, guard_network
from .observed_mock import ObservedMock
from .options import MockOptions, MockOptionsDict
from .program_time.mock_time import replace_time_for


class SharedServer:
    """An ASGI application whose content is replaced from test to test, on one socket."""

    def __init__(self) -> None:
        self.app: ASGIApp = _no_test_running
        self.listener: socket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except InfiniteLoop as error:
            response = PlainTextResponse(f"infinite loop: {error}", status_code=500)
            await response(scope, receive, send)

    @contextmanager
    def mount(self, app: ASGIApp) -> Iterator[None]:
        """Serve an application for the length of the block."""
        before, self.app = self.app, app
        try:
            yield
        finally:
            self.app = before

    @contextmanager
    def mount_mock(self, options: MockOptions, contract: Contract) -> Iterator[ObservedMock]:
        """Serve a new mock with these options for the length of the block."""
        __tracebackhide__ = True
        if options.replaces_time and options.webhook is not None:
            raise ValueError("with a ProgramClock, only video_mock and mock_videos() send webhooks")
        service, journal = options.create_service(contract)
        url = base_url(self.listener, service.document)
        app = create_app(service=service, journal=journal)
        # The worker sends webhooks in its own thread: the clock may be moved by the server's
        # thread, which must not wait for receivers.
        webhooks = service.webhooks
        worker = WebhookWorker(webhooks, clock=service.clock) if webhooks else nullcontext()
        guard = NetworkGuard(
            [url for url in (options.base_url, service.document.server_url) if url],
            allow_other_hosts=options.other_hosts == "pass",
            advice=f"the mock is at {url}",
            on_blocked=journal.connection_blocked,
        )
        with (
            guard_network(guard),
            self.mount(app),
            client_environment(url, *options.keys[:1], webhook_secret=options.webhook_secret),
            worker,
            replace_time_for(service),
        ):
            yield ObservedMock(
                service,
                base_url=url,
                journal=journal,
                contract=contract,
                initial_plans=options.plans_faults,
            )


@contextmanager
def serve_videos(**options: Unpack[MockOptionsDict]) -> Iterator[ObservedMock]:
    """Serve the API on a local socket, for clients of any kind: `with serve_videos() as server`.

    The keyword arguments are the options of MockOptions. The end of the block raises
    ContractError if a client broke the contract; an error that leaves the block gets a note
    with the violations.
    """
    __tracebackhide__ = True
    mock_options = MockOptions.read(**options)
    contract = mock_options.create_contract()
    with (
        note_violations(contract),
        _idle_server() as server,
        server.mount_mock(mock_options, contract) as mock,
    ):
        yield mock
    contract.verify(stacklevel=3)  # at the block: the caller of contextlib, which calls this
    if warning := contract.verify_use():
        warnings.warn(warning, stacklevel=3)


@contextmanager
def _idle_server() -> Iterator[SharedServer]:
    """Lend a server of this process for the length of the block; one is started if none is idle.

    Starting one takes longer than a whole test, so servers run until the process ends. Those of a
    parent process are of no use after a fork, which copies no threads.
    """
    idle = _idle_servers.setdefault(os.getpid(), [])
    server = idle.pop() if idle else _servers.enter_context(start_shared_server())
    try:
        yield server
    finally:
        idle.append(server)


@contextmanager
def start_shared_server() -> Iterator[SharedServer]:
    """Start a server on a free port, for the length of the block."""
    server = SharedServer()
    with serve_app(server) as listener:
        server.listener = listener
        yield server


def _stop_servers(process: int) -> None:
    """Stop the servers at the end of the process that started them."""
    if os.getpid() == process:
        _servers.close()


async def _no_test_running(scope: Scope, receive: Receive, send: Send) -> None:
    """Return 503 between tests, when a thread of an earlier test still sends requests."""
    await PlainTextResponse("no test is running", status_code=503)(scope, receive, send)


_idle_servers: dict[int, list[SharedServer]] = {}  # by the id of the process
_servers = ExitStack()
atexit.register(_stop_servers, os.getpid())
