"""The check of clients: each request, and the whole history."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from ....openapi import Cause, Document
from ....openapi.request_key import key_problem
from ...traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest
from .. import client_catalogue as catalogue
from ..grouping import deduplicate
from ..rule import Rule
from ..violation import Violation, violation_of
from .abandonment import abandoned_job, abandoned_request, orphaned_job, unknown_status_accepted
from .automatic_requests import is_automatic
from .duplicates import duplicate_violations, find_duplicates
from .job_history import Concurrency, ListCalls, job_histories
from .job_usage import JobUsageRules
from .polling import polling_violations
from .request_parser import RequestParser
from .request_record import JobKey, RequestRecord, group_by_fingerprint
from .retries import retry_violations
from .retry_window import RetryWindows


def check_client(
    document: Document,
    history: Iterable[Exchange | UnmatchedRequest],
    *,
    whole: bool = True,
    first: int = 1,
    restarts: Sequence[int] = (),
) -> tuple[Violation, ...]:
    """Return the violations of a client, in the order of its requests: errors, warnings, advice.

    Equal violations of several requests are one violation with all their numbers. Automatic
    requests of browsers, health checks and gateways break no rule.

    Args:
        document: the document of the API.
        history: the requests of the client to one server, in their order.
        whole: False if the history lacks its beginning; then violations that earlier requests could
            excuse are not reported.
        first: the number of the first request.
        restarts: the numbers of the last requests before each restart of the client, in their
            order. After it, the client may have forgotten what it has received.
    """
    parser, job_usage = RequestParser(document), JobUsageRules(whole=whole)
    records, violations = list[RequestRecord](), list[Violation]()
    for number, item in enumerate(history, start=first):
        if is_automatic(document, item):
            continue
        if isinstance(item, UnmatchedRequest):
            # A client may give up an upload, and HTTP itself is not part of the contract.
            if item.kind is UnmatchedKind.INVALID:
                continue
            violations.append(_unmatched_violation(document, item, number))
        else:
            records.append(parser.parse(item, number, run=bisect_left(restarts, number)))
            violations += _request_violations(document, item, number)
            violations += job_usage.check(records[-1])
    return deduplicate([*violations, *_history_violations(records, whole=whole)])


def _unmatched_violation(document: Document, request: UnmatchedRequest, number: int) -> Violation:
    received, expected = request.detail, _EXPECTED_INSTEAD.get(request.kind, "")
    if request.kind is UnmatchedKind.NO_OPERATION:
        near = document.nearest(request.method, request.path)
        received = request.detail or near.difference
        expected = f"{near.operation.method} {near.path} ({near.operation.id}), the nearest"
        expected += " operation"
    return Violation(
        rule=_RULE_BY_KIND[request.kind],
        operation_id=None,
        request=f"{request.method} {request.path[:_MAX_SHOWN_PATH]}",
        numbers=(number,),
        place=None,
        received=received,
        expected=expected,
    )


def _request_violations(document: Document, exchange: Exchange, number: int) -> Iterator[Violation]:
    """Yield the violations of a single request, independent of the history."""
    operation, problems = exchange.operation, list(exchange.arguments.problems)
    if operation.credentials and document.credentials:
        problem = key_problem(document.credentials, exchange.headers)
        problems += [problem] if problem else []
    reported: set[str] = set()
    for problem in problems:
        if problem.parameter in reported:
            continue  # one problem of a value is enough
        reported.update([problem.parameter] if problem.parameter else [])
        missing = problem.cause == Cause.FIELD_MISSING
        yield violation_of(
            _RULE_BY_CAUSE.get(problem.cause, catalogue.VALUE_NOT_ALLOWED),
            exchange,
            number,
            place=problem.parameter,
            received=problem.received or "nothing",
            expected="a value" if missing else _MODAL_VERB.sub("", problem.expected),
        )
    if exchange.is_file:
        return  # an address may have any query
    known = [*operation.query, *{n: 0 for b in operation.bodies.values() for n in b.properties}]
    for name in dict.fromkeys(n for n in exchange.arguments.unknown_names if n not in reported):
        yield violation_of(
            catalogue.UNKNOWN_FIELD,
            exchange,
            number,
            place=name,
            received="a value",
            expected=_describe_known_names(name, known),
        )


def _describe_known_names(name: str, known: Sequence[str]) -> str:
    if not known:
        return "no fields"
    near = get_close_matches(name[:_MAX_COMPARED], known, n=1)
    nearest = f"; the nearest is {near[0]}" if near else ""
    return f"only {', '.join(known)}{nearest}"


def _history_violations(records: Sequence[RequestRecord], *, whole: bool) -> Iterator[Violation]:
    """Yield the violations that need the whole history."""
    histories, groups = job_histories(records), group_by_fingerprint(records)
    list_calls, concurrency = ListCalls(records), Concurrency(records)
    windows = RetryWindows(records, concurrency)
    duplicate_jobs: set[JobKey] = set()
    last_run = records[-1].run if records else 0
    for group in groups:
        duplicates = find_duplicates(group, histories, list_calls, windows)
        duplicate_jobs |= {duplicate.job for duplicate in duplicates}
        yield from duplicate_violations(duplicates)
        yield from retry_violations(group, histories, list_calls, concurrency)
    for history in histories.values():
        yield from polling_violations(history)
        yield from unknown_status_accepted(history, windows)
        if whole:
            yield from abandoned_job(history, windows, last_run=last_run)
        if whole and history.job not in duplicate_jobs:
            yield from orphaned_job(history, windows, list_calls)
    if whole:
        yield from abandoned_request(groups, concurrency, windows)


_MODAL_VERB = re.compile(r"^(the body )?must (be |have )?(sent as )?")
_MAX_SHOWN_PATH = 100
_MAX_COMPARED = 100
_RULE_BY_KIND = {
    UnmatchedKind.NO_OPERATION: catalogue.UNKNOWN_ENDPOINT,
    UnmatchedKind.BLOCKED: catalogue.REQUEST_BLOCKED,
    UnmatchedKind.NOT_RECORDED: catalogue.REQUEST_NOT_RECORDED,
    UnmatchedKind.INFINITE_LOOP: catalogue.INFINITE_LOOP,
}
_EXPECTED_INSTEAD = {
    UnmatchedKind.BLOCKED: "no such request",
    UnmatchedKind.NOT_RECORDED: "a recorded request",
    UnmatchedKind.INFINITE_LOOP: "an end of the loop",
}
_RULE_BY_CAUSE: dict[str, Rule] = {
    Cause.JSON_MALFORMED: catalogue.BODY_UNREADABLE,
    Cause.FORM_MALFORMED: catalogue.BODY_UNREADABLE,
    Cause.MEDIA_TYPE_UNSUPPORTED: catalogue.BODY_UNREADABLE,
    Cause.FIELD_MISSING: catalogue.VALUE_MISSING,
    Cause.FIELD_TYPE: catalogue.WRONG_TYPE,
    Cause.CREDENTIALS_MISSING: catalogue.INVALID_KEY,
    Cause.CREDENTIALS_MALFORMED: catalogue.INVALID_KEY,
}
