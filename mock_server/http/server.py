"""The application on a socket: in this process until a signal, or in a thread for the length of a
block.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
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

GRACE_SECONDS = 3


class VideoServer(MockControls[MovableClock]):
    """A mock that listens on a socket. `base_url` is what clients are pointed at, such as
    `http://127.0.0.1:4010/v1`.
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
    """Serves a document (the bundled one by default) for the length of the block, in a thread of
    this process.

    Port 0 takes a free one. The other arguments are those of JobService; the replies are checked
    against the document unless `strict` is off. Raises OSError if the port cannot be had.
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
def serve_app(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """Serves an application for the length of the block, in a thread of this process.

    Port 0 takes a free one; the socket that listens knows which. Raises OSError if the port cannot
    be had.
    """
    with listen(host, port) as listener:
        started = Event()
        server = _Server(app, started=started.set)
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
    """A socket that listens; raises OSError if the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def base_url(listener: socket.socket, document: Document) -> str:
    """The URL of the API on this socket."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{document.base_path}"


def run(
    app: ASGIApp, listener: socket.socket, *, started: Callable[[], None], log_requests: bool
) -> None:
    """Serves until SIGINT or SIGTERM; requests under way then have some seconds to end.

    `started` is called as soon as requests are answered and signals are heeded.
    """
    _Server(app, started=started, log_requests=log_requests).run(sockets=[listener])


def _protocol() -> HTTPProtocolType | type[asyncio.Protocol]:
    """The protocol that can break connections, where the system lets it."""
    if sys.platform == "win32":
        return "auto"
    from .uvicorn_protocol import BreakableProtocol

    return BreakableProtocol


class _Server(uvicorn.Server):
    """A uvicorn server, as the mock needs it, that says when it has started."""

    def __init__(
        self, app: ASGIApp, *, started: Callable[[], None], log_requests: bool = False
    ) -> None:
        config = uvicorn.Config(
            app,
            http=_protocol(),
            ws="none",
            lifespan="off",
            access_log=log_requests,
            log_level="warning",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        if log_requests:
            log = logging.getLogger("uvicorn.access")
            log.setLevel(logging.INFO)
            log.addFilter(hide_query)
        super().__init__(config)
        self._say_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say_started()


def hide_query(record: logging.LogRecord) -> bool:
    """Remove the query from a record of uvicorn's access log, because it may hold an API key.

    A filter of `logging`; it always returns True.
    """
    if isinstance(record.args, tuple):
        record.args = tuple(
            _QUERY.sub("?...", each) if isinstance(each, str) else each for each in record.args
        )
    return True


_QUERY = re.compile(r"\?.*", re.DOTALL)
