"""uvicorn's HTTP protocol with connections that an application can break, and time limits."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from .breakable_connection import BreakableConnection
from .delivery import CONNECTION_EXTENSION, INVALID_HEAD, REQUEST_TIMEOUT, RequestProblem


class BreakableProtocol(HttpToolsProtocol):
    """Adds the connection of a request to the extensions of its ASGI scope, and ignores offers to
    switch to another protocol (RFC 9110, section 7.8).

    Args:
        config, server_state, app_state, _loop: As for HttpToolsProtocol.
        request_timeout: The seconds that a client has for the head of a request, from its first
            byte or from the start of the connection. A body has twice as long.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        request_timeout: float = REQUEST_TIMEOUT,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._request_timeout = request_timeout
        self._timed: object = None
        self._timer: asyncio.TimerHandle | None = None

    # asyncio declares a BaseTransport here; uvicorn always gets a Transport.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._closing = asyncio.Event()
        self._connection = BreakableConnection(transport, self._closing)
        self._in_head, self._in_body, self._rejected = False, False, False
        self._limit_time()
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
        self._limit_time()

    # uvicorn declares None, which asyncio reads as False.
    def eof_received(self) -> bool:  # type: ignore[override]
        """Respond to an incomplete request: the client may still read."""
        if self._rejected or not (self._in_head or self._is_uploading):
            return False
        # A client that disconnects is usual, and the journal has it; all else is worth a line.
        self._reject("the client ended the connection", level=logging.INFO)
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

    def _limit_time(self) -> None:
        """Limit the time for the current head or body, or for the wait for a request."""
        if self._rejected:
            self._start_timer(None, 0)
        elif self._in_body:
            self._start_timer(self.cycle, 2 * self._request_timeout)
        elif self._in_head:
            self._start_timer(self.scope, self._request_timeout)
        elif self.cycle is None or self.cycle.response_complete:
            self._start_timer("wait", self._request_timeout)
        else:
            self._start_timer(None, 0)

    def _start_timer(self, timed: object, seconds: float) -> None:
        """Start the time limit for an object, unless it is already running; None stops it."""
        if timed is self._timed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timed, self._timer = timed, None
        if timed is not None:
            self._timer = self.loop.call_later(seconds, self._end_slow_request, seconds)

    def _end_slow_request(self, seconds: float) -> None:
        timed, self._timed, self._timer = self._timed, None, None
        if self.pipeline:  # then uvicorn does not read, so the client cannot go on
            self._start_timer(timed, seconds)
        elif self._in_head:
            self._reject(f"the head has not arrived within {seconds:g} seconds", status=408)
        elif self._is_uploading:
            self._reject(f"a time limit of {seconds:g} seconds ended the upload", status=408)
        else:
            self.logger.warning("Closed a connection without a request after %g seconds", seconds)
            self.transport.close()

    def _reject(self, reason: str, *, status: int = 400, level: int = logging.WARNING) -> None:
        """Let the application respond to an invalid or incomplete request, then disconnect.

        Args:
            reason: The problem in words.
            status: The HTTP status of the response.
            level: The level of the line in the log.
        """
        self._rejected = True
        _log.log(level, "Invalid HTTP request received: %s", reason)
        if self._is_uploading and not self._in_head:
            self._break_upload(status, reason)
        else:
            self._replace_head(RequestProblem(status, reason))
        # A response that takes longer, or none, does not keep the connection open.
        self.loop.call_later(_CLOSE_SECONDS, self.transport.close)

    def _break_upload(self, status: int, reason: str) -> None:
        """End the body of the current request; the application may respond with this status."""
        self._connection.broken_upload = RequestProblem(status, reason)
        self.cycle.disconnected = True
        self.cycle.message_event.set()

    def _replace_head(self, problem: RequestProblem) -> None:
        """Parse a valid head in place of an invalid one, so that pipelining works as usual."""
        url = self.url if self._in_head else b""
        method = self.parser.get_method().decode("ascii") if url else "?"
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        raw_path = url.partition(b"?")[0] or b"?"
        path = raw_path.decode("latin-1")
        self.scope["method"], self.scope["path"], self.scope["raw_path"] = method, path, raw_path
        self.scope["extensions"] = {**self._extensions, INVALID_HEAD: {"problem": problem}}

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        self._in_head, self._in_body = False, True
        # Trailers are not headers (RFC 9110, section 6.5.1).
        self.headers = []
        self.scope["extensions"] = self._extensions
        self._connection.forget_completed()
        self._connection.cycles.append(self.cycle)

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            self._in_body = False
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # Breaks a reference cycle, which only the garbage collector would free.
        self._connection.forget_completed()
        self._closing.set()
        self._start_timer(None, 0)

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


_log = logging.getLogger(__name__)
_CLOSE_SECONDS: Final = 5
_TLS_HANDSHAKE: Final = b"\x16\x03"
_TLS_HINT: Final = "the client uses TLS, but the URL of the mock begins with http://"
