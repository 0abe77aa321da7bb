"""Duplicate jobs: created again because the first one was not followed, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from ....openapi import JobRole
from ....openapi.text import one_line
from ...budget import format_amount
from ...traffic.billing import create_price
from ...traffic.exchange import Exchange
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import JobHistory, ListCalls, job_histories
from .request_record import JobKey, JobReport, RequestRecord, group_by_fingerprint


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A job that was not followed, although the same request created another one later.

    Args:
        job: the job.
        create: the request that created it.
        repeat: the equal request that created the next job.
        lost: True if the response with the job did not reach the client.
    """

    job: JobKey
    create: RequestRecord
    repeat: RequestRecord
    lost: bool


def all_duplicates(records: Sequence[RequestRecord]) -> Iterator[Duplicate]:
    """Yield all duplicates of a history."""
    histories, list_calls = job_histories(records), ListCalls(records)
    for group in group_by_fingerprint(
        record for record in records if record.role is JobRole.CREATE
    ):
        yield from find_duplicates(group, histories, list_calls)


def find_duplicates(
    group: Sequence[RequestRecord],
    histories: Mapping[JobKey, JobHistory],
    list_calls: ListCalls,
) -> tuple[Duplicate, ...]:
    """Return the duplicates that the requests of a group created, which all ask for the same."""
    created = [*_created_jobs(group)] if group[0].role is JobRole.CREATE else []
    duplicates = (
        Duplicate(job, create, repeat, lost)
        for (job, create, lost), (_, repeat, _) in pairwise(created)
        if not _is_followed(histories.get(job), lost=lost)
        # A client that looked for a lost job in the list and did not find it could do no more.
        and not (lost and list_calls.between(create, repeat))
    )
    return tuple(duplicates)


def _is_followed(history: JobHistory | None, *, lost: bool) -> bool:
    """Return True if a request is about the job; a list that shows a lost job does not count."""
    return history is not None and bool(history.requests if lost else history.followed)


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
    for lost, singular, plural in _DESCRIPTIONS:
        ids = [one_line(duplicate.job[1]) for duplicate in duplicates if duplicate.lost is lost]
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
# True if the response was lost, and the descriptions of one job and of several.
_DESCRIPTIONS = (
    (False, "was accepted and never requested", "were accepted and never requested"),
    (
        True,
        "was created, but its response was lost",
        "were created, but their responses were lost",
    ),
)
