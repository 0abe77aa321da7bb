"""What a server never manages to answer breaks the contract; what fails once does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.openapi import Call, Document, JobRole, Reply

JSON = {"content-type": "application/json"}
GONE = None


def exchange(
    document: Document,
    role: JobRole,
    status: int | None,
    *,
    body: bytes = b"{}",
    query: tuple[tuple[str, str], ...] = (),
    keyed: bool = True,
    range_: str = "",
) -> Exchange:
    """A request that is answered with nothing but a status, or not at all."""
    operation = document.by_role[role]
    names = operation.template.parameters
    sent = b"" if operation.method in ("GET", "DELETE") else body
    headers = {**JSON, "range": range_} if range_ else dict(JSON)
    if keyed and document.credentials:
        headers[document.credentials.header] = f"{document.credentials.scheme} sk-any".strip()
    call = Call(operation.id, dict.fromkeys(names, "j-1"), query, headers, sent)
    reply = None if status is None else Reply(status, JSON, b"{}")
    return read_exchange(document, call, reply, at=1780000000)


def told(document: Document, *history: Exchange) -> list[tuple[str, tuple[int, ...]]]:
    violations = check_history(document, history)
    return [(v.code, v.numbers) for v in violations if v.code in ("AV114", "AV115")]


@pytest.mark.parametrize(
    "role", [JobRole.RETRIEVE, JobRole.LIST, JobRole.CONTENT, JobRole.DELETE], ids=str
)
@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([500], []),
        ([GONE], []),
        ([503, 503], [("AV114", (1, 2))]),
        ([GONE, GONE], [("AV115", (1, 2))]),
        ([GONE, 500, 502], [("AV114", (1, 2, 3))]),
        ([500, GONE], [("AV115", (1, 2))]),
        ([503, 503, 200], []),
        ([503, 200, 503], []),
        ([GONE, 200, GONE, 500], [("AV114", (3, 4))]),
    ],
    ids=[
        "one error",
        "one that broke off",
        "two errors",
        "two that broke off",
        "both, an error last",
        "both, broken off last",
        "answered in the end",
        "single errors",
        "errors since the last answer",
    ],
)
def test_what_can_be_asked_again_counts_if_it_fails_again(
    either: Document,
    role: JobRole,
    statuses: list[int | None],
    expected: list[tuple[str, tuple[int, ...]]],
) -> None:
    history = [exchange(either, role, status) for status in statuses]
    assert told(either, *history) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(500, [("AV114", (1,))]), (502, []), (503, []), (504, []), (GONE, [])],
    ids=["an internal error", "a gateway", "overload", "a slow model", "a broken connection"],
)
@pytest.mark.parametrize("managed", [False, True], ids=["none other", "one other made"])
def test_of_what_makes_a_job_only_an_internal_error_counts_at_once(
    either: Document,
    status: int | None,
    expected: list[tuple[str, tuple[int, ...]]],
    managed: bool,
) -> None:
    other = [exchange(either, JobRole.CREATE, 200, body=b'{"prompt":"y"}')] if managed else []
    failed = exchange(either, JobRole.CREATE, status, body=b'{"prompt":"x"}')
    assert told(either, failed, *other) == expected


def test_what_makes_a_job_counts_if_it_fails_twice(either: Document) -> None:
    broken = exchange(either, JobRole.CREATE, None)
    assert told(either, broken, broken) == [("AV115", (1, 2))]
    assert told(either, broken, exchange(either, JobRole.CREATE, 200)) == []


@pytest.mark.parametrize("role", [JobRole.RETRIEVE, JobRole.CONTENT, JobRole.LIST], ids=str)
def test_a_refusal_is_an_answer_and_makes_good_for_failures(
    either: Document, role: JobRole
) -> None:
    assert told(either, *(exchange(either, role, status) for status in (503, 503, 404))) == []


def test_a_deletion_that_comes_too_late_does_not_make_good_for_those_that_failed(
    either: Document,
) -> None:
    """A job may be gone after them, though they said nothing of it."""
    history = [exchange(either, JobRole.DELETE, status) for status in (500, 500, 404)]
    assert told(either, *history) == [("AV114", (1, 2))]
    once = [exchange(either, JobRole.DELETE, status) for status in (500, 404)]
    assert told(either, *once) == []


def test_a_job_that_is_gone_does_not_make_good_for_what_it_never_gave(either: Document) -> None:
    """A file that was never served is not there after the deletion, either."""
    history = [
        *(exchange(either, JobRole.CONTENT, 503) for _ in range(3)),
        exchange(either, JobRole.DELETE, 200),
        exchange(either, JobRole.CONTENT, 404),
    ]
    assert told(either, *history) == [("AV114", (1, 2, 3))]


@pytest.mark.parametrize(
    "other",
    [
        {"query": (("limit", "1"),)},
        {"range_": "bytes=0-9"},
        {"keyed": False},
    ],
    ids=["another page", "a part", "without a key"],
)
def test_other_requests_are_not_the_same_again(either: Document, other: dict[str, object]) -> None:
    one = exchange(either, JobRole.LIST, 503)
    two = exchange(either, JobRole.LIST, 503, **other)  # type: ignore[arg-type]  # chosen above
    assert told(either, one, two) == []
    fine = replace(two, reply=Reply(401, JSON, b"{}"))
    assert told(either, one, one, fine) == [("AV114", (1, 2))]


def test_other_jobs_are_not_the_same_again(either: Document) -> None:
    one = exchange(either, JobRole.RETRIEVE, 503)
    two = replace(one, call=replace(one.call, path_parameters={"video_id": "j-2"}))
    assert told(either, one, two) == []


def test_what_failed_is_told_in_its_words(document: Document) -> None:
    history = [exchange(document, JobRole.RETRIEVE, status) for status in (503, 502)]
    (failed,) = check_history(document, history)
    assert (failed.received, failed.expected) == ("502", "an answer")
    broken = [exchange(document, JobRole.RETRIEVE, None)] * 2
    (broke,) = check_history(document, broken)
    assert (broke.received, broke.expected) == ("an answer that broke off, or none", "an answer")
