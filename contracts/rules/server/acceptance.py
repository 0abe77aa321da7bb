"""Rules for accepting and rejecting requests: valid requests, invalid requests, API keys."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Cause, Document, Operation
from ....openapi.pointer import get_or_none
from ....openapi.text import one_line
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange
from ...traffic.job_views import json_body
from ...traffic.sample_image import is_sample_image
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of


def acceptance_violations(
    document: Document, exchange: Exchange, number: int
) -> Iterator[Violation]:
    """Yield a violation if a server accepts an invalid request, or rejects a valid one.

    A request with an invalid API key must be rejected for its key, even if it has other errors.
    """
    operation, problems = exchange.operation, exchange.arguments.problems
    key_problem = credential_problem(document, exchange)
    if key_problem is not None:
        if exchange.accepted:
            yield violation_of(
                catalogue.INVALID_KEY_ACCEPTED,
                exchange,
                number,
                place=key_problem.parameter,
                received=str(exchange.status),
                expected=_expected_key_rejection(document),
            )
        elif _is_certainly_valid(exchange) and exchange.status in _other_rejections(
            document, operation
        ):
            yield violation_of(
                catalogue.WRONG_KEY_ERROR,
                exchange,
                number,
                place=key_problem.parameter,
                received=_status_and_message(document, exchange),
                expected=_expected_key_rejection(document),
            )
    elif problems and exchange.accepted:
        yield violation_of(
            catalogue.INVALID_ACCEPTED,
            exchange,
            number,
            place=problems[0].parameter,
            received=str(exchange.status),
            expected=f"a rejection, because {problems[0].message}",
        )
    elif exchange.status in _invalid_request_statuses(document, exchange) and _is_certainly_valid(
        exchange
    ):
        yield violation_of(
            catalogue.VALID_REJECTED,
            exchange,
            number,
            received=_status_and_message(document, exchange),
            expected=f"{operation.success.status}, because the request is valid",
        )


def _is_certainly_valid(exchange: Exchange) -> bool:
    """Return True if the document alone shows that the request is valid.

    Only the server knows whether a job or a file is suitable, and whether it ignores unknown
    fields. But the sample image of a check is suitable.
    """
    arguments = exchange.arguments
    if arguments.problems or arguments.unknown_names or exchange.job_id:
        return False
    create, files = exchange.create, arguments.files.values()
    if create is None:
        return not files
    return all(is_sample_image(create, dict(exchange.fields), part) for part in files)


def _expected_key_rejection(document: Document) -> str:
    status = document.envelope.responses[Cause.CREDENTIALS_MISSING].status
    said = document.envelope.declared and status >= 400
    return f"{status if said else 'a rejection'}, because the API key is missing or invalid"


def _other_rejections(document: Document, operation: Operation) -> set[int]:
    """Return the statuses of rejections that are not about the API key; none if any may be."""
    statuses = _statuses(document, *_KEY_CAUSES)
    documented = document.envelope.declared or statuses & {*operation.responses}
    return _CLIENT_ERRORS - statuses if documented else set()


def _statuses(document: Document, *causes: Cause) -> set[int]:
    statuses = {document.envelope.responses[cause].status for cause in causes}
    return {status for status in statuses if status >= 400}


def _invalid_request_statuses(document: Document, exchange: Exchange) -> set[int]:
    """Return the statuses that say that a request is invalid."""
    statuses = _statuses(document, *_REQUEST_CAUSES)
    if exchange.create is not None:  # for other operations, these statuses are about the job
        field_causes = [
            p.get("x-cause")
            for body in exchange.operation.bodies.values()
            for p in body.properties.values()
        ]
        statuses |= _statuses(document, *(cause for cause in field_causes if cause))
    return statuses


def _status_and_message(document: Document, exchange: Exchange) -> str:
    reply, at = exchange.reply, document.envelope.message_at
    message = get_or_none(json_body(reply), at) if reply and at else None
    if isinstance(message, str):
        return f"{exchange.status} {one_line(message)}"
    return str(exchange.status)


_CLIENT_ERRORS = {400, 403, 404, 422}
_REQUEST_CAUSES = (
    Cause.FIELD_MISSING,
    Cause.FIELD_TYPE,
    Cause.FIELD_VALUE,
    Cause.FORM_MALFORMED,
    Cause.JSON_MALFORMED,
    Cause.MEDIA_TYPE_UNSUPPORTED,
)
_KEY_CAUSES = (Cause.CREDENTIALS_MISSING, Cause.CREDENTIALS_MALFORMED, Cause.CREDENTIALS_INVALID)
