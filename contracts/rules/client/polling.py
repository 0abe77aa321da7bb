"""The rules for polling: the interval between polls, and the total wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from ....openapi import JobRole
from ....openapi.text import one_line
from .. import client_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .job_history import JobHistory
from .request_record import JobReport, RequestRecord, format_seconds
from .vendor_limits import (
    CLOCK_TOLERANCE,
    MAX_WAIT_SECONDS,
    MIN_POLL_SECONDS,
    WAIT_GRACE_SECONDS,
    max_wait_seconds,
)


@dataclass(frozen=True, slots=True)
class _PollInterval:
    """The interval between a response with a pending job and the next poll.

    Args:
        report: the pending job.
        suggested: the wait in seconds that the response suggests, None without a suggestion.
        poll: the next poll.
        waited: the length of the interval in seconds.
    """

    report: JobReport
    suggested: float | None
    poll: RequestRecord
    waited: float

    @property
    def waited_share(self) -> float:
        """The share of the suggested wait; the length of the interval without a suggestion."""
        return self.waited / self.suggested if self.suggested else self.waited


def polling_violations(history: JobHistory) -> Iterator[Violation]:
    """Yield the violations in the polls of one job."""
    too_fast, too_early = [], []
    for interval in _poll_intervals(history):
        suggested = interval.suggested
        # A suggestion of the server counts even if it is shorter than the limit of the vendor.
        if interval.waited < CLOCK_TOLERANCE * MIN_POLL_SECONDS and (
            suggested is None or suggested >= MIN_POLL_SECONDS
        ):
            too_fast.append(interval)
        elif suggested is not None and interval.waited < CLOCK_TOLERANCE * suggested:
            too_early.append(interval)
    if too_fast:
        expected = f"at least {format_seconds(MIN_POLL_SECONDS)} between two polls"
        yield _interval_violation(catalogue.POLLED_TOO_FAST, history, too_fast, expected)
    if too_early:
        worst = min(too_early, key=lambda interval: interval.waited_share)
        expected = f"at least {format_seconds(worst.suggested or 0)}, as the response suggests"
        yield _interval_violation(catalogue.POLLED_BEFORE_HINT, history, too_early, expected)
    yield from _total_wait_violations(history)


def _poll_intervals(history: JobHistory) -> Iterator[_PollInterval]:
    polls = sorted(history.requests_with(JobRole.POLL), key=lambda poll: poll.sender or "")
    for previous, poll in pairwise(polls):
        if poll.sender != previous.sender:
            continue
        reports = (r for r in previous.job_reports if r.key == history.job)
        report, waited = next(reports, None), poll.waited_since(previous)
        if report and report.pending and waited is not None and not poll.overlaps(previous):
            suggested = previous.poll_after.wait_before(poll, waited)
            yield _PollInterval(report, suggested, poll, waited)


def _interval_violation(
    rule: Rule, history: JobHistory, intervals: Sequence[_PollInterval], expected: str
) -> Violation:
    worst = min(intervals, key=lambda interval: interval.waited_share)
    polls = "a poll" if len(intervals) == 1 else f"{len(intervals)} polls"
    earliest = "" if len(intervals) == 1 else "the earliest "
    return violation_of(
        rule,
        worst.poll.exchange,
        *(interval.poll.number for interval in intervals),
        received=f"{polls} for {one_line(history.job_id)}, {earliest}"
        f"{format_seconds(worst.waited)} after response no. {worst.report.number}, which showed"
        f" it {worst.report.status}",
        expected=expected,
    )


def _total_wait_violations(history: JobHistory) -> Iterator[Violation]:
    limit = max_wait_seconds(history.kind.lifecycle) if history.kind else MAX_WAIT_SECONDS
    polls = [*_late_polls(history, limit + WAIT_GRACE_SECONDS)]
    if polls:
        start = _first_poll(history, polls[-1].run)
        last = _seconds_between(start, polls[-1]) or 0.0
        yield violation_of(
            catalogue.NO_TOTAL_TIMEOUT,
            polls[0].exchange,
            *(poll.number for poll in polls),
            received=f"polls for {one_line(history.job_id)}, which was still pending, until"
            f" {format_seconds(last)} after request no. {start.number}, the first poll",
            expected=f"a total wait of at most {format_seconds(limit)}",
        )


def _late_polls(history: JobHistory, longest_wait: float) -> Iterator[RequestRecord]:
    """Yield the polls of a pending job after the longest total wait, in seconds.

    A client may create all its jobs first, so its wait for a job begins with the first poll. A
    client that paused for as long as that gave up; its later polls are a new look.
    """
    known = next((report.number for report in history.reports if not report.pending), inf)
    start: RequestRecord | None = None
    previous: RequestRecord | None = None
    for record in history.requests:
        if record.role is JobRole.POLL and (start is None or record.run != start.run):
            start = previous = record
        if start is None or previous is None:
            continue
        waited, paused = _seconds_between(start, record), record.waited_since(previous)
        if waited is None or paused is None or record.number > known or paused > longest_wait:
            return
        if record.role is JobRole.POLL and waited > longest_wait:
            yield record
        previous = record


def _seconds_between(first: RequestRecord, second: RequestRecord) -> float | None:
    """Return the seconds between two requests on the clock of the client, None if unknown."""
    begin, end = first.sent_at, second.sent_at
    return None if begin is None or end is None else round(end - begin, 6)


def _first_poll(history: JobHistory, run: int) -> RequestRecord:
    """Return the first poll in a run of the client; there is one."""
    return next(poll for poll in history.requests_with(JobRole.POLL) if poll.run == run)
