"""The judge of servers, one exchange at a time: whether an answer is one that the document declares
for the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..openapi import Call, Cause, Document, JobRole, Operation, Reply, RequestProblem
from ..openapi.conformance import reply_problems
from ..openapi.json import Json
from ..openapi.pointer import Path, format_pointer, parse_pointer
from ..openapi.schema import plain, show, types_of
from ..openapi.schema_places import property_at
from . import server_catalogue as catalogue
from .exchange import Exchange, read_exchange
from .rule import Rule
from .sighting import found, json_of, sightings
from .violation import Violation, breach


def check_exchange(document: Document, call: Call, reply: Reply) -> tuple[Violation, ...]:
    """Every way in which a server broke the contract with one answer, warnings among them.

    Raises KeyError for an operation that the document does not have.
    """
    return tuple(exchange_violations(document, read_exchange(document, call, reply, at=0.0), 1))


def exchange_violations(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """The same, for one exchange of a history."""
    if exchange.reply is None:
        return
    yield from _undocumented(exchange, exchange.reply, number)
    yield from _length(exchange, exchange.reply, number)
    yield from _error_code(document, exchange, exchange.reply, number)
    yield from _admission(document, exchange, number)
    yield from _farewell(exchange, exchange.reply, number)
    for sighting in sightings(document, exchange):
        if exchange.operation.role is not JobRole.LIST:
            yield from _answered_job(document, exchange, sighting.job, number)


def _undocumented(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    for problem in reply_problems(exchange.operation, reply):
        rule = _ASPECTS[problem.aspect]
        if problem.aspect == "body" and reply.status >= 400:
            rule = catalogue.ENVELOPE
        yield breach(
            rule,
            exchange,
            number,
            place=problem.place or None,
            received=problem.received or "nothing",
            expected="a value"
            if problem.expected == "is required"
            else problem.expected.removeprefix("must be "),
        )


def _length(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    said = reply.headers.get("content-length", "")
    # An answer to HEAD has no body, but says how long it would be.
    told = reply.body and _LENGTH.fullmatch(said) and "content-encoding" not in reply.headers
    if told and int(said) != len(reply.body):
        yield breach(
            catalogue.LENGTH,
            exchange,
            number,
            place="content-length",
            received=f"{len(reply.body)} bytes",
            expected=f"{said} bytes",
        )


def _error_code(
    document: Document, exchange: Exchange, reply: Reply, number: int
) -> Iterator[Violation]:
    envelope = document.envelope
    known = [a.code for a in envelope.answers.values() if a.status == reply.status]
    if reply.status < 400 or envelope.code_at is None or not known:
        return
    code = found(json_of(reply), envelope.code_at)
    if isinstance(code, str) and code not in known:
        yield breach(
            catalogue.ERROR_CODE,
            exchange,
            number,
            place=format_pointer(envelope.code_at),
            received=show(code),
            expected=f"one of {', '.join(dict.fromkeys(known))}",
        )


def _admission(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """Whether the right requests were let in."""
    operation, problems = exchange.operation, exchange.arguments.problems
    key = document.credentials.key(exchange.headers) if document.credentials else ""
    if operation.secured and isinstance(key, RequestProblem):
        if exchange.accepted:
            yield breach(
                catalogue.KEY_IGNORED,
                exchange,
                number,
                place=key.parameter,
                received=str(exchange.status),
                expected=f"{_unauthorized(document)}, since no proper key was sent",
            )
    elif problems and exchange.accepted:
        yield breach(
            catalogue.INVALID_ACCEPTED,
            exchange,
            number,
            place=problems[0].parameter,
            received=str(exchange.status),
            expected=f"a refusal, since {problems[0].message}",
        )
    elif exchange.status in _refusals(document, operation) and _is_clear(exchange):
        yield breach(
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


def _refusals(document: Document, operation: Operation) -> set[int]:
    """The statuses that say that something is wrong with what was sent."""
    answers = document.envelope.answers
    causes = {Cause.FIELD_MISSING, Cause.FIELD_TYPE, Cause.FIELD_VALUE, Cause.FORM_MALFORMED}
    statuses = {answers[cause].status for cause in causes}
    if operation.role is JobRole.CREATE:  # elsewhere the same status is about the job
        named = [p.get("x-cause") for b in operation.bodies.values() for p in b.properties.values()]
        statuses |= {answers[cause].status for cause in named if cause}
    return statuses


def _reason(document: Document, exchange: Exchange) -> str:
    reply = exchange.reply
    said = found(json_of(reply), document.envelope.message_at) if reply else None
    return f"{exchange.status} {plain(said)}" if isinstance(said, str) else str(exchange.status)


def _farewell(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Whether a deletion is about the job that was to be deleted, where the document has it say so
    (x-job-id).
    """
    response = exchange.operation.responses.get(reply.status)
    schemas = [s for s in response.content.values() if s] if response else []
    pointer: str | None = next((s.raw["x-job-id"] for s in schemas if "x-job-id" in s.raw), None)
    if pointer is None or exchange.operation.role is not JobRole.DELETE:
        return
    told = found(json_of(reply), parse_pointer(pointer))
    if isinstance(told, str) and told != exchange.job_id:
        yield breach(
            catalogue.OTHER_JOB,
            exchange,
            number,
            place=pointer,
            received=show(told),
            expected=show(exchange.job_id),
        )


def _answered_job(
    document: Document, exchange: Exchange, job: dict[str, Json], number: int
) -> Iterator[Violation]:
    lifecycle, role = document.lifecycle, exchange.operation.role

    def wrong(rule: Rule, place: Path, expected: object) -> Violation:
        pointer, came = format_pointer(place), show(found(job, place))
        return breach(rule, exchange, number, place=pointer, received=came, expected=show(expected))

    if role is JobRole.RETRIEVE and found(job, lifecycle.id_at) != exchange.job_id:
        yield wrong(catalogue.OTHER_JOB, lifecycle.id_at, exchange.job_id)
    source = lifecycle.source_at
    if role is JobRole.REMIX and source and found(job, source) != exchange.job_id:
        yield wrong(catalogue.REMIX_SOURCE, source, exchange.job_id)
    if role not in (JobRole.CREATE, JobRole.REMIX):
        return
    wrong_already = {problem.parameter for problem in exchange.arguments.problems}
    for echo in (e for e in lifecycle.echoes if e.field not in wrong_already):
        asked, default = exchange.fields.get(echo.field), exchange.operation.default(echo.field)
        came = found(job, echo.at)
        if came is None and _may_be_null(document, echo.at):
            continue
        if asked is not None and came != asked:
            yield wrong(catalogue.ECHO, echo.at, asked)
        elif asked is None and role is JobRole.CREATE and default is not None and came != default:
            yield wrong(catalogue.DEFAULT, echo.at, default)


def _may_be_null(document: Document, place: Path) -> bool:
    return "null" in types_of(property_at(document.source.data, document.job.raw, place))


_LENGTH = re.compile("[0-9]{1,18}")
_ASPECTS: dict[str, Rule] = {
    "status": catalogue.STATUS,
    "content-type": catalogue.MEDIA_TYPE,
    "header": catalogue.HEADER,
    "json": catalogue.NOT_JSON,
    "body": catalogue.BODY,
}
