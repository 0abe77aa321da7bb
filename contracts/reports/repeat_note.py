"""Which request of a violation to repeat, and what to know before: its price, and deleted jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...openapi import Document, JobRole
from ..budget import format_price
from ..rules.violation import Violation
from ..traffic.billing import create_price
from ..traffic.credentials import credential_problem
from ..traffic.exchange import Exchange
from ..traffic.job_views import jobs_in


def number_to_repeat(document: Document, history: Sequence[Exchange], violation: Violation) -> int:
    """Return the number of the request that shows a violation again at the lowest price.

    A valid create comes last, because it creates a job; before it a request about a job that is
    gone, because the server cannot show the job again.
    """
    deleted_in = _deletions(history)

    def cost(number: int) -> tuple[bool, bool]:
        exchange = history[number - 1]
        return _is_valid_create(document, exchange), _job_is_gone(exchange, number, deleted_in)

    return min(violation.found_in, key=cost)


def repeat_note(document: Document, history: Sequence[Exchange], number: int) -> str:
    """Return what another request costs and whether its job is gone, empty if there is nothing.

    Args:
        document: The document of the API.
        history: All exchanges.
        number: The number of the exchange to repeat, counted from 1.
    """
    exchange = history[number - 1]
    return "; ".join([*_price_notes(exchange), *_job_notes(document, history, number)])


def _price_notes(exchange: Exchange) -> Iterator[str]:
    if exchange.role is JobRole.CREATE:
        amount, currency = create_price(exchange) or (None, "")
        condition = "" if exchange.accepted else ", if the server accepts it"
        yield f"creates a job at {format_price(amount, currency)}{condition}"


def _job_notes(document: Document, history: Sequence[Exchange], number: int) -> Iterator[str]:
    exchange, deleted_in = history[number - 1], _deletions(history)
    if _job_is_gone(exchange, number, deleted_in):
        deletion = max(deleted_in.get(job, 0) for job in _jobs(exchange))
        by = "this request" if deletion == number else f"no. {deletion}"
        yield f"the job is gone: {by} deleted it"
    elif exchange.role is JobRole.LIST:
        listed = [(view.kind.name, view.job_id) for view in jobs_in(document, exchange)]
        if listed and all(deleted_in.get(job, 0) > number for job in listed):
            yield "the jobs of this list are gone"


def _is_valid_create(document: Document, exchange: Exchange) -> bool:
    is_create = exchange.role is JobRole.CREATE
    is_valid = not exchange.arguments.problems and credential_problem(document, exchange) is None
    return is_create and is_valid


def _job_is_gone(exchange: Exchange, number: int, deleted_in: Mapping[_Job, int]) -> bool:
    """Return True if a request was about a job that this or a later request has deleted."""
    return any(deleted_in.get(job, 0) >= number for job in _jobs(exchange))


def _deletions(history: Sequence[Exchange]) -> dict[_Job, int]:
    """Return the number of the last request that deleted each job."""
    return {
        job: number
        for number, exchange in enumerate(history, start=1)
        if exchange.role is JobRole.DELETE and exchange.accepted
        for job in _jobs(exchange)
    }


def _jobs(exchange: Exchange) -> Iterator[_Job]:
    """Yield the job that a request names, for each kind that has the operation."""
    job_id = exchange.job_id or exchange.source_id
    if job_id:
        yield from ((role.kind, job_id) for role in exchange.roles)


_Job = tuple[str, str]
"""The name of a kind, and the id of a job."""
