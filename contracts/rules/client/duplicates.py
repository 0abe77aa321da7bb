"""Jobs that were made anew because nobody had followed the first: how many, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from ....openapi.operation import CREATING
from ....openapi.text import one_line
from ...budget import format_amount
from ...traffic.exchange import Exchange
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import JobHistory, ListCalls, job_histories
from .request_record import RequestParser, RequestRecord, group_by_fingerprint


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A job that nobody came back to, and the request that made the same job anew. `lost` says that
    the answer which told of it never arrived.
    """

    job_id: str
    first: RequestRecord
    again: RequestRecord
    lost: bool


def unfollowed_duplicates(
    reading: RequestParser, attempts: Sequence[RequestRecord]
) -> Iterator[Duplicate]:
    """All jobs of a history that were made in vain."""
    told, looks = job_histories(attempts), ListCalls(attempts)
    for group in group_by_fingerprint(attempt for attempt in attempts if attempt.role in CREATING):
        yield from duplicates(reading, group, told, looks)


def duplicates(
    reading: RequestParser,
    group: Sequence[RequestRecord],
    told: Mapping[str, JobHistory],
    looks: ListCalls,
) -> tuple[Duplicate, ...]:
    """The jobs that were made in vain by the requests of a group, which all asked for the same."""
    made = [*_made(reading, group)] if group[0].role in CREATING else []
    found = (
        Duplicate(job_id, first, again, lost)
        for (job_id, first, lost), (_, again, _) in pairwise(made)
        if not _came_back(told.get(job_id), lost=lost)
        # Who has looked for a lost job, and was not shown it, could do no more.
        and not (lost and looks.between(first, again))
    )
    return tuple(found)


def _came_back(story: JobHistory | None, *, lost: bool) -> bool:
    """Whether anybody has asked for a job. One that no answer has told of is not asked for by a
    list that happens to show it.
    """
    return story is not None and bool(story.requests if lost else story.followed)


def duplicate_violations(found: Sequence[Duplicate]) -> Iterator[Violation]:
    """What is to be said about the duplicates of one group."""
    if not found:
        return
    numbers = sorted({a.number for duplicate in found for a in (duplicate.first, duplicate.again)})
    price = _price([duplicate.first.exchange for duplicate in found])
    cost = f"; what was made in vain costs up to {price}" if price else ""
    yield violation_of(
        catalogue.DUPLICATE_JOB,
        found[-1].again.exchange,
        *numbers,
        received=f"{len(numbers)} jobs by the same request: {_unfollowed(found)}{cost}",
        expected="one request for one job",
    )


def _made(
    reading: RequestParser, group: Sequence[RequestRecord]
) -> Iterator[tuple[str, RequestRecord, bool]]:
    """The jobs that a group has made, by their ids, and whether the answer was lost. A server that
    knows a request again answers with the job that there is.
    """
    known: set[str] = set()
    for attempt in group:
        hidden = reading.undelivered_jobs(attempt.exchange)
        # An answer that was changed may tell of a job that there is not.
        for job_id in (hidden or [telling.job_id for telling in attempt.jobs])[:1]:
            if job_id not in known:
                yield job_id, attempt, bool(hidden)
            known.add(job_id)


def _unfollowed(found: Sequence[Duplicate]) -> str:
    parts = []
    for lost, what in (
        (False, "accepted and never asked for"),
        (True, "made, and the client not told"),
    ):
        ids = [one_line(duplicate.job_id) for duplicate in found if duplicate.lost is lost]
        if ids:
            more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
            verb = "was" if len(ids) == 1 else "were"
            parts.append(f"{', '.join(ids[:_SHOWN])}{more} {verb} {what}")
    return "; ".join(parts)


def price_of(exchange: Exchange) -> tuple[Decimal, str] | None:
    """What a create costs, with the currency; None where the document does not say."""
    operation = exchange.operation
    price = operation.price
    if price is None:
        return None
    named = {name for rate in price.rates for name in rate.when} | {price.per or ""}
    defaults = {name: operation.default(name) for name in named}
    try:
        return price.of({**defaults, **exchange.fields}), price.currency
    except ArithmeticError:  # a value that the server should have refused
        return None


def _price(exchanges: Sequence[Exchange]) -> str:
    """What these creates cost together, with the currency; empty if the document does not say."""
    total, currency = Decimal(0), ""
    for price in map(price_of, exchanges):
        if price is None:
            return ""
        total, currency = total + price[0], price[1]
    return f"{format_amount(total)} {currency}"


_SHOWN = 3
