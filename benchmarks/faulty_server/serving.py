"""The faulty servers over a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from .server import PREFIX, create_app


@contextmanager
def serve(fault: str | None = None, variant: str | None = None) -> Iterator[str]:
    """Serve one server on a free port; gives the base URL, with the prefix of the paths."""
    app = create_app(fault=fault, variant=variant, now=time.time)
    # Answers that break off are reported as errors of the application, which here they are not.
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
