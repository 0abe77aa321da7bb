"""What a request is about: its status, its jobs, and whose it is."""

from __future__ import annotations

from dataclasses import replace

from ...openapi import Cause, Document, Operation, OperationMatch
from ..traffic.exchange import Exchange, UnmatchedKind
from ..traffic.job_views import jobs_in
from ..traffic.request_builder import url_of
from .log import Item


def operation_of(item: Item) -> Operation | None:
    """The operation that was called, None for a stray."""
    return item.operation if isinstance(item, Exchange) else None


def method_of(item: Item) -> str:
    """The method, in upper case."""
    return item.operation.method if isinstance(item, Exchange) else item.method


def path_of(document: Document, item: Item) -> str:
    """The path from the root, percent-encoded, without the query."""
    if isinstance(item, Exchange):
        return url_of(document, replace(item.call, query=()), document.base_path)
    return item.path


def status_of(document: Document, item: Item) -> int | None:
    """The HTTP status that reached the client, None if none did."""
    if isinstance(item, Exchange):
        return item.status
    if item.kind is not UnmatchedKind.NO_OPERATION:
        return None
    # As a mock of this document refuses it.
    cause = Cause.ENDPOINT_UNKNOWN
    if item.path.startswith(document.base_path):
        match = document.match(item.method, item.path[len(document.base_path) :])
        if isinstance(match, OperationMatch) or match.allowed_methods:
            cause = Cause.METHOD_UNSUPPORTED
    answer = document.envelope.responses.get(cause)
    return answer.status if answer else None


def jobs_of(document: Document, item: Item) -> tuple[str, ...]:
    """The ids of the jobs that the path or the answer names, also one that did not arrive."""
    if not isinstance(item, Exchange):
        return ()
    answered = replace(item, reply=item.undelivered_reply or item.reply)
    shown = [sighting.job_id for sighting in jobs_in(document, answered)]
    return tuple(dict.fromkeys([*([item.job_id] if item.job_id else []), *shown]))


def key_of(document: Document, item: Item) -> str | None:
    """The key that came, None if none came as the document wants it."""
    if document.credentials is None or not isinstance(item, Exchange):
        return None
    key = document.credentials.key(item.headers)
    return key if isinstance(key, str) else None
