"""A receiver of events at a URL."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from ...openapi.text import mask_url
from ..errors import DeliveryError


class HttpReceiver:
    """Posts events to a URL.

    Redirects are not followed, proxies of the environment are not used, and only the status of the
    response is read.

    Args:
        url: an http or https URL.
        timeout: the seconds to wait for the connection, and for each part of the response.

    Raises ValueError if the URL is not an http or https URL.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        if not _is_http_url(url):
            raise ValueError(
                f"the webhook URL must begin with http:// or https://: {mask_url(url)!r}"
            )
        self.url, self._timeout = url, timeout
        # The receiver may close an idle connection just when an event is sent on it, which would
        # cost an attempt.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._client = httpx2.Client(timeout=timeout, limits=limits, trust_env=False)

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int:
        """Send an event and return the status; raise DeliveryError if there is no response."""
        try:
            with self._client.stream(
                "POST", self.url, headers=headers, content=body, follow_redirects=False
            ) as response:
                return response.status_code
        except httpx2.ConnectTimeout as error:
            raise DeliveryError(f"no connection within {self._timeout:g} s") from error
        except httpx2.TimeoutException as error:
            raise DeliveryError(f"no response within {self._timeout:g} s") from error
        except httpx2.ConnectError as error:
            raise DeliveryError(f"no connection: {error}") from error
        except httpx2.HTTPError as error:
            raise DeliveryError(f"no response: {error}") from error


def _is_http_url(url: str) -> bool:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
