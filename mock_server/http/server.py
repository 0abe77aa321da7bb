"""The application on a socket: in a thread for the length of a block, or until a signal."""

from __future__ import annotations

import asyncio
import socket
import sys
from asyncio import sleep  # not asyncio.sleep, which the program under test may have replaced
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import HTTPProtocolType

from ...openapi import Document
from ..clock import MovableClock, SystemClock
from ..controls import MockControls
from ..jobs.ids import RandomIds
from ..service import JobService, UnknownIds
from .app import create_app
from .delivery import REQUEST_TIMEOUT

SHUTDOWN_SECONDS = 3


class VideoServer(MockControls[MovableClock]):
    """A mock that listens on a socket.

    Args:
        base_url: The URL for clients, such as `http://127.0.0.1:4010/v1`.
    """

    def __init__(self, base_url: str, service: JobService[MovableClock]) -> None:
        super().__init__(service)
        self.base_url = base_url


@contextmanager
def serve_in_thread(
    document: Document | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    clock: MovableClock | None = None,
    seed: int | None = None,
    api_keys: Collection[str] = (),
    unknown_ids: UnknownIds = "refuse",
    strict: bool = True,
) -> Iterator[VideoServer]:
    """Serve a document on a socket for the length of the block, in a thread of this process.

    Args:
        document: The document to serve; the bundled one by default.
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one. OSError if it is not available.
        clock, seed, api_keys, unknown_ids: As for JobService.
        strict: Check each reply against the document.
    """
    service = JobService(
        document,
        clock=clock or SystemClock(),
        ids=RandomIds(seed),
        api_keys=api_keys,
        unknown_ids=unknown_ids,
        strict=strict,
    )
    with serve_app(create_app(service=service), host=host, port=port) as listener:
        yield VideoServer(base_url(listener, service.document), service)


@contextmanager
def serve_app(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    request_timeout: float = REQUEST_TIMEOUT,
) -> Iterator[socket.socket]:
    """Serve an application for the length of the block, in a thread of this process.

    Port 0 picks a free port; the returned socket has its number. Raises OSError if the port is not
    available. `request_timeout` is the time limit as for `run`.
    """
    with listen(host, port) as listener:
        started = Event()
        server = _Server(app, on_started=started.set, request_timeout=request_timeout)
        thread = Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="mock server", daemon=True
        )
        thread.start()
        started.wait()
        try:
            yield listener
        finally:
            server.should_exit = True
            thread.join()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises OSError if the port is not available."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def base_url(listener: socket.socket, document: Document) -> str:
    """Return the URL of the mocked API on this socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{document.base_path}"


def run(
    app: ASGIApp,
    listener: socket.socket,
    *,
    on_started: Callable[[], None],
    request_timeout: float = REQUEST_TIMEOUT,
) -> None:
    """Serve until SIGINT or SIGTERM; open requests then have SHUTDOWN_SECONDS to finish.

    Args:
        on_started: Called once the server accepts requests and handles signals.
        request_timeout: The seconds for the head of a request, and for the wait for one; a body
            has twice as long.
    """
    _Server(app, on_started=on_started, request_timeout=request_timeout).run(sockets=[listener])


def _http_protocol(request_timeout: float) -> HTTPProtocolType | Callable[..., asyncio.Protocol]:
    """Return the protocol that can break connections, if the platform supports it."""
    if sys.platform == "win32":
        return "auto"
    from .uvicorn_protocol import BreakableProtocol

    return partial(BreakableProtocol, request_timeout=request_timeout)


class _Server(uvicorn.Server):
    """A uvicorn server with the settings of the mock and a callback for its start."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        on_started: Callable[[], None],
        request_timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_http_protocol(request_timeout),  # type: ignore[arg-type]  # uvicorn only calls it
            ws="none",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        """Look ten times a second whether to exit, by a sleep that no test replaces."""
        ticks = 0
        while not await self.on_tick(ticks):
            await sleep(0.1)
            ticks += 1
