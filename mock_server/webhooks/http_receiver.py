"""A receiver of events at a URL."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from .receiver import DeliveryError


class HttpReceiver:
    """Posts events to a URL, and waits at most `timeout` seconds for the next sign of life.

    Redirects are not followed, proxies of the environment are not used, and of the answer only the
    status is read. Raises ValueError for what is no URL of HTTP.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        if not _is_http(url):
            raise ValueError(f"the URL of a receiver must begin with http:// or https://: {url!r}")
        self.url, self._timeout = url, timeout
        # A connection that is kept may be closed by the receiver just as an event is sent, which
        # would cost an attempt.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._client = httpx2.Client(timeout=timeout, limits=limits, trust_env=False)

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int:
        """The status of the answer; raises DeliveryError where there is none."""
        try:
            with self._client.stream(
                "POST", self.url, headers=headers, content=body, follow_redirects=False
            ) as response:
                return response.status_code
        except httpx2.ConnectTimeout as error:
            raise DeliveryError(f"no connection within {self._timeout:g} s") from error
        except httpx2.TimeoutException as error:
            raise DeliveryError(f"no answer within {self._timeout:g} s") from error
        except httpx2.ConnectError as error:
            raise DeliveryError(f"no connection: {error}") from error
        except httpx2.HTTPError as error:
            raise DeliveryError(f"no answer: {error}") from error


def _is_http(url: str) -> bool:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
