"""How long each sender has tried to come by a job, and for how long it was there."""

from __future__ import annotations

from collections.abc import Iterable

from ....openapi import JobRole
from ....openapi.operation import CREATING
from .job_history import Concurrency
from .request_record import RequestRecord
from .vendor_limits import CLOCK_TOLERANCE, MAX_RETRY_SECONDS, MAX_WAIT_SECONDS


class RetryWindows:
    """Since when senders have tried, and until when they were there, in the seconds that they live
    in. Requests are named by their numbers.

    A client may count its patience from before the job was made. So one effort are all looks into
    the list and requests for jobs, each soon enough after the one before; if all is in one hand, it
    is over when a job is made.
    """

    def __init__(self, attempts: Iterable[RequestRecord], hands: Concurrency) -> None:
        self._begun: dict[int, float] = {}
        self._answered: dict[int, float] = {}
        self._asked: dict[int, float] = {}
        self._last: dict[str | None, float] = {}
        before: dict[str | None, RequestRecord] = {}
        for attempt in attempts:
            sent, answered, number = attempt.sent, attempt.exchange.client_time, attempt.number
            if sent is None or answered is None:
                continue
            self._answered[number] = answered
            self._asked[number] = max(attempt.retry_after.wait or 0, attempt.poll_after.wait or 0)
            self._last[attempt.sender] = sent
            if attempt.role is JobRole.LIST or attempt.role in CREATING:
                last = before.get(attempt.sender)
                goes_on = last is not None and _goes_on(last, attempt, hands)
                self._begun[number] = self._begun[last.number] if last and goes_on else sent
                before[attempt.sender] = attempt

    def elapsed(self, first: int, then: int) -> float | None:
        """The seconds from the beginning of the effort that the first request belongs to, until
        another one may follow the answer to the second; None if nobody knows.
        """
        if first not in self._begun or then not in self._answered:
            return None
        return self._answered[then] + self._asked[then] - self._begun[first]

    def expired(self, first: int, then: int) -> bool:
        """Whether it was time to give up after the second."""
        spent = self.elapsed(first, then)
        return spent is not None and spent >= CLOCK_TOLERANCE * MAX_WAIT_SECONDS

    def idle_after(self, attempt: RequestRecord) -> float:
        """The seconds from its answer until its sender was heard of last, 0 if nobody knows."""
        answered = self._answered.get(attempt.number)
        return 0.0 if answered is None else self._last[attempt.sender] - answered


def _goes_on(last: RequestRecord, attempt: RequestRecord, hands: Concurrency) -> bool:
    waited = attempt.waited(last)
    longest = MAX_RETRY_SECONDS + (last.retry_after.wait or 0)
    made = last.role in CREATING and not last.job_unknown_to_client and last.exchange.accepted
    return waited is not None and waited <= longest and not (made and hands.of(last) == 1)
