"""An entry of the journal: a request with its response, and the facts that queries use."""

from __future__ import annotations

from dataclasses import replace

from ...openapi import Call, Cause, Delivery, Document, Operation, OperationMatch, Reply
from ...openapi.jobs import ResultOperation
from ...openapi.request_key import read_key
from ..traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest, read_exchange
from ..traffic.job_views import shown_jobs
from ..traffic.request_builder import url_of

LoggedRequest = Exchange | UnmatchedRequest
"""A request as the rules check it."""


class Entry:
    """A request as it was received, with its reply.

    Args:
        number: the number of the request, counted from 1.
        at: the time of the response on the clock of the server, in Unix seconds.
        client_time: the same time on the clock of the clients, in seconds.
        request: the call of an operation, or a request that matches no operation.
        reply: the response, None if the connection broke.
        size: the bytes in the bodies of request and response.
    """

    __slots__ = ("_logged", "at", "client_time", "number", "reply", "request", "size")

    # Positional arguments are faster, and there is one entry for every request.
    def __init__(
        self,
        number: int,
        at: float,
        client_time: float,
        request: Call | UnmatchedRequest,
        reply: Reply | None,
    ) -> None:
        self.number, self.at, self.client_time, self.request = number, at, client_time, request
        self.reply = reply
        self._logged: Exchange | None = None
        if isinstance(request, UnmatchedRequest):
            self.size = len(request.path)
        else:
            self.size = len(request.body) + (0 if reply is None else len(reply.body))

    def mark_undelivered(self) -> None:
        """Record that the reply did not reach the client."""
        if self.reply is not None:
            self.reply = replace(self.reply, delivery=_NOTHING_DELIVERED)
        self._logged = None

    def read(self, document: Document, *, knows_client_waits: bool) -> LoggedRequest:
        """Return the request as the rules check it, with the client time only if it is known."""
        if isinstance(self.request, UnmatchedRequest):
            return self.request
        logged, client_time = self._logged, self.client_time if knows_client_waits else None
        if logged is None or (logged.client_time is not None) is not knows_client_waits:
            logged = read_exchange(
                document, self.request, self.reply, at=self.at, client_time=client_time
            )
            self._logged = logged
        return logged


def operation_of(request: LoggedRequest) -> Operation | None:
    """Return the operation of a request, None if it matches no operation."""
    return request.operation if isinstance(request, Exchange) else None


def method_of(request: LoggedRequest) -> str:
    """Return the method in upper case."""
    return request.operation.method if isinstance(request, Exchange) else request.method


def path_of(document: Document, request: LoggedRequest) -> str:
    """Return the path from the root, percent-encoded, without the query."""
    if isinstance(request, Exchange):
        return url_of(document, replace(request.call, query=()), document.base_path)
    return request.path


def status_of(document: Document, request: LoggedRequest) -> int | None:
    """Return the HTTP status that the client received, None if it received none."""
    if isinstance(request, Exchange):
        return request.status
    if request.kind is not UnmatchedKind.NO_OPERATION:
        return request.status
    # The status of the mock for such a request.
    cause = Cause.ENDPOINT_UNKNOWN
    if request.path.startswith(document.base_path):
        match = document.match(request.method, request.path[len(document.base_path) :])
        if isinstance(match, OperationMatch) or match.allowed_methods:
            cause = Cause.METHOD_UNSUPPORTED
    response = document.envelope.responses.get(cause)
    return response.status if response else None


def jobs_of(document: Document, request: LoggedRequest) -> tuple[str, ...]:
    """Return the ids of the jobs in the request and in the response, delivered or not."""
    if not isinstance(request, Exchange):
        return ()
    # A result may have an id of its own.
    is_other_id = any(isinstance(r, ResultOperation) and r.key is not None for r in request.roles)
    named = [] if is_other_id else [request.job_id, request.source_id]
    in_request = [job_id for job_id in named if job_id]
    return tuple(dict.fromkeys([*in_request, *jobs_in_response(document, request)]))


def jobs_in_response(document: Document, exchange: Exchange) -> list[str]:
    """Return the ids of the jobs in the response of the server, delivered or not."""
    if exchange.undelivered_reply is not None:
        exchange = replace(exchange, reply=exchange.undelivered_reply, reports_error=False)
    return [shown.job_id for shown in shown_jobs(document, exchange)]


def key_of(document: Document, request: LoggedRequest) -> str | None:
    """Return the API key of a request, None if it is missing or malformed."""
    if document.credentials is None or not isinstance(request, Exchange):
        return None
    key = read_key(document.credentials, request.headers)
    return key if isinstance(key, str) else None


_NOTHING_DELIVERED = Delivery(bytes_delivered=-1)
