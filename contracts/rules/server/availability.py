"""Rules for server errors and broken connections that a retry does not overcome."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from ....openapi import Document
from ...traffic.billing import is_documented_refusal
from ...traffic.exchange import Exchange
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of

# Sending these twice has the same effect as sending them once (RFC 9110, section 9.2.2).
IDEMPOTENT_METHODS = ("GET", "HEAD", "DELETE")

_Fingerprint = tuple[object, ...]


class AvailabilityRules:
    """The requests that failed, each until the same request succeeds.

    A request fails if the response is a server error, or if the connection breaks. A single failure
    is not a violation, except 500 for a request that is not idempotent: a client must not retry it.
    An error of 5xx that the document has for what is wrong with the request does not count.
    """

    def __init__(self, document: Document) -> None:
        credentials = document.credentials
        self._document = document
        self._compared_headers = {"range"} | ({credentials.header} if credentials else set())
        self._failures: dict[_Fingerprint, list[tuple[Exchange, int]]] = {}

    def check(self, exchange: Exchange, number: int, *, deleted: bool) -> None:
        """Record one exchange.

        Args:
            exchange: The request and its response.
            number: The number of the exchange in the history.
            deleted: True if the job is deleted by now. Then a rejection does not clear earlier
                failures, because every response would be a rejection.
        """
        if not exchange.was_recorded or is_documented_refusal(self._document, exchange):
            return
        fingerprint = self._fingerprint(exchange)
        if exchange.status is None or exchange.status >= 500:
            self._failures.setdefault(fingerprint, []).append((exchange, number))
        elif exchange.accepted or not deleted:
            self._failures.pop(fingerprint, None)

    def finish(self) -> Iterator[Violation]:
        """Yield the violations of requests that never succeeded."""
        for failures in self._failures.values():
            exchange, numbers = failures[-1][0], tuple(number for _, number in failures)
            internal_error = exchange.status == HTTPStatus.INTERNAL_SERVER_ERROR
            idempotent = exchange.operation.method in IDEMPOTENT_METHODS
            if len(failures) == 1 and (idempotent or not internal_error):
                continue
            no_response = exchange.reply is None
            yield violation_of(
                catalogue.INCOMPLETE_RESPONSE if no_response else catalogue.SERVER_ERROR,
                exchange,
                *numbers,
                received=_describe_missing(exchange) if no_response else str(exchange.status),
                expected="a response" if no_response else "a response below 500",
            )

    def _fingerprint(self, exchange: Exchange) -> _Fingerprint:
        """Return what a request and its retry have in common."""
        call = exchange.call
        path = tuple(sorted(call.path_parameters.items()))
        headers = sorted((n, v) for n, v in call.headers.items() if n in self._compared_headers)
        return call.operation_id, path, call.query, call.body, tuple(headers)


def _describe_missing(exchange: Exchange) -> str:
    return "no complete response" + (f": {exchange.problem}" if exchange.problem else "")
