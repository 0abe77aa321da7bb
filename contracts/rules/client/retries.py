"""The rules for retries: how soon, how often, and whether they are safe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from ....openapi import JobRole
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import Concurrency, JobHistory, ListCalls
from .request_record import JobKey, RequestRecord, format_seconds
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
    histories: Mapping[JobKey, JobHistory],
    list_calls: ListCalls,
    concurrency: Concurrency,
) -> Iterator[Violation]:
    """Yield the violations in the retries of a request.

    Args:
        group: all requests that ask for the same, in their order.
    """
    callers = _count_callers(group, histories) if group[0].role is JobRole.CREATE else 1
    workers = concurrency.workers(group[0]) if group[0].role is JobRole.LIST else 1
    for chain in _retry_chains(group, callers=callers, workers=workers):
        yield from _unsafe_retries(chain, list_calls)
        yield from _retries_before_retry_after(chain)
        yield from _retries_without_backoff(chain, alone=callers <= 1 and workers == 1)
    yield from _too_many_retries(group, most=MAX_ATTEMPTS * max(1, callers, workers))


def _count_callers(group: Sequence[RequestRecord], histories: Mapping[JobKey, JobHistory]) -> int:
    """Return how many callers surely sent these creates: one for each job that was followed."""
    jobs = {report.key for record in group for report in record.job_reports}
    return sum(histories[job].followed for job in jobs)


def _retry_chains(
    group: Sequence[RequestRecord], *, callers: int, workers: int
) -> list[list[RequestRecord]]:
    """Return the requests by their callers: each chain is a first attempt and its retries.

    The caller of a request can only be guessed, in favour of the client. A request that can be the
    first attempt of another caller, or a proper retry in another chain, is taken for that.

    Args:
        callers: the number of chains in all.
        workers: the number of chains at the same time.
    """
    chains: list[list[RequestRecord]] = []
    for record in group:
        waiting = [c for c in chains[-_MAX_CANDIDATE_CHAINS:] if c[-1].failed_transiently]
        before = [chain for chain in waiting if not record.overlaps(chain[-1])]
        proper = [chain for chain in before if not _is_too_early(chain[-1], record)]
        short = [chain for chain in proper if len(chain) < MAX_ATTEMPTS]
        room = len(chains) < callers or len(waiting) < workers
        if not short and (not before or room):
            chains.append([record])
        else:
            (short or proper or before)[0].append(record)
    return chains


def _is_too_early(failed: RequestRecord, retry: RequestRecord) -> bool:
    waited = retry.waited_since(failed)
    if waited is None:
        return False
    requested = failed.retry_after.wait_before(retry, waited)
    return waited < CLOCK_TOLERANCE * (FIRST_BACKOFF_SECONDS if requested is None else requested)


def _unsafe_retries(chain: Sequence[RequestRecord], list_calls: ListCalls) -> Iterator[Violation]:
    """Yield the violation if creates are repeated that may have created a job."""
    pairs = [
        (failed, retry)
        for failed, retry in pairwise(chain)
        if failed.role is JobRole.CREATE and failed.status != 429
        if not _is_idempotent(failed, retry) and not list_calls.between(failed, retry)
    ]
    if pairs:
        outcomes = " and ".join(dict.fromkeys(failed.outcome for failed, _ in pairs))
        yield violation_of(
            catalogue.UNSAFE_RETRY,
            pairs[0][1].exchange,
            *sorted({record.number for pair in pairs for record in pair}),
            received=f"the same create after {outcomes}, which may have created a job",
            expected="a look into the list first, or the same idempotency key",
        )


def _is_idempotent(first: RequestRecord, retry: RequestRecord) -> bool:
    """Return True if both requests have the same idempotency key."""
    key = first.exchange.headers.get(_IDEMPOTENCY_KEY)
    return bool(key) and key == retry.exchange.headers.get(_IDEMPOTENCY_KEY)


def _retries_before_retry_after(chain: Sequence[RequestRecord]) -> Iterator[Violation]:
    for failed, retry in pairwise(chain):
        waited = retry.waited_since(failed)
        wait = None if waited is None else failed.retry_after.wait_before(retry, waited)
        if waited is not None and wait is not None and waited < CLOCK_TOLERANCE * wait:
            yield violation_of(
                catalogue.RETRY_BEFORE_RETRY_AFTER,
                retry.exchange,
                failed.number,
                retry.number,
                received=f"the same request {format_seconds(waited)} after {failed.outcome}",
                expected=f"a wait of {format_seconds(wait)}, as the response asks",
            )


def _retries_without_backoff(chain: Sequence[RequestRecord], *, alone: bool) -> Iterator[Violation]:
    """Yield the violation if retries come too fast, where no response asks for a wait.

    Args:
        alone: True if there is only one caller. Equal waits are reported only then, because the
            waits of several callers are mixed.
    """
    waits = [
        (retry, waited)
        for failed, retry in pairwise(chain)
        if failed.retry_after.wait is None and (waited := retry.waited_since(failed)) is not None
    ]
    too_fast = [
        (retry, waited)
        for retry, waited in waits
        if waited < CLOCK_TOLERANCE * FIRST_BACKOFF_SECONDS
    ]
    lengths = [waited for _, waited in waits]
    if alone and not too_fast and len(waits) >= EQUAL_WAITS and _are_equal(lengths):
        too_fast = waits
    if too_fast:
        shortest = min(waited for _, waited in too_fast)
        yield violation_of(
            catalogue.NO_BACKOFF,
            too_fast[0][0].exchange,
            *(retry.number for retry, _ in too_fast),
            received=_describe_retries(len(too_fast), shortest),
            expected="1 s before the first retry, then twice as long each time",
        )


def _are_equal(waits: Sequence[float]) -> bool:
    """Return True if the waits are short and do not grow."""
    longest = max(waits)
    return longest < CLOCK_TOLERANCE * EQUAL_WAIT_SECONDS and CLOCK_TOLERANCE * longest <= waits[0]


def _describe_retries(count: int, shortest: float) -> str:
    if count == 1:
        return f"a retry {format_seconds(shortest)} after the failure"
    return f"{count} retries, the earliest {format_seconds(shortest)} after the failure"


def _too_many_retries(group: Sequence[RequestRecord], *, most: int) -> Iterator[Violation]:
    """Yield a violation for each long run of failures, each soon after the one before.

    Without known client times the retries of several callers look like one run, so nothing is
    reported.
    """
    for run in _runs_of_failures(group):
        if len(run) > most:
            yield violation_of(
                catalogue.TOO_MANY_RETRIES,
                run[0].exchange,
                *(record.number for record in run),
                received=f"{len(run)} failed attempts in a row",
                expected=f"at most {MAX_ATTEMPTS} attempts",
            )


def _runs_of_failures(group: Sequence[RequestRecord]) -> list[list[RequestRecord]]:
    runs: list[list[RequestRecord]] = [[]]
    for record in group:
        previous = runs[-1][-1] if runs[-1] else None
        waited = record.waited_since(previous) if previous else None
        longest = MAX_RETRY_SECONDS + (previous.retry_after.wait or 0 if previous else 0)
        if not record.failed_transiently or waited is None or waited > longest:
            runs.append([])
        if record.failed_transiently:
            runs[-1].append(record)
    return runs


# No document describes this header, but its meaning is a convention.
_IDEMPOTENCY_KEY = "idempotency-key"
# With more chains, the caller of a request could not be guessed.
_MAX_CANDIDATE_CHAINS = 64
