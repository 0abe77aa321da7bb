"""A server on the network, as the walk asks it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping

import httpx2

from ...openapi import Call, Document, Reply
from ..errors import ServerUnreachable
from ..traffic.exchange import Exchange, read_exchange
from ..traffic.request_builder import url_of

LONGEST_SECONDS, LARGEST_BYTES = 600.0, 512 * 1024 * 1024
_ORIGIN = time.time() - time.monotonic()


def steady_time() -> float:
    """The moment, in Unix seconds, by a clock that nobody sets while the program runs."""
    return _ORIGIN + time.monotonic()


class HttpTarget:
    """A server at a base URL, asked with one client.

    `now` tells the moment of an answer, in Unix seconds, and never runs backwards; `sleep` lets
    time pass. An answer that takes LONGEST_SECONDS or is larger than LARGEST_BYTES is broken off.
    """

    def __init__(
        self,
        document: Document,
        base_url: str,
        client: httpx2.Client,
        *,
        now: Callable[[], float] = steady_time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._document, self._base_url, self._client = document, base_url.rstrip("/"), client
        self._now, self._sleep = now, sleep
        self._answered = False

    def send(self, call: Call) -> Exchange:
        """Sends the call once. An exchange without a reply is one that broke off; Unreachable is
        raised if there never was an answer.
        """
        began = self._now()
        reply = self._reply(call)
        now = self._now()
        return read_exchange(self._document, call, reply, at=now, took=max(0.0, now - began))

    def _reply(self, call: Call) -> Reply | None:
        method = self._document.operations[call.operation_id].method
        url = url_of(self._document, call, self._base_url)
        try:
            response, body = self._send(method, url, call, call.headers)
        except httpx2.LocalProtocolError:
            # Its text holds what could not be sent, and that may be the key.
            raise ServerUnreachable(
                "a request cannot be sent: a header holds what none can"
            ) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol) as error:
            if not self._answered:
                raise ServerUnreachable(f"{self._base_url} {_trouble(error)}") from error
            return None
        except (httpx2.HTTPError, httpx2.InvalidURL):  # such as an id too long for a URL
            return None
        self._answered = True
        return Reply(response.status_code, dict(response.headers), body)

    def _send(
        self, method: str, url: str, call: Call, headers: Mapping[str, str], redirects: int = 5
    ) -> tuple[httpx2.Response, bytes]:
        """Sends a request and follows redirects, but not of what makes or deletes something; the
        key stays at the server that it is for.
        """
        response, body = self._read(method, url, headers, call.body)
        following, credentials = response.next_request, self._document.credentials
        if following is None or method != "GET" or not redirects:
            return response, body
        if credentials and _origin(following.url) != _origin(response.url):
            headers = {k: v for k, v in headers.items() if k != credentials.header}
        return self._send(method, str(following.url), call, headers, redirects - 1)

    def _read(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[httpx2.Response, bytes]:
        """Sends a request and reads all of its answer, up to a time and a size: the time-out of the
        client is for each piece by itself.
        """
        # With a cookie of an earlier answer, a request without a key might be let in.
        self._client.cookies.clear()
        began, answer = self._now(), bytearray()
        with self._client.stream(
            method, url, headers=headers, content=body or None, follow_redirects=False
        ) as response:
            for chunk in response.iter_bytes():
                answer += chunk
                if self._now() - began > LONGEST_SECONDS or len(answer) > LARGEST_BYTES:
                    raise httpx2.ReadTimeout("the answer does not end")
        return response, bytes(answer)

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        self._sleep(seconds)


def _trouble(error: BaseException) -> str:
    """Why there is no connection, and whether it is for want of trust."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"cannot be trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"does not speak TLS as it should: {cause.reason or cause}"
        cause = cause.__cause__ or cause.__context__
    return f"does not answer: {error}"


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
