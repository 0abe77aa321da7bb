"""A target that is reached over HTTP."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping

import httpx2

from ...openapi import Call, Document, Reply
from ..errors import ServerUnreachable
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.request_builder import url_of

MAX_RESPONSE_SECONDS, MAX_RESPONSE_BYTES = 600.0, 512 * 1024 * 1024


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
    problem: the reason why the last connection broke, None if none did

    A response that takes longer or has more than MAX_RESPONSE_BYTES is aborted.
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
    ) -> None:
        self._document, self._base_url, self._client = document, base_url.rstrip("/"), client
        # Not as default arguments: a test may replace the functions of `time` after the import.
        self._now, self._sleep = now or monotonic_unix_clock(), sleep or time.sleep
        self._max_seconds = min(max_seconds, MAX_RESPONSE_SECONDS)
        self._responded = False
        self.problem: str | None = None

    def send(self, call: Call) -> Exchange:
        """Send the call once. The exchange has no reply if the connection broke.

        Raises ServerUnreachable if the server has never responded.
        """
        began = self._now()
        try:
            reply, sent = self._reply(call), True
        except _NOT_CONNECTED as error:
            if not self._responded:
                raise ServerUnreachable(f"{self._base_url} {_connection_problem(error)}") from error
            reply, sent = None, False
        now = self._now()
        took = max(0.0, now - began)
        return read_exchange(self._document, call, reply, at=now, took=took, sent=sent)

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds."""
        self._sleep(seconds)

    def _reply(self, call: Call) -> Reply | None:
        method = self._document.operations[call.operation_id].method
        url = url_of(self._document, call, self._base_url)
        try:
            response, body = self._send(method, url, call, call.headers)
        except httpx2.LocalProtocolError:
            # The error's text holds the invalid value, which may be the API key.
            raise ServerUnreachable(
                "a request cannot be sent: a header contains an invalid character"
            ) from None
        except _NOT_CONNECTED:
            raise
        # such as an id that is too long for a URL
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self.problem = str(error) or type(error).__name__
            return None
        self._responded = True
        return Reply(response.status_code, dict(response.headers), body)

    def _send(
        self, method: str, url: str, call: Call, headers: Mapping[str, str], redirects: int = 5
    ) -> tuple[httpx2.Response, bytes]:
        """Send a request and follow redirects of a GET. The key is not sent to another host."""
        response, body = self._read(method, url, headers, call.body)
        redirect, credentials = response.next_request, self._document.credentials
        if redirect is None or method != "GET" or not redirects:
            return response, body
        if credentials and _origin(redirect.url) != _origin(response.url):
            headers = {k: v for k, v in headers.items() if k != credentials.header}
        return self._send(method, str(redirect.url), call, headers, redirects - 1)

    def _read(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[httpx2.Response, bytes]:
        """Send a request and read the whole response within the limits of time and size. The
        client's own time-out applies to each chunk alone.
        """
        # A cookie from an earlier response could authenticate a request without a key.
        self._client.cookies.clear()
        began, content = self._now(), bytearray()
        with self._client.stream(
            method, url, headers=headers, content=body or None, follow_redirects=False
        ) as response:
            for chunk in response.iter_bytes():
                content += chunk
                if self._now() - began > self._max_seconds:
                    limit = f"{self._max_seconds:g} seconds"
                    raise httpx2.ReadTimeout(f"the response does not end within {limit}")
                if len(content) > MAX_RESPONSE_BYTES:
                    raise httpx2.ReadTimeout(
                        f"the response has more than {MAX_RESPONSE_BYTES} bytes"
                    )
        return response, bytes(content)


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
