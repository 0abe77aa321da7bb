"""The judge of servers, about who and what is let in: right requests, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Cause, Document, JobRole, Operation
from ....openapi.text import one_line
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange
from ...traffic.job_views import get_or_none, json_body
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of


def acceptance_violations(
    document: Document, exchange: Exchange, number: int
) -> Iterator[Violation]:
    """Whether the right requests were let in."""
    operation, problems = exchange.operation, exchange.arguments.problems
    key = credential_problem(document, exchange)
    if key is not None:
        if exchange.accepted:
            yield violation_of(
                catalogue.KEY_IGNORED,
                exchange,
                number,
                place=key.parameter,
                received=str(exchange.status),
                expected=f"{_unauthorized(document)}, since no proper key was sent",
            )
        elif _is_clear(exchange) and exchange.status in _otherwise(document):
            yield violation_of(
                catalogue.WRONG_REFUSAL,
                exchange,
                number,
                place=key.parameter,
                received=_reason(document, exchange),
                expected=f"{_unauthorized(document)}, since no proper key was sent",
            )
    elif problems and exchange.accepted:
        yield violation_of(
            catalogue.INVALID_ACCEPTED,
            exchange,
            number,
            place=problems[0].parameter,
            received=str(exchange.status),
            expected=f"a refusal, since {problems[0].message}",
        )
    elif exchange.status in _refusals(document, operation) and _is_clear(exchange):
        yield violation_of(
            catalogue.VALID_REFUSED,
            exchange,
            number,
            received=_reason(document, exchange),
            expected=f"{operation.success.status}, since the document allows all of it",
        )


def _is_clear(exchange: Exchange) -> bool:
    """Whether the document alone tells that a request is right. What a job or a file must be like
    for it, and whether unknown fields are taken, is the server's to say.
    """
    arguments = exchange.arguments
    return not (arguments.problems or arguments.unknown or arguments.files or exchange.job_id)


def _unauthorized(document: Document) -> int:
    return document.envelope.answers[Cause.CREDENTIALS_MISSING].status


def _otherwise(document: Document) -> set[int]:
    """The statuses that are about what was asked for, or who may have it, and not about the key."""
    return _OTHERWISE - _statuses(document, *_KEY_CAUSES)


def _statuses(document: Document, *causes: Cause) -> set[int]:
    return {document.envelope.answers[cause].status for cause in causes}


def _refusals(document: Document, operation: Operation) -> set[int]:
    """The statuses that say that something is wrong with what was sent."""
    answers = document.envelope.answers
    causes = {Cause.FIELD_MISSING, Cause.FIELD_TYPE, Cause.FIELD_VALUE, Cause.FORM_MALFORMED}
    statuses = _statuses(document, *causes)
    if operation.role is JobRole.CREATE:  # elsewhere the same status is about the job
        named = [p.get("x-cause") for b in operation.bodies.values() for p in b.properties.values()]
        statuses |= {answers[cause].status for cause in named if cause}
    return statuses


def _reason(document: Document, exchange: Exchange) -> str:
    reply = exchange.reply
    said = get_or_none(json_body(reply), document.envelope.message_at) if reply else None
    return f"{exchange.status} {one_line(said)}" if isinstance(said, str) else str(exchange.status)


_OTHERWISE = {400, 403, 404, 422}
_KEY_CAUSES = (Cause.CREDENTIALS_MISSING, Cause.CREDENTIALS_MALFORMED, Cause.CREDENTIALS_INVALID)
