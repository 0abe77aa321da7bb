"""The judge of servers, one exchange at a time: whether an answer is one that the document declares
for the request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ....openapi import Call, Document, JobRole, Reply
from ....openapi.conformance import reply_problems
from ....openapi.json import Json
from ....openapi.operation import CREATING
from ....openapi.pointer import Path, format_pointer, parse_pointer
from ....openapi.schema import types_of
from ....openapi.schema_places import property_at
from ....openapi.text import quote
from ...traffic.exchange import Exchange, read_exchange
from ...traffic.job_views import get_or_none, jobs_in, json_body
from ...traffic.redaction import MASK
from .. import server_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .acceptance import acceptance_violations


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
    yield from _key_leak(exchange, exchange.reply, number)
    yield from acceptance_violations(document, exchange, number)
    yield from _delete_response(exchange, exchange.reply, number)
    for sighting in jobs_in(document, exchange):
        if exchange.operation.role is not JobRole.LIST:
            yield from _answered_job(document, exchange, sighting.job, number)


def _undocumented(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    if reply.status in _GATEWAY_STATUSES:
        return
    for problem in reply_problems(exchange.operation, reply):
        rule = _RULE_BY_ASPECT[problem.aspect]
        if problem.aspect == "body" and reply.status >= 400:
            rule = catalogue.ENVELOPE
        yield violation_of(
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
        yield violation_of(
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
    code = get_or_none(json_body(reply), envelope.code_at)
    if isinstance(code, str) and code not in known:
        yield violation_of(
            catalogue.ERROR_CODE,
            exchange,
            number,
            place=format_pointer(envelope.code_at),
            received=quote(code),
            expected=f"one of {', '.join(dict.fromkeys(known))}",
        )


def _key_leak(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Whether an answer repeats the key, which whoever took down the exchange has masked."""
    places = [name for name, value in reply.headers.items() if MASK in value]
    if MASK.encode() in reply.body:
        places.append("the body")
    for place in places[:1]:
        yield violation_of(
            catalogue.KEY_LEAKED,
            exchange,
            number,
            place=place,
            received="the key that was sent",
            expected="an answer without it",
        )


def _delete_response(exchange: Exchange, reply: Reply, number: int) -> Iterator[Violation]:
    """Whether a deletion is about the job that was to be deleted, where the document has it say so
    (x-job-id).
    """
    response = exchange.operation.responses.get(reply.status)
    schemas = [s for s in response.content.values() if s] if response else []
    pointer: str | None = next((s.raw["x-job-id"] for s in schemas if "x-job-id" in s.raw), None)
    if pointer is None or exchange.operation.role is not JobRole.DELETE:
        return
    told = get_or_none(json_body(reply), parse_pointer(pointer))
    if isinstance(told, str) and told != exchange.job_id:
        yield violation_of(
            catalogue.OTHER_JOB,
            exchange,
            number,
            place=pointer,
            received=quote(told),
            expected=quote(exchange.job_id),
        )


def _answered_job(
    document: Document, exchange: Exchange, job: dict[str, Json], number: int
) -> Iterator[Violation]:
    lifecycle, role = document.lifecycle, exchange.operation.role

    def wrong(rule: Rule, place: Path, expected: object) -> Violation:
        pointer, came = format_pointer(place), quote(get_or_none(job, place))
        return violation_of(
            rule, exchange, number, place=pointer, received=came, expected=quote(expected)
        )

    if role is JobRole.RETRIEVE and get_or_none(job, lifecycle.id_at) != exchange.job_id:
        yield wrong(catalogue.OTHER_JOB, lifecycle.id_at, exchange.job_id)
    source = lifecycle.source_at
    if role is JobRole.REMIX and source and get_or_none(job, source) != exchange.job_id:
        yield wrong(catalogue.REMIX_SOURCE, source, exchange.job_id)
    if role not in CREATING:
        return
    wrong_already = {problem.parameter for problem in exchange.arguments.problems}
    for echo in (e for e in lifecycle.echoes if e.field not in wrong_already):
        asked, default = exchange.fields.get(echo.field), exchange.operation.default(echo.field)
        came = get_or_none(job, echo.at)
        if came is None and _may_be_null(document, echo.at):
            continue
        if asked is not None and came != asked:
            yield wrong(catalogue.ECHO, echo.at, asked)
        elif asked is None and role is JobRole.CREATE and default is not None and came != default:
            yield wrong(catalogue.DEFAULT, echo.at, default)


def _may_be_null(document: Document, place: Path) -> bool:
    return "null" in types_of(property_at(document.source.data, document.job.raw, place))


# Web servers, gateways and file stores give these answers by themselves, before an API is asked.
_GATEWAY_STATUSES = (408, 414, 415, 416, 431)
_LENGTH = re.compile("[0-9]{1,18}")
_RULE_BY_ASPECT: dict[str, Rule] = {
    "status": catalogue.STATUS,
    "content-type": catalogue.MEDIA_TYPE,
    "header": catalogue.HEADER,
    "json": catalogue.NOT_JSON,
    "body": catalogue.BODY,
}
