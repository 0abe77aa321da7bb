"""The judge of clients: what they send, request by request, and what they do over time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ....openapi import Cause, Document, RequestProblem
from ...traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest
from .. import client_catalogue as catalogue
from ..grouping import deduplicate
from ..rule import Rule
from ..violation import Violation, violation_of
from .course import history_violations
from .job_usage import JobUsageRules
from .request_record import RequestParser, RequestRecord


def check_client(
    document: Document,
    history: Iterable[Exchange | UnmatchedRequest],
    *,
    whole: bool = True,
    first: int = 1,
) -> tuple[Violation, ...]:
    """Every way in which a client broke the contract, warnings and advice among them, in the order
    of its requests.

    `history` are its requests to one server, in their order, numbered from `first` on. One that is
    not `whole` is only the end of a longer one: nothing is said that its beginning may belie. What
    is wrong with several requests in the same way is one violation.
    """
    reading, conduct = RequestParser(document), JobUsageRules(document, whole=whole)
    attempts, found = list[RequestRecord](), list[Violation]()
    for number, item in enumerate(history, start=first):
        if isinstance(item, UnmatchedRequest):
            found.append(_stray(document, item, number))
        else:
            attempts.append(reading.record(item, number))
            found += _request_violations(document, item, number)
            found += conduct.check(attempts[-1])
    return deduplicate([*found, *history_violations(reading, attempts, whole=whole)])


def _stray(document: Document, stray: UnmatchedRequest, number: int) -> Violation:
    received, expected = stray.detail, _INSTEAD.get(stray.kind, "")
    if stray.kind is UnmatchedKind.NO_OPERATION:
        near = document.nearest(stray.method, stray.path)
        received = stray.detail or near.difference
        expected = f"{near.operation.method} {near.path} ({near.operation.id}), the nearest"
        expected += " operation"
    return Violation(
        rule=_STRAY_RULES[stray.kind],
        operation_id=None,
        request=f"{stray.method} {stray.path[:_SHOWN]}",
        numbers=(number,),
        place=None,
        received=received,
        expected=expected,
    )


def _request_violations(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """What is wrong with one request, whatever came before."""
    operation, problems = exchange.operation, list(exchange.arguments.problems)
    if operation.secured and document.credentials:
        key = document.credentials.key(exchange.headers)
        problems += [key] if isinstance(key, RequestProblem) else []
    told: set[str] = set()
    for problem in problems:
        if problem.parameter in told:
            continue  # of a value that is wrong in several ways, the first is enough
        told.update([problem.parameter] if problem.parameter else [])
        missing = problem.cause == Cause.FIELD_MISSING
        yield violation_of(
            _RULES.get(problem.cause, catalogue.WRONG_VALUE),
            exchange,
            number,
            place=problem.parameter,
            received=problem.received or "nothing",
            expected="a value" if missing else _PREFIX.sub("", problem.expected),
        )
    known = [*operation.query, *{n: 0 for b in operation.bodies.values() for n in b.properties}]
    for name in dict.fromkeys(n for n in exchange.arguments.unknown if n not in told):
        yield violation_of(
            catalogue.UNDOCUMENTED,
            exchange,
            number,
            place=name,
            received="a value for it",
            expected=f"only {', '.join(known)}" if known else "nothing at all",
        )


_PREFIX = re.compile(r"^(the body )?must (be |have )?(sent as )?")
_SHOWN = 100
_STRAY_RULES = {
    UnmatchedKind.NO_OPERATION: catalogue.UNKNOWN_ENDPOINT,
    UnmatchedKind.BLOCKED: catalogue.BLOCKED,
    UnmatchedKind.NOT_RECORDED: catalogue.NOT_RECORDED,
    UnmatchedKind.ENDLESS: catalogue.INFINITE_LOOP,
}
_INSTEAD = {
    UnmatchedKind.BLOCKED: "no such request",
    UnmatchedKind.NOT_RECORDED: "a request that was recorded",
    UnmatchedKind.ENDLESS: "an end, sooner or later",
}
_RULES: dict[str, Rule] = {
    Cause.JSON_MALFORMED: catalogue.BODY_UNREADABLE,
    Cause.FORM_MALFORMED: catalogue.BODY_UNREADABLE,
    Cause.MEDIA_TYPE_UNSUPPORTED: catalogue.BODY_UNREADABLE,
    Cause.FIELD_MISSING: catalogue.VALUE_MISSING,
    Cause.FIELD_TYPE: catalogue.WRONG_TYPE,
    Cause.CREDENTIALS_MISSING: catalogue.NO_KEY,
    Cause.CREDENTIALS_MALFORMED: catalogue.NO_KEY,
}
