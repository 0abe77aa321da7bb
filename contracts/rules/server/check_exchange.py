"""Rules for a single response: it must be one that the document declares for its request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi import Call, Document, JobRole, Reply
from ....openapi.conformance import ReplyProblem, reply_problems
from ....openapi.jobs import JobField
from ....openapi.jobs.sources import FromSource
from ....openapi.pointer import Path, format_pointer, get_or_none
from ....openapi.text import quote
from ...traffic.exchange import Exchange, read_exchange
from ...traffic.job_places import places_of
from ...traffic.job_views import JobView, jobs_in, json_body
from ...traffic.redaction import KEY_MASK
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .acceptance import acceptance_violations
from .addresses import address_violations
from .echoes import echo_violations


def check_exchange(document: Document, call: Call, reply: Reply) -> tuple[Violation, ...]:
    """Return every violation in one response of a server, warnings included.

    Raises KeyError if the document does not have the operation.
    """
    return tuple(exchange_violations(document, read_exchange(document, call, reply, at=0.0), 1))


def exchange_violations(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """Yield the violations in the response of one exchange of a history.

    Args:
        document: The document of the API.
        exchange: The request and its response.
        number: The number of the exchange in the history, counted from 1.
    """
    if exchange.reply is None:
        return
    yield from _content_length_violations(exchange, exchange.reply, number)
    if exchange.is_file:
        return  # the document says nothing about these responses
    yield from _schema_violations(document, exchange, exchange.reply, number)
    yield from _error_code_violations(document, exchange, exchange.reply, number)
    yield from _leaked_key_violations(exchange, exchange.reply, number)
    yield from acceptance_violations(document, exchange, number)
    yield from _deleted_id_violations(document, exchange, exchange.reply, number)
    if len({role.kind for role in exchange.roles}) > 1:
        return  # only the history shows which jobs these are
    yield from address_violations(document, exchange, number)
    if exchange.role is JobRole.LIST:
        return
    for view in jobs_in(document, exchange):
        yield from _job_violations(document, exchange, view, number)


def _schema_violations(
    document: Document, exchange: Exchange, reply: Reply, number: int
) -> Iterator[Violation]:
    if reply.status in _GATEWAY_STATUSES or exchange.reports_error:
        return  # an error with a good status does not match the schema of that status
    for problem in reply_problems(exchange.operation, reply):
        if problem.aspect == "status" and _may_reject(document, exchange, reply):
            continue
        rule = _RULE_BY_ASPECT[problem.aspect]
        if problem.aspect == "body" and not exchange.accepted:
            rule = catalogue.ENVELOPE_MISSING
        received, expected = _received_and_expected(problem)
        place = problem.place or None
        yield violation_of(
            rule, exchange, number, place=place, received=received, expected=expected
        )


def _may_reject(document: Document, exchange: Exchange, reply: Reply) -> bool:
    """Return True if a status is an error, and the document says nothing about rejections."""
    if document.envelope.declared or reply.status < 400:
        return False
    statuses = {*exchange.operation.responses} - {*_GATEWAY_STATUSES, *_REJECTIONS_OF_ANY}
    return not any(400 <= status < 500 for status in statuses)


def _received_and_expected(problem: ReplyProblem) -> tuple[str, str]:
    if problem.expected == "is required":
        return "nothing", "a value"
    if problem.expected.startswith("is not known here"):
        return "a value", f"nothing, because it {problem.expected}"
    # Without a value, the expectation names what was received.
    return problem.received or "another value", problem.expected.removeprefix("must be ")


def _content_length_violations(
    exchange: Exchange, reply: Reply, number: int
) -> Iterator[Violation]:
    declared = reply.headers.get("content-length", "")
    # A response to HEAD has no body, but it has the length that the body of GET would have.
    comparable = (
        reply.body
        and _CONTENT_LENGTH.fullmatch(declared)
        and "content-encoding" not in reply.headers
    )
    if comparable and int(declared) != len(reply.body):
        yield violation_of(
            catalogue.CONTENT_LENGTH_MISMATCH,
            exchange,
            number,
            place="content-length",
            received=f"{len(reply.body)} bytes",
            expected=f"{declared} bytes",
        )


def _error_code_violations(
    document: Document, exchange: Exchange, reply: Reply, number: int
) -> Iterator[Violation]:
    envelope = document.envelope
    documented = [a.code for a in envelope.responses.values() if a.status == reply.status]
    if exchange.accepted or not envelope.declared or envelope.code_at is None or not documented:
        return
    code = get_or_none(json_body(reply), envelope.code_at)
    if isinstance(code, str | int) and code not in documented:
        yield violation_of(
            catalogue.UNDOCUMENTED_ERROR_CODE,
            exchange,
            number,
            place=format_pointer(envelope.code_at),
            received=quote(code),
            expected=f"one of {', '.join(map(str, dict.fromkeys(documented)))}",
        )


def _leaked_key_violations(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Yield a violation if the response contains the API key, which is masked by now."""
    places = [name for name, value in reply.headers.items() if KEY_MASK in value]
    if KEY_MASK.encode() in reply.body:
        places.append("body")
    for place in places[:1]:
        yield violation_of(
            catalogue.KEY_LEAKED,
            exchange,
            number,
            place=place,
            received="the API key of the request",
            expected="a response without the API key",
        )


