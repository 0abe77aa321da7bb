"""uvicorn's protocol for HTTP, with a connection that an application can break."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections import deque
from typing import Final

import anyio
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .delivery import EXTENSION


class BreakableProtocol(HttpToolsProtocol):
    """Tells each request the wire that it came by, in the extensions of its ASGI scope."""

    # asyncio's own signature knows no more than that there is a transport; uvicorn's does.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._over = asyncio.Event()
        self._wire = BreakableConnection(transport, self._over)
        self._extensions: dict[str, dict[object, object]] = {EXTENSION: {"wire": self._wire}}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.scope["extensions"] = self._extensions
        self._wire.drop_answered()
        self._wire.cycles.append(self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # They lead to the wire, and a circle would wait for the garbage collector.
        self._wire.drop_answered()
        self._over.set()

    def pause_writing(self) -> None:
        # When the server stops, no answer waits any more for a client that does not read.
        if not self._over.is_set():
            super().pause_writing()

    def shutdown(self) -> None:
        """Has what is under way come to its end: nothing is held back any longer."""
        super().shutdown()
        self._over.set()
        self.resume_writing()


class BreakableConnection:
    """A connection; `over` is set when it is lost, or the server stops. `cycles` are the requests
    on it that are not answered yet, and perhaps the last one that was.
    """

    __slots__ = ("_over", "_transport", "cycles")

    def __init__(self, transport: asyncio.Transport, over: asyncio.Event) -> None:
        self._transport, self._over = transport, over
        self.cycles = deque[RequestResponseCycle]()

    @property
    def _cycle(self) -> RequestResponseCycle:
        """The request that is being answered: those of one connection take turns."""
        return next(cycle for cycle in self.cycles if not cycle.response_complete)

    def drop_answered(self) -> None:
        """Forgets the requests that are answered."""
        while self.cycles and self.cycles[0].response_complete:
            self.cycles.popleft()

    @property
    def gone(self) -> bool:
        """Whether the client is gone."""
        return self._transport.is_closing()

    async def over(self) -> None:
        """Returns when the client is gone, or the server stops."""
        # Who has asked for more already is not read from, and would never be known to be gone.
        self._cycle.flow.resume_reading()
        await self._over.wait()
        if self._transport.is_closing():
            # Of several requests in a row, uvicorn tells only the last that its client is gone.
            self._cycle.disconnected = True

    async def cut(self, *, reset: bool) -> None:
        """Breaks the connection as soon as what was sent is on its way (FIN) or has arrived (RST,
        which throws away all that has not).
        """
        if reset:
            await self._arrived()
        # uvicorn then expects no more of this answer.
        self._cycle.disconnected = True
        if not reset:
            self._transport.close()
        elif not self._transport.is_closing():
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_TIME)
            self._transport.abort()

    @property
    def _socket(self) -> socket.socket:
        connected: socket.socket = self._transport.get_extra_info("socket")
        return connected

    async def _arrived(self) -> None:
        """Returns when the client has all that was sent, or the wire is over."""
        while not self._over.is_set() and self._outstanding():
            # The system tells how much is outstanding, but not when that changes.
            with anyio.move_on_after(_PAUSE):
                await self._over.wait()

    def _outstanding(self) -> int:
        """How many bytes the client has not acknowledged, as far as the system tells."""
        try:
            told = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            told = bytes(4)
        return self._transport.get_write_buffer_size() + int(struct.unpack("i", told)[0])


_NO_TIME: Final = struct.pack("ii", 1, 0)
_PAUSE: Final = 0.005
