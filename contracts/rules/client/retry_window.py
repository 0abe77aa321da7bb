"""The time that each sender has spent on getting a job, and the time that it was active."""

from __future__ import annotations

from collections.abc import Iterable

from ....openapi import JobRole
from .job_history import Concurrency
from .request_record import RequestRecord
from .vendor_limits import CLOCK_TOLERANCE, MAX_RETRY_SECONDS, MAX_WAIT_SECONDS


class RetryWindows:
    """The retry windows of each sender, in seconds on the clock of the client.

    A client may start its timeout before its job is created. So list requests and creates form
    one window while each follows soon enough after the one before. If the sender has one worker
    only, a created job ends the window. Requests are given by their numbers.
    """

    def __init__(self, records: Iterable[RequestRecord], concurrency: Concurrency) -> None:
        self._window_start: dict[int, float] = {}
        self._answered_at: dict[int, float] = {}
        self._requested_wait: dict[int, float] = {}
        self._last_sent_at: dict[str | None, float] = {}
        previous: dict[str | None, RequestRecord] = {}
        for record in records:
            sent, answered, number = record.sent_at, record.exchange.client_time, record.number
            if sent is None or answered is None:
                continue
            self._answered_at[number] = answered
            self._requested_wait[number] = max(
                record.retry_after.wait or 0, record.poll_after.wait or 0
            )
            self._last_sent_at[record.sender] = sent
            if record.role is JobRole.LIST or record.role is JobRole.CREATE:
                last = previous.get(record.sender)
                continues = last is not None and _same_window(last, record, concurrency)
                self._window_start[number] = (
                    self._window_start[last.number] if last and continues else sent
                )
                previous[record.sender] = record

    def elapsed(self, first: int, last: int) -> float | None:
        """Return the seconds from the start of a window until a next request may be sent.

        None if the times are unknown.

        Args:
            first: a request of the window.
            last: the request before the next one; the wait that its response asks for is included.
        """
        if first not in self._window_start or last not in self._answered_at:
            return None
        next_request_at = self._answered_at[last] + self._requested_wait[last]
        return next_request_at - self._window_start[first]

    def expired(self, first: int, last: int) -> bool:
        """Return True if a client should have given up after the last request."""
        elapsed = self.elapsed(first, last)
        return elapsed is not None and elapsed >= CLOCK_TOLERANCE * MAX_WAIT_SECONDS

    def active_after(self, record: RequestRecord) -> float:
        """Return the seconds from this response to the last request of its sender, 0 if unknown."""
        answered = self._answered_at.get(record.number)
        return 0.0 if answered is None else self._last_sent_at[record.sender] - answered


def _same_window(last: RequestRecord, record: RequestRecord, concurrency: Concurrency) -> bool:
    waited = record.waited_since(last)
    longest = MAX_RETRY_SECONDS + (last.retry_after.wait or 0)
    created = (
        last.role is JobRole.CREATE and not last.job_unknown_to_client and last.exchange.accepted
    )
    ends_window = created and concurrency.workers(last) == 1
    return waited is not None and waited <= longest and not ends_window
