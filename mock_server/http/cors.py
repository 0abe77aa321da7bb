"""Cross-origin access (CORS) of web pages."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp


def open_to_web_pages(app: ASGIApp) -> CORSMiddleware:
    """Return the application with the CORS headers that let pages of every site use it.

    A page of a public site may use it on this machine, too (private network access).
    """
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["*"],
        allow_private_network=True,
    )
