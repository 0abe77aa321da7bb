"""Retries: Retry-After (AV722), backoff (AV723) and the number of attempts (AV724)."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from itertools import accumulate, repeat

import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Document, JobRole, Reply
from tests.support.client_codes import client_codes, script_codes
from tests.support.exchanges import make_call
from tests.support.scripted_client import run_script


def list_retries(
    document: Document,
    *times: float | None,
    status: int | None = 503,
    headers: dict[str, str] | None = None,
    took: float = 0,
) -> list[Exchange]:
    """List requests with responses at these times of the client; only the last one succeeds."""
    call, failure = make_call(document, JobRole.LIST), None
    if status is not None:
        failure = Reply(status, headers or {})
    return [
        read_exchange(document, call, reply, at=time or 0, took=took, client_time=time)
        for time, reply in zip(times, [*repeat(failure, len(times) - 1), Reply(200)], strict=True)
    ]


def retries_after(document: Document, *waits: float, status: int | None = 503) -> list[Exchange]:
    """List requests with these waits between them."""
    return list_retries(document, *accumulate(waits, initial=0.0), status=status)


@pytest.mark.parametrize(
    ("seconds", "reported"),
    [(0.0, True), (1.79, True), (1.81, False), (2.0, False), (90.0, False)],
)
@pytest.mark.parametrize(
    "retry", ["list, list, sleep {}, list", "create, create, sleep {}, create"]
)
def test_retry_before_retry_after_is_reported(
    document: Document, retry: str, seconds: float, reported: bool
) -> None:
    script = f"retry 2, 429 {retry.format(seconds)}, poll"
    assert ("AV722 1 2" in script_codes(document, script)) is reported


@pytest.mark.parametrize(
    "script",
    [
        "retry 2, 429 list, list, list",
        "retry 2, 429 create, create, sleep 0.1, create b, poll",
        "retry 0, 429 list, list, sleep 0.1, list",
    ],
    ids=["client times unknown", "another request", "Retry-After of 0"],
)
def test_retry_without_a_requested_wait_is_not_too_early(document: Document, script: str) -> None:
    assert "AV722" not in {code[:5] for code in script_codes(document, script)}


HEADERS = {
    "seconds": ({"retry-after": "2"}, True),
    "fractions of a second": ({"retry-after": "2.5"}, True),
    "milliseconds before seconds": ({"retry-after": "2", "retry-after-ms": "100"}, False),
    "longer milliseconds": ({"retry-after": "0", "retry-after-ms": "2000"}, True),
    "unreadable milliseconds": ({"retry-after": "2", "retry-after-ms": "soon"}, True),
    "date": ({"retry-after": "Sun, 06 Nov 2094 08:49:37 GMT"}, True),
    "past date": ({"retry-after": "Sun, 06 Nov 1960 08:49:37 GMT"}, False),
    "unreadable date": ({"retry-after": "at 10:30"}, False),
    "negative": ({"retry-after": "-2"}, False),
    "infinite": ({"retry-after": "1e400"}, False),
    "not a number": ({"retry-after": "nan"}, False),
}


@pytest.mark.parametrize(("headers", "reported"), HEADERS.values(), ids=HEADERS)
def test_retry_after_is_read_as_clients_read_it(
    document: Document, headers: dict[str, str], reported: bool
) -> None:
    history = list_retries(document, 0, 0.5, status=429, headers=headers)
    assert client_codes(document, history) == (["AV722 1 2"] if reported else [])


def test_unreadable_retry_after_still_replaces_the_backoff(document: Document) -> None:
    unreadable = {"retry-after": "soon"}
    assert client_codes(document, list_retries(document, 0, 0.1, headers=unreadable)) == []
    assert client_codes(document, list_retries(document, 0, 0.1, headers={})) == ["AV723 2"]


@pytest.mark.parametrize(
    ("waits", "from_sdk", "expected"),
    [
        ([0, 0], False, ["AV722 1 2"]),
        ([0, 5], False, ["AV722 1 2"]),
        ([0, 30], False, []),
        ([0, 0.001], False, []),
        ([0, 0], True, []),
    ],
    ids=["at once", "too early", "by the seconds", "by the milliseconds", "official SDK"],
)
def test_retry_after_of_one_millisecond_counts_only_for_official_sdks(
    document: Document, waits: list[float], from_sdk: bool, expected: list[str]
) -> None:
    headers = {"retry-after": "30", "retry-after-ms": "1"}
    history = list_retries(document, *waits, status=429, headers=headers)
    if from_sdk:
        sdk_headers = {**history[0].headers, "x-stainless-lang": "python"}
        history = [replace(e, call=replace(e.call, headers=sdk_headers)) for e in history]
    assert client_codes(document, history) == expected


@pytest.mark.parametrize(
    ("waits", "numbers"),
    [
        ([0.0], [2]),
        ([0.3], [2]),
        ([0.5, 0.1], [3]),
        ([0.1, 0.2, 0.4], [2, 3]),
        ([0.5, 0.5, 0.5], [2, 3, 4]),
        ([0.8, 0.6, 0.4], [2, 3, 4]),
        ([0.5, 0.5], []),
        ([1, 1, 1, 1], []),
        ([0.5, 0.5, 0.7], []),
        ([0.75, 1.5, 3, 6], []),
        ([1.25, 2.5, 5, 10], []),
        ([30, 30, 30], []),
    ],
)
def test_retries_without_backoff_are_reported(
    document: Document, waits: list[float], numbers: list[int]
) -> None:
    expected = [" ".join(["AV723", *map(str, numbers)])] if numbers else []
    for status in (None, 500):
        assert client_codes(document, retries_after(document, *waits, status=status)) == expected


@pytest.mark.parametrize("jitter", [(1, 1), (0.75, 0.75), (1, 0.75), (0.75, 1)])
@pytest.mark.parametrize("status", [None, 429])
def test_backoff_of_the_official_sdk_is_not_reported(
    document: Document, jitter: tuple[float, float], status: int | None
) -> None:
    # Half a second, doubled up to eight, less up to 25 %.
    waits = [wait * share for wait, share in zip([0.5, 1, 2, 4], jitter * 2, strict=True)]
    for count in range(1, 5):
        history = retries_after(document, *waits[:count], status=status)
        assert client_codes(document, history) == []


def test_retry_with_an_unknown_time_is_not_reported(document: Document) -> None:
    headers = {"retry-after": "2"}
    for times in ((None, 0), (0, None)):
        history = list_retries(document, *times, status=429, headers=headers)
        assert client_codes(document, history) == []
    assert client_codes(document, list_retries(document, 0, None, 0.1, None, 0.2)) == []


def test_overlapping_request_is_not_a_retry(document: Document) -> None:
    headers = {"retry-after": "2"}
    overlapping = list_retries(document, 10, 10.1, status=429, headers=headers, took=1)
    assert client_codes(document, overlapping) == []
    retry = list_retries(document, 10, 10.1, status=429, headers=headers, took=0.05)
    assert client_codes(document, retry) == ["AV722 1 2"]


@pytest.mark.parametrize(("attempts", "reported"), [(5, False), (6, True), (9, True)])
@pytest.mark.parametrize("end", ["", ", sleep 1, list"], ids=["failed", "succeeded at last"])
def test_more_than_five_attempts_are_too_many(
    document: Document, attempts: int, end: str, reported: bool
) -> None:
    script = ", sleep 1, ".join(["cut list, list"] * attempts)
    numbers = " ".join(map(str, range(1, attempts + 1)))
    assert script_codes(document, script + end) == ([f"AV724 {numbers}"] if reported else [])


def test_attempts_before_and_after_a_success_are_counted_separately(
    any_document: Document,
) -> None:
    three = ", sleep 1, ".join(["cut list, list"] * 3)
    assert script_codes(any_document, f"{three}, sleep 1, list, {three}") == []


def test_attempts_are_not_counted_if_client_times_are_unknown(document: Document) -> None:
    assert script_codes(document, ", ".join(["cut list, list"] * 20) + ", list") == []


def test_attempt_a_minute_later_is_a_new_request(document: Document) -> None:
    nine = ["AV724 1 2 3 4 5 6 7 8 9"]
    assert client_codes(document, list_retries(document, *range(0, 610, 61))) == []
    assert client_codes(document, list_retries(document, *range(0, 590, 59))) == nine
    headers = {"retry-after": "100"}
    long = list_retries(document, *range(0, 1000, 100), status=503, headers=headers)
    assert client_codes(document, long) == nine


def test_two_callers_of_the_same_create_are_judged_separately(document: Document) -> None:
    rejected = "retry 2, 429 create, create, sleep 0.5, 429 create, create, sleep 1.5, create"
    patient = f"{rejected}, sleep 0.5, create, poll 1, poll 2"
    assert script_codes(document, patient) == []
    hasty = "retry 2, 429 create, create, sleep 0.5, 429 create, create, sleep 0.5, create, poll"
    assert script_codes(document, hasty) == ["AV722 1 2 3"]


LISTS = {
    "equal waits": (
        ", sleep 0.4, ".join(["cut list, list"] * 4) + ", sleep 0.4, list",
        ["AV723"],
        [],
    ),
    "short wait": ("cut list, list, sleep 0, list", ["AV723"], []),
    "six attempts": (", sleep 1, ".join(["cut list, list"] * 6), ["AV724"], []),
    "eleven attempts": (", sleep 1, ".join(["cut list, list"] * 11), ["AV724"], ["AV724"]),
    "one attempt": ("cut list, list", ["AV725"], []),
}


@pytest.mark.parametrize(("script", "one_worker", "two_workers"), LISTS.values(), ids=LISTS)
def test_list_retries_of_several_workers_are_not_attributed_to_one(
    document: Document, script: str, one_worker: list[str], two_workers: list[str]
) -> None:
    two = "create a, create b, poll 1, poll 2"
    for jobs, expected in (("create, poll", one_worker), (two, two_workers)):
        codes = [code[:5] for code in script_codes(document, f"{jobs}, {script}")]
        assert codes == expected


MESSAGES = {
    "503 create, create, create, poll": (
        "the same create after status 503, which may have created a job",
        "a look into the list first, or the same idempotency key",
    ),
    "cut create, create, create, poll": (
        "the same create after a broken connection, which may have created a job",
        "a look into the list first, or the same idempotency key",
    ),
    "retry 2, 429 list, list, sleep 0.25, list": (
        "the same request 0.25 s after status 429",
        "a wait of 2 s, as the response asks",
    ),
    "cut list, list, sleep 0.1, list": (
        "a retry 0.1 s after the failure",
        "1 s before the first retry, then twice as long each time",
    ),
    "cut list, list, sleep 0.2, cut list, list, sleep 0.1, list": (
        "2 retries, the earliest 0.1 s after the failure",
        "1 s before the first retry, then twice as long each time",
    ),
    ", sleep 1, ".join(["cut list, list"] * 6): (
        "6 failed attempts in a row",
        "at most 5 attempts",
    ),
}


@pytest.mark.parametrize(("script", "message"), MESSAGES.items())
def test_message_about_a_retry(document: Document, script: str, message: tuple[str, str]) -> None:
    (violation,) = check_client(document, run_script(document, script))
    assert (violation.received, violation.expected) == message


@pytest.mark.parametrize(("seconds", "reported"), [(20, True), (31, False)])
def test_retry_before_a_date_is_reported(
    document: Document, seconds: float, reported: bool
) -> None:
    headers = {"retry-after": formatdate(1_780_000_030, usegmt=True)}
    first, second = (
        read_exchange(
            document, make_call(document, JobRole.LIST), Reply(429, headers), at=at, client_time=at
        )
        for at in (1_780_000_000, 1_780_000_000 + seconds)
    )
    codes = [v.code for v in check_client(document, [first, second])]
    assert ("AV722" in codes) is reported
