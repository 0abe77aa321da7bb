"""Responses that show that a server is another API, for example because the base URL is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from ...openapi import JobRole
from ...openapi.text import one_line
from ..traffic.exchange import Exchange
from ..traffic.job_views import json_body
from .target import describe_outcome


def response_of_other_api(history: Sequence[Exchange], *, creates_follow: bool) -> Exchange | None:
    """Return an exchange with a response of another API, None if there is none.

    A server that finds nothing may still be this API without its optional operations. If creates
    follow, they show that.
    """
    if not history:
        return None
    creates = [e for e in history if e.role is JobRole.CREATE]
    foreign = len(history) >= _MIN_RESPONSES and not any(map(_may_be_this_api, history))
    if creates:
        redirected = any(create.status in _REDIRECTS for create in creates)
        missing = all(create.status in _NOT_FOUND for create in creates)
        is_other = foreign or redirected or (missing and not any(map(_is_this_api, history)))
        return creates[-1] if is_other else None
    missing = all(exchange.status in _NOT_FOUND for exchange in history)
    return history[-1] if foreign and not (missing and creates_follow) else None


def describe_response(exchange: Exchange) -> str:
    """Return the status, redirect and content type, which may show that the base URL is wrong."""
    headers = exchange.reply.headers if exchange.reply else {}
    location = f" to {headers['location']}" if "location" in headers else ""
    media_type = headers.get("content-type", "no content type")
    return f"{describe_outcome(exchange)}{one_line(location)} with {one_line(media_type)}"


def _may_be_this_api(exchange: Exchange) -> bool:
    """Return True if this API may have sent the response, or if there is none."""
    reply = exchange.reply
    if reply is None or reply.status in _FOREIGN:
        return reply is None
    return 400 <= reply.status < 500 or json_body(reply) is not None


def _is_this_api(exchange: Exchange) -> bool:
    return exchange.accepted and exchange.reply is not None and bool(json_body(exchange.reply))


_MIN_RESPONSES = 5
# Typical responses of a server that has no such endpoint.
# After 303 the request may have been processed.
_NOT_FOUND, _REDIRECTS = (404, 405), (301, 302, 307, 308)
_FOREIGN = (*_REDIRECTS, 303, *_NOT_FOUND)
