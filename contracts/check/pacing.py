"""Delays between polls and between retries."""

from __future__ import annotations

import re
from email.utils import mktime_tz, parsedate_tz
from http import HTTPStatus

from ...openapi import CreateOperation, Document
from ...openapi.jobs import JobField, Part
from ...openapi.jobs.sources import RetryHint
from ...openapi.json import is_number
from ...openapi.pointer import get_or_none
from ..rules.server.availability import IDEMPOTENT_METHODS
from ..traffic.exchange import Exchange
from ..traffic.job_views import json_body


class Pacing:
    """The delays of a check, in seconds.

    create: the operation that creates the jobs
    poll_interval: the longest delay between polls; None uses the server's hint, or two seconds

    No hint makes polls faster than twice a second, unless the poll interval is shorter.
    """

    def __init__(
        self, document: Document, create: CreateOperation, *, poll_interval: float | None
    ) -> None:
        self._hint = next((f for f in create.fields if isinstance(f.source, RetryHint)), None)
        self._retry_header = document.envelope.retry_seconds
        self._longest = float("inf") if poll_interval is None else poll_interval
        self._shortest = min(_MIN_POLL_SECONDS, self._longest)
        self._default = _DEFAULT_POLL_SECONDS if poll_interval is None else poll_interval

    def poll_delay(self, exchange: Exchange) -> float:
        """Return the delay before the next poll."""
        hint = _hinted_seconds(exchange, self._hint) if self._hint else None
        if hint is None:
            return self._default
        return max(self._shortest, min(hint, self._longest))

    def retry_delay(self, exchange: Exchange, *, failures: int) -> float:
        """Return the delay after a number of failures in a row."""
        requested = self._requested_delay(exchange)
        return self._default * 2 ** (failures - 1) if requested is None else requested

    def _requested_delay(self, exchange: Exchange) -> float | None:
        if self._retry_header is None:
            return None
        seconds = _integer_header(exchange, self._retry_header)
        return seconds or _seconds_until_date(exchange, self._retry_header)


def is_retryable(exchange: Exchange) -> bool:
    """Return True if sending the request again cannot create a second job."""
    status = exchange.status
    if not exchange.was_recorded:  # the response is too long, and would be again
        return False
    failed = status is None or status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500
    return failed and exchange.operation.method in IDEMPOTENT_METHODS


def _seconds_until_date(exchange: Exchange, name: str) -> float | None:
    """Return the seconds until a date in a header, None if it is not a future date.

    They are counted from the server's Date, because its clock may differ from ours.
    """
    headers = exchange.reply.headers if exchange.reply else {}
    until, now = _unix_time(headers.get(name, "")), _unix_time(headers.get("date", ""))
    if until is None:
        return None
    seconds = until - (exchange.at if now is None else now)
    return seconds if seconds > 0 else None


def _unix_time(text: str) -> float | None:
    """Return the Unix time of a date of HTTP, None if the text is not a date."""
    parsed = parsedate_tz(text) if ":" in text else None
    try:
        return None if parsed is None else float(mktime_tz(parsed))
    except (ValueError, OverflowError):
        return None


def _hinted_seconds(exchange: Exchange, hint: JobField) -> float | None:
    """Return the seconds that a response asks to wait; None if it does not."""
    source, place = hint.source, hint.place
    if place.part is Part.HEADER:
        value = _integer_header(exchange, place.name)
    else:
        body = json_body(exchange.reply) if exchange.reply else None
        job = get_or_none(body, exchange.roles[0].job_at) if exchange.roles else None
        number = get_or_none(job, place.path)
        value = float(number) if is_number(number) and number > 0 else None
    milliseconds = isinstance(source, RetryHint) and source.unit == "milliseconds"
    return value if value is None else value / (1000 if milliseconds else 1)


def _integer_header(exchange: Exchange, name: str) -> float | None:
    value = exchange.reply.headers.get(name, "") if exchange.reply else ""
    # A number with more digits than a float can hold is infinite.
    return float(value) if _POSITIVE_INTEGER.fullmatch(value) else None


_DEFAULT_POLL_SECONDS = 2.0
_MIN_POLL_SECONDS = 0.5
_POSITIVE_INTEGER = re.compile("[1-9][0-9]*")
