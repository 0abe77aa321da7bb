"""Connections that are closed when a response takes too long."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import httpx2


class AbortableConnections:
    """The connections of an httpx2 client, which can be closed while it reads from them.

    The time-outs of httpx2 apply to each read alone, so a server can drip its headers or its body.

    extensions: must be given to each request, to learn its connection

    Args:
        now: Returns the time in seconds. A thread calls it while a request is sent.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sockets: list[socket.socket] = []
        self.extensions: Mapping[str, Any] = {"trace": self._on_event}

    @contextmanager
    def closed_after(self, seconds: float) -> Iterator[None]:
        """Close the connections if the block has not ended after some seconds of the clock.

        Raises ReadTimeout if that happened, because a closed connection may look like a complete
        response.
        """
        deadline, ended, expired = self._now() + seconds, Event(), Event()

        def watch() -> None:
            # Again and again, because the client may be connecting.
            while not ended.wait(_INTERVAL):
                if self._now() > deadline:
                    expired.set()
                    self._close()

        thread = Thread(target=watch, name="aisa-testkit check", daemon=True)
        thread.start()
        try:
            yield
        except httpx2.TransportError:
            if not expired.is_set():
                raise
        finally:
            ended.set()
            thread.join()
        if expired.is_set():
            raise httpx2.ReadTimeout(f"the response does not end within {seconds:.3g} seconds")

    def _on_event(self, name: str, details: Mapping[str, Any]) -> None:
        if name.endswith(_CONNECTED):
            opened = [sock for sock in self._sockets if sock.fileno() >= 0]
            self._sockets = [*opened, details["return_value"].get_extra_info("socket")]

    def _close(self) -> None:
        for sock in self._sockets:
            with suppress(OSError):  # closed already
                sock.shutdown(socket.SHUT_RDWR)


_CONNECTED = ("connect_tcp.complete", "start_tls.complete")
_INTERVAL = 0.05  # seconds
