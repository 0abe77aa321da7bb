"""A request as the journal shows it: what came, what became of it, and what is wrong with it."""

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
from .facts import jobs_of, method_of, operation_of, path_of, status_of
from .findings import write_violation
from .log import Item


def describe(
    document: Document, item: Item, *, number: int, at: float, key: str | None
) -> dict[str, Json]:
    """A request, which holds no key any more, as data; `key` is the masked one."""
    operation = operation_of(item)
    exchange = item if isinstance(item, Exchange) else None
    return {
        "number": number,
        "at": at,
        "operation": operation.id if operation else None,
        "method": method_of(item),
        "path": _cut(path_of(document, item)),
        "query": _texts(exchange.query) if exchange else {},
        "status": status_of(document, item),
        "jobs": list(jobs_of(document, item)),
        "key": key,
        "fields": _texts(exchange.fields) if exchange else {},
        "files": [*map(_file, exchange.files.values())] if exchange else [],
        **_findings(document, item, number),
        "nearest": _nearest(document, item) if isinstance(item, UnmatchedRequest) else None,
        "delivery": _delivery(exchange) if exchange else None,
    }


def _findings(document: Document, item: Item, number: int) -> dict[str, Json]:
    """What the document says of this one request, whatever came before it."""
    found = [replace(v, numbers=(number,)) for v in check_client(document, [item], whole=False)]
    kinds = {"violations": Severity.ERROR, "warnings": Severity.WARNING}
    return {
        name: [write_violation(v) for v in found if v.severity is severity]
        for name, severity in kinds.items()
    }


def _nearest(document: Document, stray: UnmatchedRequest) -> Json:
    if stray.kind is not UnmatchedKind.NO_OPERATION:
        return None
    near = document.nearest(stray.method, stray.path)
    return {
        "operation": near.operation.id,
        "method": near.operation.method,
        "path": near.path,
        "difference": near.difference,
    }


def _delivery(exchange: Exchange) -> Json:
    """What the mock did to the answer on its way, and the status that it had when it set out."""
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


def _file(part: Part) -> Json:
    return {
        "field": _cut(part.name),
        "name": _cut(part.filename or ""),
        "type": image_type(part.content) or _cut(part.content_type or _UNKNOWN),
        "size": len(part.content),
    }


def _texts(values: Mapping[str, Json]) -> dict[str, Json]:
    return {_cut(name): _short(value) for name, value in values.items()}


def _short(value: Json) -> Json:
    """A value as it is, or the beginning of its text."""
    if isinstance(value, str):
        return _cut(value)
    flat = truncate_depth(value)
    text = orjson.dumps(flat, default=str).decode()
    return flat if len(text) <= _SHOWN else _cut(text)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_SHOWN = 500
_UNKNOWN = "application/octet-stream"
