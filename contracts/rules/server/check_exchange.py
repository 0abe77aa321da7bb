"""Rules for a single response: it must be one that the document declares for its request."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi import Call, Document, JobRole, Reply
from ....openapi.conformance import ReplyProblem, reply_problems
from ....openapi.json import Json
from ....openapi.operation import CREATE_ROLES
from ....openapi.pointer import Path, format_pointer, parse_pointer
from ....openapi.schema import property_at, types_of
from ....openapi.text import quote
from ...traffic.exchange import Exchange, read_exchange
from ...traffic.job_views import get_or_none, jobs_in, json_body
from ...traffic.redaction import KEY_MASK
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .acceptance import acceptance_violations


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
    yield from _schema_violations(exchange, exchange.reply, number)
    yield from _content_length_violations(exchange, exchange.reply, number)
    yield from _error_code_violations(document, exchange, exchange.reply, number)
    yield from _leaked_key_violations(exchange, exchange.reply, number)
    yield from acceptance_violations(document, exchange, number)
    yield from _deleted_id_violations(exchange, exchange.reply, number)
    for view in jobs_in(document, exchange):
        if exchange.operation.role is not JobRole.LIST:
            yield from _job_violations(document, exchange, view.job, number)


def _schema_violations(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    if reply.status in _GATEWAY_STATUSES:
        return
    for problem in reply_problems(exchange.operation, reply):
        rule = _RULE_BY_ASPECT[problem.aspect]
        if problem.aspect == "body" and reply.status >= 400:
            rule = catalogue.ENVELOPE_MISSING
        received, expected = _received_and_expected(problem)
        place = problem.place or None
        yield violation_of(
            rule, exchange, number, place=place, received=received, expected=expected
        )


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
    if reply.status < 400 or envelope.code_at is None or not documented:
        return
    code = get_or_none(json_body(reply), envelope.code_at)
    if isinstance(code, str) and code not in documented:
        yield violation_of(
            catalogue.UNDOCUMENTED_ERROR_CODE,
            exchange,
            number,
            place=format_pointer(envelope.code_at),
            received=quote(code),
            expected=f"one of {', '.join(dict.fromkeys(documented))}",
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


def _deleted_id_violations(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Yield a violation if the response to a delete names another job.

    Only documents that say where the id is (x-job-id) are checked.
    """
    response = exchange.operation.responses.get(reply.status)
    schemas = [s for s in response.content.values() if s] if response else []
    pointer: str | None = next((s.raw["x-job-id"] for s in schemas if "x-job-id" in s.raw), None)
    if pointer is None or exchange.operation.role is not JobRole.DELETE:
        return
    deleted_id = get_or_none(json_body(reply), parse_pointer(pointer))
    if isinstance(deleted_id, str) and deleted_id != exchange.job_id:
        yield violation_of(
            catalogue.OTHER_JOB,
            exchange,
            number,
            place=pointer,
            received=quote(deleted_id),
            expected=quote(exchange.job_id),
        )


def _job_violations(
    document: Document, exchange: Exchange, job: dict[str, Json], number: int
) -> Iterator[Violation]:
    lifecycle, role = document.lifecycle, exchange.operation.role

    def violation(rule: Rule, place: Path, expected: object) -> Violation:
        pointer, received = format_pointer(place), quote(get_or_none(job, place))
        return violation_of(
            rule, exchange, number, place=pointer, received=received, expected=quote(expected)
        )

    if role is JobRole.RETRIEVE and get_or_none(job, lifecycle.id_at) != exchange.job_id:
        yield violation(catalogue.OTHER_JOB, lifecycle.id_at, exchange.job_id)
    source = lifecycle.source_at
    if role is JobRole.REMIX and source and get_or_none(job, source) != exchange.job_id:
        yield violation(catalogue.REMIX_SOURCE, source, exchange.job_id)
    if role not in CREATE_ROLES:
        return
    invalid_fields = {problem.parameter for problem in exchange.arguments.problems}
    for echo in (e for e in lifecycle.echoes if e.field not in invalid_fields):
        sent, default = exchange.fields.get(echo.field), exchange.operation.default(echo.field)
        returned = get_or_none(job, echo.at)
        if returned is None and _may_be_null(document, echo.at):
            continue
        if sent is not None:
            if returned != sent:
                yield violation(catalogue.FIELD_NOT_ECHOED, echo.at, sent)
        elif role is JobRole.CREATE and default is not None and returned != default:
            yield violation(catalogue.DEFAULT_NOT_APPLIED, echo.at, default)


def _may_be_null(document: Document, place: Path) -> bool:
    return "null" in types_of(property_at(document.source.data, document.job.raw, place))


# Web servers, gateways and file stores send these themselves; the request never reaches the API.
_GATEWAY_STATUSES = (408, 414, 415, 416, 431)
_CONTENT_LENGTH = re.compile("[0-9]{1,18}")
_RULE_BY_ASPECT: dict[str, Rule] = {
    "status": catalogue.UNDOCUMENTED_STATUS,
    "content-type": catalogue.UNDOCUMENTED_MEDIA_TYPE,
    "header": catalogue.INVALID_HEADER,
    "json": catalogue.NOT_JSON,
    "body": catalogue.INVALID_BODY,
}
