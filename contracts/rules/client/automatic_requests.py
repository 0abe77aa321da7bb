"""Requests that programs around a client send automatically, and that say nothing about it."""

from __future__ import annotations

from ....openapi import Document
from ...traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest


def is_automatic(document: Document, request: Exchange | UnmatchedRequest) -> bool:
    """Return True for a request of a browser, a health check or a gateway.

    A request of an operation of the document is never automatic.
    """
    if isinstance(request, Exchange) or request.kind is not UnmatchedKind.NO_OPERATION:
        return False
    path = request.path
    known = path in _PATHS or path.startswith(_WELL_KNOWN) or path == document.base_path + _MODELS
    return known and request.method in _METHODS


_METHODS = ("GET", "HEAD")
# Browsers ask for the first three, search engines for the fourth, the others are health checks.
_PATHS = frozenset(
    {
        *("/", "/favicon.ico", "/apple-touch-icon.png", "/robots.txt"),
        *("/health", "/healthz", "/livez", "/readyz", "/ping"),
    }
)
_WELL_KNOWN = "/.well-known/"
# Gateways of OpenAI-compatible APIs ask which models a server has.
_MODELS = "/models"
