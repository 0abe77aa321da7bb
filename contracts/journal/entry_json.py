"""A request of the journal as JSON: what was sent, the outcome, and its violations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson

from ...openapi import Delivery, Document
from ...openapi.form import Part
from ...openapi.image import image_type
from ...openapi.json import Json
from ...openapi.text import truncate_depth
from ..rules.client.check_client import check_client
from ..rules.rule import Severity
from ..traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest
from .entry import LoggedRequest, jobs_of, method_of, operation_of, path_of, status_of


def entry_json(
    document: Document, request: LoggedRequest, *, number: int, at: float, key: str | None
) -> dict[str, Json]:
    """Return a redacted request as JSON.

    Args:
        document: the document of the API.
        request: the request, which contains no API key any more.
        number: its number in the journal.
        at: the time of its response in Unix seconds.
        key: its masked API key, None without a key.
    """
    operation = operation_of(request)
    exchange = request if isinstance(request, Exchange) else None
    return {
        "number": number,
        "at": at,
        "operation": operation.id if operation else None,
        "method": method_of(request),
        "path": _shorten(path_of(document, request)),
        "query": _shorten_all(exchange.query) if exchange else {},
        "status": status_of(document, request),
        "jobs": list(jobs_of(document, request)),
        "key": key,
        "fields": _shorten_all(exchange.fields) if exchange else {},
        "files": [*map(_file_json, exchange.files.values())] if exchange else [],
        **_violations_json(document, request, number),
        "nearest": (
            _nearest_json(document, request) if isinstance(request, UnmatchedRequest) else None
        ),
        "invalid": _invalid_reason(request),
        "delivery": _delivery_json(exchange) if exchange else None,
    }


def _violations_json(document: Document, request: LoggedRequest, number: int) -> dict[str, Json]:
    """Return the violations of this request alone, independent of the others."""
    violations = check_client(document, [request], whole=False)
    severities = {"violations": Severity.ERROR, "warnings": Severity.WARNING}
    return {
        name: [
            replace(violation, numbers=(number,)).to_json()
            for violation in violations
            if violation.severity is severity
        ]
        for name, severity in severities.items()
    }


def _nearest_json(document: Document, request: UnmatchedRequest) -> Json:
    if request.kind is not UnmatchedKind.NO_OPERATION:
        return None
    near = document.nearest(request.method, request.path)
    return {
        "operation": near.operation.id,
        "method": near.operation.method,
        "path": near.path,
        "difference": near.difference,
    }


def _invalid_reason(request: LoggedRequest) -> str | None:
    """Return the reason why a request is not complete and valid HTTP, None if it is."""
    if isinstance(request, UnmatchedRequest) and request.kind is UnmatchedKind.INVALID:
        return request.detail
    return None


def _delivery_json(exchange: Exchange) -> Json:
    """Return the effects of the mock on the delivery of a response, and its original status."""
    reply = exchange.reply or exchange.undelivered_reply
    delivery: Delivery | None = reply.delivery if reply else None
    if reply is None or delivery is None:
        return None
    return {
        "status": reply.status,
        "delay": delivery.delay,
        "seconds": delivery.body_seconds,
        "broken": delivery.is_incomplete,
        "arrives": delivery.bytes_delivered,
        "reset": delivery.reset,
    }


def _file_json(part: Part) -> Json:
    return {
        "field": _shorten(part.name),
        "name": _shorten(part.filename or ""),
        "type": _shorten(part.content_type or ""),
        "detected_type": image_type(part.content),
        "size": len(part.content),
    }


def _shorten_all(values: Mapping[str, Json]) -> dict[str, Json]:
    return {_shorten(name): _shorten_json(value) for name, value in values.items()}


def _shorten_json(value: Json) -> Json:
    """Return a value unchanged, or the beginning of its text if it is long."""
    if isinstance(value, str):
        return _shorten(value)
    flat = truncate_depth(value)
    text = orjson.dumps(flat, default=str).decode()
    return flat if len(text) <= _MAX_SHOWN_CHARACTERS else _shorten(text)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN_CHARACTERS else f"{text[:_MAX_SHOWN_CHARACTERS]}…"


_MAX_SHOWN_CHARACTERS = 500
