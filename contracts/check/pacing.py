"""Delays between polls and between retries."""

from __future__ import annotations

import re
from http import HTTPStatus

from ...openapi import Document
from ..rules.server.availability import IDEMPOTENT_METHODS
from ..traffic.exchange import Exchange


class Pacing:
    """The delays of a check, in seconds.

    poll_interval: the longest delay between polls; None uses the server's hint, or two seconds
    """

    def __init__(self, document: Document, *, poll_interval: float | None) -> None:
        self._hint = document.lifecycle.poll_hint
        self._retry_header = document.envelope.retry_seconds
        self._poll_interval = poll_interval
        self._default = _DEFAULT_POLL_SECONDS if poll_interval is None else poll_interval

    def poll_delay(self, exchange: Exchange) -> float:
        """Return the delay before the next poll."""
        hint = _integer_header(exchange, self._hint.header) if self._hint else None
        if self._hint is None or hint is None:
            return self._default
        seconds = hint / self._hint.units_per_second
        return seconds if self._poll_interval is None else min(seconds, self._poll_interval)

    def retry_delay(self, exchange: Exchange, *, failures: int) -> float:
        """Return the delay after a number of failures in a row."""
        requested = self._requested_delay(exchange)
        return self._default * 2 ** (failures - 1) if requested is None else requested

    def _requested_delay(self, exchange: Exchange) -> float | None:
        return _integer_header(exchange, self._retry_header) if self._retry_header else None


def is_retryable(exchange: Exchange) -> bool:
    """Return True if sending the request again cannot create a second job."""
    status = exchange.status
    failed = status is None or status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500
    return failed and exchange.operation.method in IDEMPOTENT_METHODS


def _integer_header(exchange: Exchange, name: str) -> float | None:
    value = exchange.reply.headers.get(name, "") if exchange.reply else ""
    return float(value) if _POSITIVE_INTEGER.fullmatch(value) else None


_DEFAULT_POLL_SECONDS = 2.0
_POSITIVE_INTEGER = re.compile("[1-9][0-9]{0,8}")
