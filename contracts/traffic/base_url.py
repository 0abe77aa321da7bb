"""URLs of requests relative to the base URL of an API."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from ...openapi import Document


def path_below(url: str, base: str) -> str | None:
    """Return the path of a URL below a base; None if it is elsewhere.

    Args:
        url: The URL of a request.
        base: A base URL, or a base path on any host.
    """
    try:
        request, below = urlsplit(url), urlsplit(base)
        if request.scheme not in _DEFAULT_PORTS:
            return None
        if below.scheme and _origin(request) != _origin(below):
            return None
    except ValueError:
        return None
    base_path = below.path.rstrip("/")
    if not request.path.startswith(f"{base_path}/"):
        return None
    return request.path[len(base_path) :]


def without_userinfo(url: str) -> str:
    """Return the URL without a user and a password, which reports must not show."""
    scheme, slashes, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{host.rpartition('@')[2]}{slash}{path}"


def base_url_of(url: str, document: Document) -> str:
    """Return the base URL of a request, from its host and the document's base path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{document.base_path}"


def _origin(url: SplitResult) -> tuple[str, str | None, int]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme, 0)


_DEFAULT_PORTS = {"http": 80, "https": 443}
