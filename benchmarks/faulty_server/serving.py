"""A faulty server on a socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from .server import PREFIX, create_app


@contextmanager
def serve(
    fault: str | None = None,
    variant: str | None = None,
    *,
    now: Callable[[], float] = time.time,
) -> Iterator[str]:
    """Serve a server on a free port, and yield its base URL.

    fault: the name of its fault
    variant: the name of its variant
    now: returns the Unix time in seconds
    """
    app = create_app(fault=fault, variant=variant, now=now)
    # uvicorn would log truncated responses as errors of the application.
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}{PREFIX}"
        finally:
            server.should_exit = True
            thread.join()
