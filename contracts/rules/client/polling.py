"""How a client polls: how soon after the last answer, and for how long in all."""

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
from .vendor_limits import CLOCK_TOLERANCE, MAX_WAIT_SECONDS, MIN_POLL_SECONDS, WAIT_GRACE_SECONDS


@dataclass(frozen=True, slots=True)
class _Interval:
    """The seconds between an answer that a job is pending and the next poll for it."""

    shown: JobReport
    asked: float | None
    again: RequestRecord
    waited: float


def polling_violations(story: JobHistory) -> Iterator[Violation]:
    """What is wrong with how the job of this story was polled for."""
    fast, soon = [], []
    for interval in _intervals(story):
        asked = interval.asked
        # What the server asks for holds also where it is shorter than what the vendor advises.
        if interval.waited < CLOCK_TOLERANCE * MIN_POLL_SECONDS and (
            asked is None or asked >= MIN_POLL_SECONDS
        ):
            fast.append(interval)
        elif asked is not None and interval.waited < CLOCK_TOLERANCE * asked:
            soon.append(interval)
    if fast:
        expected = f"{format_seconds(MIN_POLL_SECONDS)} or more between two polls"
        yield _breach(catalogue.POLLED_TOO_FAST, story, fast, expected)
    if soon:
        worst = min(soon, key=_share)
        expected = f"{format_seconds(worst.asked or 0)} or more, as the answer asks for"
        yield _breach(catalogue.POLLED_BEFORE_HINT, story, soon, expected)
    yield from _endless(story)


def _intervals(story: JobHistory) -> Iterator[_Interval]:
    polls = sorted(story.of(JobRole.RETRIEVE), key=lambda poll: poll.sender or "")
    for before, again in pairwise(polls):
        if again.sender != before.sender:
            continue
        shown = next((told for told in before.jobs if told.job_id == story.job_id), None)
        waited = again.waited(before)
        if shown and shown.pending and waited is not None and not again.overlaps(before):
            yield _Interval(shown, before.poll_after.of(again, waited), again, waited)


def _share(interval: _Interval) -> float:
    """How much of what was asked for was waited."""
    return interval.waited / interval.asked if interval.asked else interval.waited


def _breach(
    rule: Rule, story: JobHistory, intervals: Sequence[_Interval], expected: str
) -> Violation:
    worst = min(intervals, key=_share)
    polls = "a poll" if len(intervals) == 1 else f"{len(intervals)} polls"
    soonest = "" if len(intervals) == 1 else "the soonest "
    return violation_of(
        rule,
        worst.again.exchange,
        *(interval.again.number for interval in intervals),
        received=f"{polls} for {one_line(story.job_id)}, {soonest}"
        f"{format_seconds(worst.waited)} after the"
        f" answer no. {worst.shown.number} that it was {worst.shown.status}",
        expected=expected,
    )


def _endless(story: JobHistory) -> Iterator[Violation]:
    """Polls for a pending job when it is time to give up. Who has paused for as long as that has
    given up, and looks again.
    """
    polls = [*_late(story)]
    if story.made and polls:
        last = polls[-1].waited(story.made) or 0.0
        yield violation_of(
            catalogue.NO_TOTAL_TIMEOUT,
            polls[0].exchange,
            *(poll.number for poll in polls),
            received=f"polls for {one_line(story.job_id)}, which was still pending, until"
            f" {format_seconds(last)} after the request no. {story.made.number}, which made it",
            expected=f"an end after {format_seconds(MAX_WAIT_SECONDS)} in all",
        )


def _late(story: JobHistory) -> Iterator[RequestRecord]:
    known = next((told.number for told in story.reports if not told.pending), inf)
    before = story.made
    for attempt in story.requests:
        waited = attempt.waited(story.made) if story.made else None
        paused = attempt.waited(before) if before else None
        if waited is None or paused is None or attempt.number > known or paused > _LATE:
            return
        if attempt.role is JobRole.RETRIEVE and waited > _LATE:
            yield attempt
        before = attempt


_LATE = MAX_WAIT_SECONDS + WAIT_GRACE_SECONDS
