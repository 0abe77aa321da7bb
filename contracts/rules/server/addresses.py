"""The rule for addresses of operations in responses: they name the job that they are shown with."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Document, JobKind
from ....openapi.jobs import JobField, ResultOperation
from ....openapi.jobs.sources import OperationAddress
from ....openapi.pointer import get_or_none
from ....openapi.text import quote
from ...traffic.exchange import Exchange
from ...traffic.job_views import ShownJob, id_in_url, shown_jobs, value_in
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of


def address_violations(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """Yield a violation for each address in a response that names another job than it is about.

    Args:
        document: The document of the API.
        exchange: The request and its response.
        number: The number of the exchange in the history.
    """
    for shown in shown_jobs(document, exchange):
        fields = exchange.create.fields if exchange.create else shown.kind.fields
        for field in fields:
            url = value_in(exchange, field, shown.job)
            named = _named_id(document, shown.kind, field, url) if isinstance(url, str) else None
            expected = _expected_id(shown, field) if named else None
            if named and expected and named != expected:
                yield violation_of(
                    catalogue.WRONG_ADDRESS,
                    exchange,
                    number,
                    place=str(field.place),
                    received=quote(url),
                    expected=f"an address of {quote(expected)}",
                )


def _named_id(document: Document, kind: JobKind, field: JobField, url: str) -> str | None:
    """Return the id in an address; None if it has none, or may lead anywhere else."""
    if not isinstance(field.source, OperationAddress):
        return None
    operation = document.operations[field.source.operation_id]
    roles = [each for each in kind.operations() if each.operation is operation and each.id]
    return id_in_url(document, operation, roles[0].id, url) if roles else None


def _expected_id(shown: ShownJob, field: JobField) -> str | None:
    """Return the id that an address should name: that of the job, or the key of its result."""
    source = field.source
    for result in shown.kind.results:
        is_address = isinstance(source, OperationAddress) and (
            source.operation_id == result.operation.id
        )
        if is_address and isinstance(result, ResultOperation) and result.key is not None:
            key = get_or_none(shown.job, result.key)
            return None if key is None else str(key)
    return shown.job_id