def _deleted_id_violations(
    document: Document, exchange: Exchange, reply: Reply, number: int
) -> Iterator[Violation]:
    """Yield a violation if the response to a delete names another job.

    Only responses whose schema has the id of the job are checked.
    """
    for role in exchange.roles:
        id_at = document.kinds[role.kind].id_at
        if role.role is not JobRole.DELETE or id_at is None or not exchange.accepted:
            continue
        deleted_id = get_or_none(json_body(reply), (*role.job_at, *id_at))
        named = isinstance(deleted_id, str | int) and str(deleted_id) != exchange.job_id
        if named and places_of(document).schemas_at(role, id_at):
            yield violation_of(
                catalogue.OTHER_JOB,
                exchange,
                number,
                place=format_pointer((*role.job_at, *id_at)),
                received=quote(deleted_id),
                expected=quote(exchange.job_id),
            )


def _job_violations(
    document: Document, exchange: Exchange, view: JobView, number: int
) -> Iterator[Violation]:
    def violation(rule: Rule, path: Path, expected: object) -> Violation:
        return violation_of(
            rule,
            exchange,
            number,
            place=format_pointer(path),
            received=quote(view.value_at(path)),
            expected=quote(expected),
        )

    id_at, role = view.kind.id_at, view.role.role
    if role in (JobRole.POLL, JobRole.CANCEL) and id_at and view.job_id != exchange.job_id:
        yield violation(catalogue.OTHER_JOB, id_at, exchange.job_id)
    create, places = exchange.create, places_of(document)
    if create is None:
        return
    for field in create.fields:
        path = field.place.path
        names_source = create.source and _is_source_id(field, view)
        is_wrong = str(view.value_at(path)) != exchange.source_id
        if names_source and is_wrong and places.shows(view.role, field, view.state):
            yield violation(catalogue.REMIX_SOURCE, path, exchange.source_id)
        yield from echo_violations(
            places, field, view, create=exchange, shown_by=exchange, number=number
        )


def _is_source_id(field: JobField, view: JobView) -> bool:
    """Return True if a field names the job that a job was made from."""
    return isinstance(field.source, FromSource) and field.source.path == view.kind.id_at


# Web servers, gateways and file stores send these themselves; the request never reaches the API.
_GATEWAY_STATUSES = (408, 414, 415, 416, 431)
# These say nothing about one operation: they may reject any request.
_REJECTIONS_OF_ANY = (413, 429)
_CONTENT_LENGTH = re.compile("[0-9]{1,18}")
_RULE_BY_ASPECT: dict[str, Rule] = {
    "status": catalogue.UNDOCUMENTED_STATUS,
    "content-type": catalogue.UNDOCUMENTED_MEDIA_TYPE,
    "header": catalogue.INVALID_HEADER,
    "json": catalogue.NOT_JSON,
    "body": catalogue.INVALID_BODY,
}
