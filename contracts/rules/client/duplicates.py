"""Duplicate jobs: created again because the first one was not followed, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from ....openapi import JobRole
from ....openapi.text import one_line
from ...budget import format_amount
from ...traffic.billing import create_price
from ...traffic.exchange import Exchange
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import Concurrency, JobHistory, ListCalls, job_histories
from .request_record import JobKey, JobReport, RequestRecord, group_by_fingerprint
from .retry_window import RetryWindows


class Reason(Enum):
    """Why a job has a duplicate: its description, of one job and of several."""

    NEVER_REQUESTED = ("was accepted and never requested", "were accepted and never requested")
    LOST = (
        "was created, but its response was lost",
        "were created, but their responses were lost",
    )
    ABANDONED = (
        "was requested, but not until its end",
        "were requested, but not until their ends",
    )
    NOT_DOWNLOADED = (
        "was completed, but its file was not requested again",
        "were completed, but their files were not requested again",
    )


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A job that was not followed to its end, although the same request created another one later.

    Args:
        job: the job.
        create: the request that created it.
        repeat: the equal request that created another job instead.
        reason: what the client missed.
    """

    job: JobKey
    create: RequestRecord
    repeat: RequestRecord
    reason: Reason


def all_duplicates(records: Sequence[RequestRecord]) -> Iterator[Duplicate]:
    """Yield all duplicates of a history."""
    histories, list_calls = job_histories(records), ListCalls(records)
    windows = RetryWindows(records, Concurrency(records))
    for group in group_by_fingerprint(
        record for record in records if record.role is JobRole.CREATE
    ):
        yield from find_duplicates(group, histories, list_calls, windows)


def find_duplicates(
    group: Sequence[RequestRecord],
    histories: Mapping[JobKey, JobHistory],
    list_calls: ListCalls,
    windows: RetryWindows,
) -> tuple[Duplicate, ...]:
    """Return the duplicates that the requests of a group created, which all ask for the same."""
    created = [*_created_jobs(group)] if group[0].role is JobRole.CREATE else []
    duplicates, replaced = list[Duplicate](), set[int]()
    for job, create, lost in created if len(created) > 1 else ():
        history = histories.get(job)
        reason = _missed(history, create, windows, lost=lost)
        if reason is None:
            continue
        mentioned = _last_mention(history, create, lost=lost)
        later = (r for _, r, _ in created if r.number > mentioned and r.number not in replaced)
        repeat = next(later, None)
        if repeat is None or _is_excused(history, create, repeat, list_calls, reason):
            continue
        if reason in _NEEDS_FOLLOWED_REPEAT and not _goes_on(repeat, histories):
            continue
        replaced.add(repeat.number)
        duplicates.append(Duplicate(job, create, repeat, reason))
    return tuple(duplicates)


def _missed(
    history: JobHistory | None, create: RequestRecord, windows: RetryWindows, *, lost: bool
) -> Reason | None:
    """Return what the client missed of a job, None if it followed the job to its end."""
    if lost and not (history and history.requests):
        return Reason.LOST
    if history is None or not history.followed:
        return Reason.NEVER_REQUESTED
    if history.succeeded:
        downloads = history.requests_with(JobRole.RESULT)
        again = bool(downloads) and not any(download.exchange.accepted for download in downloads)
        return Reason.NOT_DOWNLOADED if again and _may_be_repeated(downloads[-1]) else None
    last = history.requests[-1] if history.requests else None
    gave_up = last is not None and windows.expired(create.number, last.number)
    over = history.ended_by_server or gave_up or (last and last.reports_unknown_job)
    return None if over else Reason.ABANDONED


def _may_be_repeated(record: RequestRecord) -> bool:
    """Return True if a later request, or one with another key, may succeed."""
    return record.failed_transiently or record.status in _STATUSES_OF_KEYS


def _last_mention(history: JobHistory | None, create: RequestRecord, *, lost: bool) -> int:
    """Return the number of the last request that is about a job, or whose list shows it."""
    if history is None:
        return create.number
    shown = [] if lost else [report.number for report in history.reports]
    return max([create.number, *shown, *(request.number for request in history.requests)])


def _is_excused(
    history: JobHistory | None,
    create: RequestRecord,
    repeat: RequestRecord,
    list_calls: ListCalls,
    reason: Reason,
) -> bool:
    """Return True if the client looked for a lost job in the list, which did not show it."""
    if reason is not Reason.LOST or not list_calls.between(create, repeat):
        return False
    shown = history.reports if history else ()
    return not any(create.number < report.number < repeat.number for report in shown)


def _goes_on(repeat: RequestRecord, histories: Mapping[JobKey, JobHistory]) -> bool:
    """Return True if the client follows a job of this create."""
    return any(histories[report.key].followed for report in repeat.job_reports)


def duplicate_violations(duplicates: Sequence[Duplicate]) -> Iterator[Violation]:
    """Yield the violation of a group with duplicates."""
    if not duplicates:
        return
    numbers = sorted({r.number for each in duplicates for r in (each.create, each.repeat)})
    price = _total_price([duplicate.create.exchange for duplicate in duplicates])
    cost = f"; the duplicates cost up to {price}" if price else ""
    yield violation_of(
        catalogue.DUPLICATE_JOB,
        duplicates[-1].repeat.exchange,
        *numbers,
        received=f"{len(numbers)} jobs by the same request: {_describe_jobs(duplicates)}{cost}",
        expected="one create for one job",
    )


def _created_jobs(group: Sequence[RequestRecord]) -> Iterator[tuple[JobKey, RequestRecord, bool]]:
    """Yield each created job, its create, and True if its response was lost.

    A server that recognizes a repeated request returns the first job, which is not a new one.
    """
    known: set[JobKey] = set()
    for record in group:
        # A modified response may show a job that does not exist.
        reports: tuple[JobReport, ...] = record.undelivered or record.job_reports
        for report in reports[:1]:
            if report.key not in known:
                yield report.key, record, bool(record.undelivered)
            known.add(report.key)


def _describe_jobs(duplicates: Sequence[Duplicate]) -> str:
    parts = []
    for reason in Reason:
        ids = [one_line(duplicate.job[1]) for duplicate in duplicates if duplicate.reason is reason]
        singular, plural = reason.value
        if ids:
            more = len(ids) - _MAX_SHOWN_IDS
            shown = ", ".join(ids[:_MAX_SHOWN_IDS]) + (f" and {more} more" if more > 0 else "")
            parts.append(f"{shown} {singular if len(ids) == 1 else plural}")
    return "; ".join(parts)


def _total_price(exchanges: Sequence[Exchange]) -> str:
    """Return the price of these creates as text, empty if one is unknown."""
    total, currency = Decimal(0), ""
    for price in map(create_price, exchanges):
        if price is None:
            return ""
        total, currency = total + price[0], price[1]
    return f"{format_amount(total)} {currency}"


_MAX_SHOWN_IDS = 3
# A test that ends at the repeated create may have followed both jobs.
_NEEDS_FOLLOWED_REPEAT = (Reason.ABANDONED, Reason.NOT_DOWNLOADED)
# HTTP: the key is refused, which says nothing about the job.
_STATUSES_OF_KEYS = (401, 403)
