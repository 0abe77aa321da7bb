"""The URL of the API, as the client of a request sees it."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...openapi import Call, Document


class BaseUrls:
    """The URLs of an API by the host that clients send.

    Args:
        document: The document of the API.
    """

    def __init__(self, document: Document) -> None:
        self._declared = document.server_url.rstrip("/")
        self._declared_host = urlsplit(self._declared).netloc
        self._base_path = document.base_path
        self._known: dict[tuple[str, str], str] = {}

    def of(self, call: Call) -> str:
        """Return the URL of the API without a slash at the end, for URLs in a response.

        A request to another host than that of the document came to a mock at that host.
        """
        headers = call.headers
        key = headers.get("host", ""), headers.get("x-forwarded-proto", "http")
        url = self._known.get(key)
        if url is None:
            url = self._of(*key)
            if len(self._known) < _MAX_HOSTS:
                self._known[key] = url
        return url

    def _of(self, host: str, scheme: str) -> str:
        if not host or host == self._declared_host:
            return self._declared
        return f"{scheme}://{host}{self._base_path}"


_MAX_HOSTS = 256
