"""Requests that are sent again: how soon, how often, and whether that is safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ....openapi import JobRole
from ....openapi.operation import CREATING
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import Concurrency, JobHistory, ListCalls
from .request_record import RequestRecord, format_seconds
from .vendor_limits import (
    CLOCK_TOLERANCE,
    EQUAL_WAIT_SECONDS,
    EQUAL_WAITS,
    FIRST_BACKOFF_SECONDS,
    MAX_ATTEMPTS,
    MAX_RETRY_SECONDS,
)


def retry_violations(
    group: Sequence[RequestRecord],
    told: Mapping[str, JobHistory],
    looks: ListCalls,
    hands: Concurrency,
) -> Iterator[Violation]:
    """What is wrong with how a client has repeated a request; the group are all that asked for the
    same, in their order.
    """
    callers = _callers(group, told) if group[0].role in CREATING else 1
    at_once = hands.of(group[0]) if group[0].role is JobRole.LIST else 1
    for chain in _chains(group, callers=callers, at_once=at_once):
        yield from _blind(chain, looks)
        yield from _sooner_than_asked(chain)
        yield from _without_backoff(chain, alone=callers <= 1 and at_once == 1)
    yield from _storms(group, most=MAX_ATTEMPTS * max(1, callers, at_once))


def _callers(group: Sequence[RequestRecord], told: Mapping[str, JobHistory]) -> int:
    """How many have surely asked for the same job, each for itself: so many came of it that were
    all followed.
    """
    jobs = {telling.job_id for attempt in group for telling in attempt.jobs}
    return sum(told[job_id].followed for job_id in jobs)


def _chains(
    group: Sequence[RequestRecord], *, callers: int, at_once: int
) -> list[list[RequestRecord]]:
    """The requests of a group by who sent them: each chain is a first attempt and its repetitions.

    Who sent what can only be guessed. So whatever can be the first attempt of somebody else, or the
    proper repetition of another one, is taken for that: by so many `callers` in all, or by so many
    `at_once`.
    """
    chains: list[list[RequestRecord]] = []
    for attempt in group:
        waiting = [chain for chain in chains[-_LOOKED_AT:] if chain[-1].failed]
        before = [chain for chain in waiting if not attempt.overlaps(chain[-1])]
        proper = [chain for chain in before if not _hasty(chain[-1], attempt)]
        short = [chain for chain in proper if len(chain) < MAX_ATTEMPTS]
        room = len(chains) < callers or len(waiting) < at_once
        if not short and (not before or room):
            chains.append([attempt])
        else:
            (short or proper or before)[0].append(attempt)
    return chains


def _hasty(failed: RequestRecord, again: RequestRecord) -> bool:
    waited = again.waited(failed)
    if waited is None:
        return False
    asked = failed.retry_after.of(again, waited)
    return waited < CLOCK_TOLERANCE * (FIRST_BACKOFF_SECONDS if asked is None else asked)


def _blind(chain: Sequence[RequestRecord], looks: ListCalls) -> Iterator[Violation]:
    """Jobs that are asked for again, though the first request may have made one."""
    pairs = [
        (failed, again)
        for failed, again in pairwise(chain)
        if failed.role in CREATING and failed.exchange.status != 429
        if not _is_safe(failed, again) and not looks.between(failed, again)
    ]
    if pairs:
        outcomes = " and ".join(dict.fromkeys(failed.outcome for failed, _ in pairs))
        yield violation_of(
            catalogue.UNSAFE_RETRY,
            pairs[0][1].exchange,
            *sorted({attempt.number for pair in pairs for attempt in pair}),
            received=f"the same again after it {outcomes}, which does not tell whether there is a"
            " job",
            expected="a look into the list first, or what makes it safe",
        )


def _is_safe(first: RequestRecord, again: RequestRecord) -> bool:
    """Whether a server can know that the second is the first, sent again."""
    key = first.exchange.headers.get(_KEY)
    return bool(key) and key == again.exchange.headers.get(_KEY)


def _sooner_than_asked(chain: Sequence[RequestRecord]) -> Iterator[Violation]:
    for failed, again in pairwise(chain):
        waited = again.waited(failed)
        asked = None if waited is None else failed.retry_after.of(again, waited)
        if waited is not None and asked is not None and waited < CLOCK_TOLERANCE * asked:
            yield violation_of(
                catalogue.RETRY_BEFORE_RETRY_AFTER,
                again.exchange,
                failed.number,
                again.number,
                received=f"the same again {format_seconds(waited)} after it {failed.outcome}",
                expected=f"a wait of {format_seconds(asked)}, as the answer asks for",
            )


def _without_backoff(chain: Sequence[RequestRecord], *, alone: bool) -> Iterator[Violation]:
    """Repetitions that come too fast, where no answer has said when they should. Only who is
    `alone` can be told by waits that do not grow: those of several are mixed.
    """
    waits = [
        (again, waited)
        for failed, again in pairwise(chain)
        if failed.retry_after.wait is None and (waited := again.waited(failed)) is not None
    ]
    hasty = [
        (again, waited)
        for again, waited in waits
        if waited < CLOCK_TOLERANCE * FIRST_BACKOFF_SECONDS
    ]
    lengths = [waited for _, waited in waits]
    if alone and not hasty and len(waits) >= EQUAL_WAITS and _are_equal(lengths):
        hasty = waits
    if hasty:
        shortest = min(waited for _, waited in hasty)
        yield violation_of(
            catalogue.NO_BACKOFF,
            hasty[0][0].exchange,
            *(again.number for again, _ in hasty),
            received=_told_waits(len(hasty), shortest),
            expected="a second before the first repetition, and twice as long each time",
        )


def _are_equal(waits: Sequence[float]) -> bool:
    """Whether waits are short, and do not grow at all."""
    return (
        max(waits) < CLOCK_TOLERANCE * EQUAL_WAIT_SECONDS
        and CLOCK_TOLERANCE * max(waits) <= waits[0]
    )


def _storms(group: Sequence[RequestRecord], *, most: int) -> Iterator[Violation]:
    """Failures in a row, as long as one comes soon enough after the other to belong to it. Where
    nobody knows how clients wait, several of them look like one.
    """
    runs: list[list[RequestRecord]] = [[]]
    for attempt in group:
        before = runs[-1][-1] if runs[-1] else None
        waited = attempt.waited(before) if before else None
        longest = MAX_RETRY_SECONDS + (before.retry_after.wait or 0 if before else 0)
        if not attempt.failed or waited is None or waited > longest:
            runs.append([])
        if attempt.failed:
            runs[-1].append(attempt)
    for run in runs:
        if len(run) > most:
            yield violation_of(
                catalogue.TOO_MANY_RETRIES,
                run[0].exchange,
                *(attempt.number for attempt in run),
                received=f"{len(run)} attempts, one after the other, of which none went well",
                expected=f"at most {MAX_ATTEMPTS} attempts",
            )


def _told_waits(count: int, shortest: float) -> str:
    if count == 1:
        return f"the same again {format_seconds(shortest)} after it failed"
    return f"the same again {count} times, the soonest {format_seconds(shortest)} after it failed"


# No vendor documents it, but whoever sends it can mean nothing else.
_KEY = "idempotency-key"
# So many chains are looked at: of more, nobody could say who sent what.
_LOOKED_AT = 64
