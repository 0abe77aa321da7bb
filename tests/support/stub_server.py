"""Servers that are not mocks, on real sockets."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aisa_testkit.mock_server.http.server import serve_app

METHODS = ["GET", "POST", "DELETE"]


@contextmanager
def stub_server(
    respond: Callable[[Request], Awaitable[Response]], path: str = "/{rest:path}"
) -> Iterator[str]:
    """Responds to every request at a path, at any path by default, and yields the server's URL."""
    with serve_app(Starlette(routes=[Route(path, respond, methods=METHODS)])) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def unused_server() -> Iterator[str]:
    """A listening socket that must receive no connection; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            listener.accept()
        except BlockingIOError:
            return
    raise AssertionError("a request was sent")


def closed_url() -> str:
    """The URL of a port on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
