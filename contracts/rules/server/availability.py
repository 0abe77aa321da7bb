"""Requests that a server never manages to answer."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from ....openapi import Document
from ...traffic.exchange import Exchange
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of

_Key = tuple[object, ...]


class AvailabilityRules:
    """The requests that were answered with an error of the server, or cut off, and not well after.

    Once is the fate of every server, so that a failure counts if it came again. An internal error
    of what makes a job counts at once: it cannot be tried again, and speaks of no overload.
    """

    def __init__(self, document: Document) -> None:
        self._telling = {"range"} | (
            {document.credentials.header} if document.credentials else set()
        )
        self._failed: dict[_Key, list[tuple[Exchange, int]]] = {}

    def check(self, exchange: Exchange, number: int, *, deleted: bool) -> None:
        """One more answer; any that is no failure makes good for all before it to the same, unless
        the job is `gone` by now.
        """
        key = self._key(exchange)
        if exchange.status is None or exchange.status >= 500:
            self._failed.setdefault(key, []).append((exchange, number))
        elif exchange.accepted or not deleted:
            self._failed.pop(key, None)

    def _key(self, exchange: Exchange) -> _Key:
        """What is the same in a request that is sent again."""
        call = exchange.call
        path = tuple(sorted(call.path_parameters.items()))
        kept = tuple(sorted((n, v) for n, v in call.headers.items() if n in self._telling))
        return call.operation_id, path, call.query, call.body, kept

    def finish(self) -> Iterator[Violation]:
        """What has failed until the end."""
        for failed in self._failed.values():
            exchange, numbers = failed[-1][0], tuple(number for _, number in failed)
            internal = exchange.status == HTTPStatus.INTERNAL_SERVER_ERROR
            if len(failed) == 1 and (
                exchange.operation.method in IDEMPOTENT_METHODS or not internal
            ):
                continue
            broke = exchange.reply is None
            yield violation_of(
                catalogue.BROKEN_OFF if broke else catalogue.FAILED,
                exchange,
                *numbers,
                received="an answer that broke off, or none" if broke else str(exchange.status),
                expected="an answer",
            )


# Whoever sends these twice makes nothing twice (RFC 9110, section 9.2.2).
IDEMPOTENT_METHODS = ("GET", "HEAD", "DELETE")
