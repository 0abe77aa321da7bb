"""The URL of the API, as the client of a request sees it."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...openapi import Call, Document


def base_url_of(document: Document, call: Call) -> str:
    """Return the URL of the API without a slash at the end, for URLs in a response.

    A request to another host than that of the document came to a mock at that host.
    """
    host = call.headers.get("host", "")
    declared = document.server_url.rstrip("/")
    if not host or urlsplit(declared).netloc == host:
        return declared
    scheme = call.headers.get("x-forwarded-proto", "http")
    return f"{scheme}://{host}{document.base_path}"
