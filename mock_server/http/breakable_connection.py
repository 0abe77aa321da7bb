"""A connection of uvicorn that an application can break."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections import deque
from typing import Final

import anyio
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from .delivery import RequestProblem


class BreakableConnection:
    """A connection that can be closed in the middle of a response.

    `cycles` holds the requests without a complete response, and perhaps the last complete one.

    Args:
        transport: The transport of the connection.
        closing: The event that is set when the client has disconnected or the server stops.
    """

    __slots__ = ("_closing", "_transport", "broken_upload", "cycles")

    def __init__(self, transport: asyncio.Transport, closing: asyncio.Event) -> None:
        self._transport, self._closing = transport, closing
        self.cycles = deque[RequestResponseCycle]()
        self.broken_upload: RequestProblem | None = None

    @property
    def _current_cycle(self) -> RequestResponseCycle:
        """The current request: requests of one connection are handled one after the other."""
        return next(cycle for cycle in self.cycles if not cycle.response_complete)

    def forget_completed(self) -> None:
        """Drop the requests with a complete response."""
        while self.cycles and self.cycles[0].response_complete:
            self.cycles.popleft()

    def allow_response(self) -> None:
        """Accept a response to a broken upload; the connection is closed after it."""
        # uvicorn discards responses to clients that have disconnected.
        self._current_cycle.disconnected, self._current_cycle.keep_alive = False, False

    @property
    def disconnected(self) -> bool:
        """True if the client has disconnected."""
        return self._transport.is_closing()

    async def wait_until_closing(self) -> None:
        """Return when the client has disconnected or the server stops."""
        # uvicorn pauses reading while a pipelined request waits, and a paused transport never
        # reports a disconnect.
        self._current_cycle.flow.resume_reading()
        await self._closing.wait()
        if self._transport.is_closing():
            # uvicorn marks only the last of several pipelined requests as disconnected.
            self._current_cycle.disconnected = True

    async def close(self, *, reset: bool) -> None:
        """Close the connection: by a FIN at once, or by a RST once the client has all bytes.

        A RST discards bytes that have not arrived.
        """
        if reset:
            await self._wait_until_acknowledged()
        # uvicorn then expects no more of this response.
        self._current_cycle.disconnected = True
        if not reset:
            self._transport.close()
        elif not self._transport.is_closing():
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            self._transport.abort()

    @property
    def _socket(self) -> socket.socket:
        connected: socket.socket = self._transport.get_extra_info("socket")
        return connected

    async def _wait_until_acknowledged(self) -> None:
        """Return when the client has acknowledged all bytes, or the connection is closing."""
        while not self._closing.is_set() and self._unacknowledged_bytes():
            # The operating system has no event for this, so it is polled.
            with anyio.move_on_after(_POLL_SECONDS):
                await self._closing.wait()

    def _unacknowledged_bytes(self) -> int:
        """Return the number of sent bytes without acknowledgement, 0 if it is unknown."""
        try:
            queued = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            queued = bytes(4)
        return self._transport.get_write_buffer_size() + int(struct.unpack("i", queued)[0])


_LINGER_ZERO: Final = struct.pack("ii", 1, 0)
_POLL_SECONDS: Final = 0.005
