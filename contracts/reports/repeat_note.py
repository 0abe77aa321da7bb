"""Which request of a violation to repeat, and what to know before: its price, and deleted jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ...openapi import Document, JobRole
from ...openapi.operation import CREATE_ROLES
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
    if exchange.operation.role in CREATE_ROLES:
        amount, currency = create_price(exchange) or (None, "")
        condition = "" if exchange.accepted else ", if the server accepts it"
        yield f"creates a job at {format_price(amount, currency)}{condition}"


def _job_notes(document: Document, history: Sequence[Exchange], number: int) -> Iterator[str]:
    exchange, deleted_in = history[number - 1], _deletions(history)
    if _job_is_gone(exchange, number, deleted_in):
        deletion = deleted_in[exchange.job_id]
        by = "this request" if deletion == number else f"no. {deletion}"
        yield f"the job is gone: {by} deleted it"
    elif exchange.operation.role is JobRole.LIST:
        listed = [view.job_id for view in jobs_in(document, exchange)]
        if listed and all(deleted_in.get(job_id, 0) > number for job_id in listed):
            yield "the jobs of this list are gone"


def _is_valid_create(document: Document, exchange: Exchange) -> bool:
    is_create = exchange.operation.role in CREATE_ROLES
    is_valid = not exchange.arguments.problems and credential_problem(document, exchange) is None
    return is_create and is_valid


def _job_is_gone(exchange: Exchange, number: int, deleted_in: Mapping[str | None, int]) -> bool:
    """Return True if a request was about a job that this or a later request has deleted."""
    return deleted_in.get(exchange.job_id, 0) >= number


def _deletions(history: Sequence[Exchange]) -> dict[str | None, int]:
    """Return the number of the last request that deleted a job, by its id."""
    return {
        exchange.job_id: number
        for number, exchange in enumerate(history, start=1)
        if exchange.operation.role is JobRole.DELETE and exchange.accepted and exchange.job_id
    }
