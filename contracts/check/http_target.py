"""A target that is reached over HTTP."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode, urljoin

import httpx2

from ...openapi import Call, Document, Reply
from ...openapi.jobs import ResultOperation
from ...openapi.request_key import sent
from ...openapi.text import one_line
from ..errors import CheckTimedOut, ServerUnreachable
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.file_read import FileReply
from ..traffic.request_builder import url_of
from .abortable_connections import AbortableConnections

MAX_RESPONSE_SECONDS = 600.0
MAX_FILE_BYTES, MAX_JSON_BYTES = 512 * 1024 * 1024, 16 * 1024 * 1024


def monotonic_unix_clock() -> Callable[[], float]:
    """Return a clock that never jumps and returns the Unix time in seconds."""
    monotonic = time.monotonic
    epoch = time.time() - monotonic()
    return lambda: epoch + monotonic()


class HttpTarget:
    """A server at a base URL.

    client: the HTTP client that sends the requests
    now: returns the Unix time in seconds and never runs backwards; None for real time
    sleep: waits for a number of seconds; None for `time.sleep`
    max_seconds: the longest time for one response, at most MAX_RESPONSE_SECONDS
    max_total_seconds: the longest time for all requests and waits together, None for no limit

    A response that takes longer is aborted. A file of more than MAX_FILE_BYTES, and any other
    response of more than MAX_JSON_BYTES, is cut off and not checked.
    """

    def __init__(
        self,
        document: Document,
        base_url: str,
        client: httpx2.Client,
        *,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
        max_seconds: float = MAX_RESPONSE_SECONDS,
        max_total_seconds: float | None = None,
    ) -> None:
        self._document, self._base_url, self._client = document, base_url.rstrip("/"), client
        # Not as default arguments: a test may replace the functions of `time` after the import.
        self._now, self._sleep = now or monotonic_unix_clock(), sleep or time.sleep
        self._max_seconds = min(max_seconds, MAX_RESPONSE_SECONDS)
        self._max_total_seconds = max_total_seconds
        total = float("inf") if max_total_seconds is None else max_total_seconds
        self._deadline = self._now() + total
        self._connections = AbortableConnections(self._now)
        self._responded = False

    def send(self, call: Call) -> Exchange:
        """Send the call once. Without a complete response the exchange has no reply, but a problem.

        Raises ServerUnreachable if the server has never responded, and CheckTimedOut if the time
        for all requests is over.
        """
        began = self._now()
        self._raise_if_late(began)
        reply, problem, sent, was_cut = None, "", True, False
        try:
            with self._connections.closed_after(min(self._max_seconds, self._deadline - began)):
                received = self._reply(call)
            reply = received
        except _NOT_CONNECTED as error:
            if not self._responded:
                raise ServerUnreachable(f"{self._base_url} {_connection_problem(error)}") from error
            problem, sent = _describe(error), False
        # such as an id that is too long for a URL
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            problem, was_cut = _describe(error), isinstance(error, _ResponseTooLong)
        now = self._now()
        took = max(0.0, now - began)
        exchange = read_exchange(self._document, call, reply, at=now, took=took, sent=sent)
        return replace(exchange, problem=problem, was_recorded=not was_cut)

    def read_file(self, url: str, headers: Mapping[str, str]) -> FileReply:
        """Read a file at an address; the headers are sent to this server alone, if it asks."""
        began = self._now()
        self._raise_if_late(began)
        try:
            address, is_own = self._address(url), self.owns(url)
            with self._connections.closed_after(min(self._max_seconds, self._deadline - began)):
                response, body = self._get_file(address, {})
                if response.status_code in _ASKS_FOR_MORE and is_own and headers:
                    response, body = self._get_file(*self._with_key(address, headers))
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return FileReply(None, problem=_describe(error))
        return FileReply(Reply(response.status_code, dict(response.headers), body))

    def owns(self, url: str) -> bool:
        """Return True if an address is one of this server."""
        try:
            return _origin(httpx2.URL(self._address(url))) == _origin(httpx2.URL(self._base_url))
        except (httpx2.InvalidURL, ValueError):
            return True  # no request can be sent there, which is a problem of this server

    def _address(self, url: str) -> str:
        return urljoin(f"{self._base_url}/", url)

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds.

        Raises CheckTimedOut at once if the time for all requests would be over.
        """
        self._raise_if_late(self._now() + seconds)
        self._sleep(seconds)

    def _raise_if_late(self, time: float) -> None:
        if time >= self._deadline:
            raise CheckTimedOut(f"the check takes more than {self._max_total_seconds:g} seconds")

    def _reply(self, call: Call) -> Reply:
        method, call = (
            self._document.operations[call.operation_id].method,
            self._document.sent(call),
        )
        url = url_of(self._document, call, self._base_url)
        try:
            response, body = self._send(method, url, call.body, call.headers, self._max_bytes(call))
        except httpx2.LocalProtocolError:
            # The error's text holds the invalid value, which may be the API key.
            raise ServerUnreachable(
                "a request cannot be sent: a header contains an invalid character"
            ) from None
        self._responded = True
        return Reply(response.status_code, dict(response.headers), body)

    def _max_bytes(self, call: Call) -> int:
        roles = self._document.roles.get(call.operation_id, ())
        is_file = any(isinstance(r, ResultOperation) and r.media_type is not None for r in roles)
        return MAX_FILE_BYTES if is_file else MAX_JSON_BYTES

    def _with_key(self, url: str, headers: Mapping[str, str]) -> tuple[str, Mapping[str, str]]:
        """Return the address and the headers of a request for a file with the key."""
        known = self._document.credentials
        call = sent(Call("", headers=headers), (), known) if known else Call("", headers=headers)
        mark = "&" if "?" in url else "?"
        return url + (f"{mark}{urlencode(call.query)}" if call.query else ""), call.headers

    def _get_file(self, url: str, headers: Mapping[str, str]) -> tuple[httpx2.Response, bytes]:
        return self._send("GET", url, b"", headers, MAX_FILE_BYTES)

    def _send(
        self,
        method: str,
        url: str,
        content: bytes,
        headers: Mapping[str, str],
        max_bytes: int,
        redirects: int = 5,
    ) -> tuple[httpx2.Response, bytes]:
        """Send a request and follow redirects of a GET. The key is not sent to another host."""
        response, body = self._read(method, url, content, headers, max_bytes)
        redirect, credentials = response.next_request, self._document.credentials
        if redirect is None or method != "GET" or not redirects:
            return response, body
        if credentials and _origin(redirect.url) != _origin(response.url):
            secrets = (credentials.header, "cookie")
            headers = {k: v for k, v in headers.items() if k not in secrets}
        return self._send(method, str(redirect.url), content, headers, max_bytes, redirects - 1)

    def _read(
        self, method: str, url: str, sent: bytes, headers: Mapping[str, str], max_bytes: int
    ) -> tuple[httpx2.Response, bytes]:
        """Send a request and read the whole response. Raises _ResponseTooLong."""
        # A cookie from an earlier response could authenticate a request without a key.
        self._client.cookies.clear()
        content = bytearray()
        with self._client.stream(
            method,
            url,
            headers=headers,
            content=sent or None,
            follow_redirects=False,
            timeout=self._timeouts(),
            extensions=self._connections.extensions,
        ) as response:
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > max_bytes:
                    raise _ResponseTooLong(f"it was cut off after {max_bytes} bytes")
        return response, bytes(content)

    def _timeouts(self) -> httpx2.Timeout:
        """Return the time-outs of the client. A connection that is not open cannot be closed."""
        limits = self._client.timeout
        left = min(self._max_seconds, self._deadline - self._now())
        return httpx2.Timeout(
            connect=max(_MIN_CONNECT_SECONDS, min(left, limits.connect or left)),
            read=limits.read,
            write=limits.write,
            pool=limits.pool,
        )


class _ResponseTooLong(httpx2.HTTPError):
    """A response has more bytes than the check reads."""


def _describe(error: Exception) -> str:
    return one_line(str(error) or type(error).__name__)


def _connection_problem(error: BaseException) -> str:
    """Return why the connection failed, in words that follow the URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"has an untrusted certificate: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"failed the TLS handshake: {cause.reason or cause}"
        cause = cause.__cause__ or cause.__context__
    return f"does not respond: {error}"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


_NOT_CONNECTED = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol)
_ASKS_FOR_MORE = (400, 401, 403)  # for the key, or for another header that is required
_MIN_CONNECT_SECONDS = 0.1  # 0 is not a time-out, but no waiting at all
