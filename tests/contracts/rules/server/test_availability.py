"""Server errors and broken connections: reported if a retry does not succeed."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle

import pytest

from aisa_testkit.contracts import Exchange, check_history
from aisa_testkit.openapi import Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_and_numbers
from tests.support.exchanges import json_reply, make_exchange

Found = list[tuple[str, tuple[int, ...]]]

NO_RESPONSE = None
IDEMPOTENT_ROLES = [JobRole.POLL, JobRole.LIST, JobRole.RESULT, JobRole.DELETE]
STATUSES: dict[str, tuple[list[int | None], Found]] = {
    "one error": ([500], []),
    "one broken connection": ([NO_RESPONSE], []),
    "two errors": ([503, 503], [("AV114", (1, 2))]),
    "two broken connections": ([NO_RESPONSE, NO_RESPONSE], [("AV115", (1, 2))]),
    "errors after a broken connection": ([NO_RESPONSE, 500, 502], [("AV114", (1, 2, 3))]),
    "broken connection after an error": ([500, NO_RESPONSE], [("AV115", (1, 2))]),
    "errors, then success": ([503, 503, 200], []),
    "single errors": ([503, 200, 503], []),
    "errors after a success": ([NO_RESPONSE, 200, NO_RESPONSE, 500], [("AV114", (3, 4))]),
}


def response(status: int | None) -> Reply | None:
    return None if status is None else json_reply({}, status)


def exchange(
    document: Document, role: JobRole, status: int | None, fields: Json = None
) -> Exchange:
    """A request that gets only a status, or no response."""
    return make_exchange(document, role, response(status), fields=fields)


def found(document: Document, *history: Exchange) -> Found:
    """The violations of availability, with their numbers."""
    violations = check_history(document, history)
    return codes_and_numbers(v for v in violations if v.code in ("AV114", "AV115"))


@pytest.mark.parametrize(
    ("role", "statuses", "expected"),
    [(r, *case) for r, case in zip(cycle(IDEMPOTENT_ROLES), STATUSES.values(), strict=False)],
    ids=STATUSES,
)
def test_idempotent_request_is_reported_if_its_retry_fails(
    any_document: Document, role: JobRole, statuses: list[int | None], expected: Found
) -> None:
    assert found(any_document, *(exchange(any_document, role, s) for s in statuses)) == expected


@pytest.mark.parametrize("role", IDEMPOTENT_ROLES, ids=str)
def test_two_failures_of_every_idempotent_operation_are_reported(
    any_document: Document, role: JobRole
) -> None:
    failure = exchange(any_document, role, 503)
    assert found(any_document, failure, failure) == [("AV114", (1, 2))]


@pytest.mark.parametrize("status", [500, 502, 503, 504, NO_RESPONSE])
def test_single_failure_of_a_create_is_reported_only_for_status_500(
    any_document: Document, status: int | None
) -> None:
    failed = exchange(any_document, JobRole.CREATE, status, {"prompt": "x"})
    other = exchange(any_document, JobRole.CREATE, 200, {"prompt": "y"})
    expected = [("AV114", (1,))] if status == 500 else []
    assert found(any_document, failed) == found(any_document, failed, other) == expected


def test_create_is_reported_if_it_fails_twice(any_document: Document) -> None:
    broken = exchange(any_document, JobRole.CREATE, NO_RESPONSE)
    created = exchange(any_document, JobRole.CREATE, 200)
    assert found(any_document, broken, broken) == [("AV115", (1, 2))]
    assert found(any_document, broken, created) == []


@pytest.mark.parametrize("role", [JobRole.POLL, JobRole.RESULT, JobRole.LIST], ids=str)
def test_rejection_after_failures_clears_them(any_document: Document, role: JobRole) -> None:
    history = [exchange(any_document, role, status) for status in (503, 503, 404)]
    assert found(any_document, *history) == []


def test_404_after_failed_deletes_does_not_clear_them(any_document: Document) -> None:
    """A failed delete may have deleted the job, so that its retry finds nothing."""
    twice = [exchange(any_document, JobRole.DELETE, status) for status in (500, 500, 404)]
    assert found(any_document, *twice) == [("AV114", (1, 2))]
    once = [exchange(any_document, JobRole.DELETE, status) for status in (500, 404)]
    assert found(any_document, *once) == []


def test_404_for_the_file_of_a_deleted_job_does_not_clear_failures(any_document: Document) -> None:
    history = [
        *(exchange(any_document, JobRole.RESULT, 503) for _ in range(3)),
        exchange(any_document, JobRole.DELETE, 200),
        exchange(any_document, JobRole.RESULT, 404),
    ]
    assert found(any_document, *history) == [("AV114", (1, 2, 3))]


@pytest.mark.parametrize("difference", ["query", "range", "key"])
def test_failures_of_different_requests_are_not_added_up(
    any_document: Document, difference: str
) -> None:
    first = exchange(any_document, JobRole.LIST, 503)
    second = make_exchange(
        any_document,
        JobRole.LIST,
        response(503),
        query={"limit": "1"} if difference == "query" else None,
        headers={"range": "bytes=0-9"} if difference == "range" else None,
        key=None if difference == "key" else "sk-of-a-client",
    )
    assert found(any_document, first, second) == []
    rejected = replace(second, reply=json_reply({}, 401))
    assert found(any_document, first, first, rejected) == [("AV114", (1, 2))]


def test_failures_for_different_jobs_are_not_added_up(any_document: Document) -> None:
    first = exchange(any_document, JobRole.POLL, 503)
    second = make_exchange(any_document, JobRole.POLL, response(503), job_id="job-2")
    assert found(any_document, first, second) == []


def test_violation_names_the_last_status_or_the_missing_response(document: Document) -> None:
    (failed,) = check_history(
        document, [exchange(document, JobRole.POLL, status) for status in (503, 502)]
    )
    assert (failed.received, failed.expected) == ("502", "a response below 500")
    (broken,) = check_history(document, [exchange(document, JobRole.POLL, NO_RESPONSE)] * 2)
    assert (broken.received, broken.expected) == ("no complete response", "a response")


def test_violation_names_the_reason_for_a_missing_response(document: Document) -> None:
    broken = replace(exchange(document, JobRole.POLL, NO_RESPONSE), problem="timed out")
    (violation,) = check_history(document, [broken] * 2)
    assert violation.received == "no complete response: timed out"
