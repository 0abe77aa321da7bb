"""uvicorn's HTTP protocol with connections that an application can break."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections import deque
from typing import Final

import anyio
import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from .delivery import CONNECTION_EXTENSION, INVALID_HEAD, BrokenUpload


class BreakableProtocol(HttpToolsProtocol):
    """Adds the connection of a request to the extensions of its ASGI scope, and ignores offers to
    switch to another protocol (RFC 9110, section 7.8).
    """

    # asyncio declares a BaseTransport here; uvicorn always gets a Transport.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._closing = asyncio.Event()
        self._connection = BreakableConnection(transport, self._closing)
        self._in_head, self._rejected = False, False
        self._extensions: dict[str, dict[object, object]] = {
            CONNECTION_EXTENSION: {"connection": self._connection}
        }

    def data_received(self, data: bytes) -> None:
        if self._rejected:
            return
        self._unset_keepalive_if_required()
        try:
            while data:
                data = self._parse(data)
        except httptools.HttpParserError as error:
            self._reject(_TLS_HINT if data.startswith(_TLS_HANDSHAKE) else str(error))

    # uvicorn declares None, which asyncio reads as False.
    def eof_received(self) -> bool:  # type: ignore[override]
        """Respond to an incomplete request: the client may still read."""
        if self._rejected or not (self._in_head or self._is_uploading):
            return False
        self._reject("the client ended the connection")
        return True

    def _parse(self, data: bytes) -> bytes:
        """Parse data; return what follows a head with an offer, which is not parsed yet."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._parse_head_without_offer()
            return data[offer.args[0] :]
        return b""

    def _parse_head_without_offer(self) -> None:
        """Parse the current head again as if it offered no other protocol.

        The parser takes the bytes after such a head for the other protocol, and skips the body.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version()
        if method == b"CONNECT":
            raise httptools.HttpParserInvalidMethodError("CONNECT")
        request_line = b"%s %s HTTP/%s\r\n" % (method, self.url, version.encode())
        headers = self.headers
        lines = [b"%s: %s\r\n" % header for header in headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn does: a request after one with "Connection: close" is not malformed.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"".join([request_line, *lines, b"\r\n"]))
        # The application gets all headers that were sent.
        self.scope["headers"] = headers

    @property
    def _is_uploading(self) -> bool:
        """True while the body of a request arrives that has no response yet."""
        return self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete

    def _reject(self, reason: str) -> None:
        """Let the application respond to an invalid or incomplete request, then disconnect."""
        self._rejected = True
        self.logger.warning("Invalid HTTP request received: %s", reason)
        if self._is_uploading and not self._in_head:
            self._break_upload(400, reason)
        else:
            self._replace_head(reason)
        # A response that takes longer, or none, does not keep the connection open.
        self.loop.call_later(_CLOSE_SECONDS, self.transport.close)

    def _break_upload(self, status: int, reason: str) -> None:
        """End the body of the current request; the application may respond with this status."""
        self._connection.broken_upload = BrokenUpload(status, reason)
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _replace_head(self, reason: str) -> None:
        """Parse a valid head in place of an invalid one, so that pipelining works as usual."""
        url = self.url if self._in_head else b""
        method = self.parser.get_method().decode("ascii") if url else "?"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        raw_path = url.partition(b"?")[0] or b"?"
        path = raw_path.decode("latin-1")
        self.scope["method"], self.scope["path"], self.scope["raw_path"] = method, path, raw_path
        self.scope["extensions"] = {**self._extensions, INVALID_HEAD: {"reason": reason}}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        self._in_head = False
        # Trailers are not headers (RFC 9110, section 6.5.1).
        self.headers = []
        self.scope["extensions"] = self._extensions
        self._connection.forget_completed()
        self._connection.cycles.append(self.cycle)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Breaks a reference cycle, which only the garbage collector would free.
        self._connection.forget_completed()
        self._closing.set()

    def pause_writing(self) -> None:
        # A stopping server does not wait for clients that have stopped reading.
        if not self._closing.is_set():
            super().pause_writing()

    def shutdown(self) -> None:
        """Stop, and end the delays of open responses."""
        super().shutdown()
        if self._is_uploading and not self._rejected:
            self._rejected = True
            self._break_upload(503, "the server stops")
        self._closing.set()
        self.resume_writing()


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
        self.broken_upload: BrokenUpload | None = None

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
_CLOSE_SECONDS: Final = 5
_TLS_HANDSHAKE: Final = b"\x16\x03"
_TLS_HINT: Final = "the client uses TLS, but the URL of the mock begins with http://"
