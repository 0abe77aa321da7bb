"""Requests that are sent again, by scripts of the fixture `play`: how soon, how often, and whether
that is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate, chain, repeat

import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply

Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]
Blamed = Callable[[Document, str], list[str]]
HEADERS = {"authorization": "Bearer k", "content-type": "application/json"}


def tried(
    document: Document,
    *moments: float | None,
    status: int | None = 503,
    headers: dict[str, str] | None = None,
    took: float = 0,
) -> list[Exchange]:
    """The list, asked for until the last of these moments in the life of the client, and answered
    in the same way each time but the last.
    """
    call, count = Call("listVideos", {}, (), HEADERS), len(moments)
    bad = None if status is None else Reply(status, headers or {})
    return [
        read_exchange(document, call, reply, at=moment or 0, took=took, client_time=moment)
        for moment, reply in zip(moments, [*repeat(bad, count - 1), Reply(200)], strict=True)
    ]


@pytest.mark.parametrize(
    ("waits", "sdk", "told"),
    [
        ([0, 0], False, "AV722 1 2"),
        ([0, 5], False, "AV722 1 2"),
        ([0, 30], False, ""),
        ([0, 0.001], False, ""),
        ([0, 0], True, ""),
    ],
    ids=["at once", "too soon", "as asked", "by the milliseconds", "an official client"],
)
def test_a_millisecond_is_what_a_mock_asks_of_official_clients_alone(
    document: Document, waits: list[float], sdk: bool, told: str
) -> None:
    asked = {"retry-after": "30", "retry-after-ms": "1"}
    history = tried(document, *waits, status=429, headers=asked)
    if sdk:
        headers = {**HEADERS, "x-stainless-lang": "python"}
        history = [replace(e, call=replace(e.call, headers=headers)) for e in history]
    assert codes(document, history) == ([told] if told else [])


def codes(document: Document, history: Sequence[Exchange]) -> list[str]:
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_client(document, history)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cut create, create, create, poll", ["AV721 1 2"]),
        ("503 create, create, create, poll", ["AV721 1 2"]),
        ("503 create, create, cut create, create, create, poll", ["AV721 1 2 3"]),
        ("cut create, create, create b, poll, create, poll", ["AV721 1 4"]),
        ("create b, poll, lost create, create, create, poll", ["AV715 3 4", "AV721 3 4"]),
        ("cut create, create, cut list, list, create, poll", ["AV721 1 3", "AV725 2"]),
        ("cut create, create, wait, create, poll", ["AV721 1 2"]),
        ("sleep 0, cut create, create, wait, create, poll", ["AV721 1 2"]),
    ],
)
def test_a_job_that_is_asked_for_again_blindly_is_told(
    either: Document, blamed: Blamed, script: str, expected: list[str]
) -> None:
    assert blamed(either, script) == expected


@pytest.mark.parametrize(
    "script",
    [
        "429 create, create, create, poll",
        "cut create, create, list, create, poll",
        "503 create, create, list, create, poll",
        "lost create, create, list, create, poll",
        "cut create, create, create b, poll",
        "create, cut poll, poll, poll, cut list, list, list",
    ],
    ids=[
        "after a 429 there is no job",
        "after a look into the list",
        "after a look, where the server was at fault",
        "after a look, which showed the job",
        "another job instead",
        "what only reads",
    ],
)
def test_what_is_safe_to_repeat_is_not_told(either: Document, blamed: Blamed, script: str) -> None:
    assert blamed(either, script) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a", "a", []),
        ("a", "b", ["AV721 1 2"]),
        ("a", "", ["AV721 1 2"]),
        ("", "a", ["AV721 1 2"]),
        ("", "", ["AV721 1 2"]),
    ],
    ids=["the same", "another", "the first alone", "the second alone", "two that are empty"],
)
def test_an_idempotency_key_makes_a_repetition_safe_if_both_have_it(
    document: Document, first: str, second: str, expected: list[str]
) -> None:
    done = b'{"id":"a","status":"completed"}'
    history = [
        read_exchange(
            document,
            Call("createVideo", {}, (), {**HEADERS, "idempotency-key": key}, b'{"prompt":"x"}'),
            reply,
            at=0,
        )
        for key, reply in (
            (first, None),
            (second, Reply(200, {"content-type": "application/json"}, done)),
        )
    ]
    assert codes(document, history) == expected


def test_a_remix_is_asked_for_blindly_as_a_create_is(document: Document, blamed: Blamed) -> None:
    made = "create, wait, poll, cut remix"
    assert blamed(document, f"{made}, remix 1, remix 1, poll") == ["AV721 3 4"]
    assert blamed(document, f"{made}, remix 1, list, remix 1, poll") == []


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, True), (1.0, True), (1.79, True), (1.81, False), (2.0, False), (90.0, False)],
)
def test_a_repetition_sooner_than_asked_is_told(
    document: Document, blamed: Blamed, seconds: float, expected: bool
) -> None:
    for kind, then in (("create", "create, poll"), ("list", "list")):
        script = f"retry 2, 429 {kind}, {kind}, sleep {seconds}, {then}"
        assert blamed(document, script) == (["AV722 1 2"] if expected else [])


@pytest.mark.parametrize(
    "script",
    [
        "retry 2, 429 list, list, list",
        "retry 2, 429 create, create, sleep 0.1, create b, poll",
        "retry 0, 429 list, list, sleep 0.1, list",
    ],
    ids=[
        "where nobody knows how the client waits",
        "of another request",
        "no wait at all",
    ],
)
def test_what_did_not_come_too_soon_is_not_told(
    document: Document, blamed: Blamed, script: str
) -> None:
    assert "AV722" not in {code[:5] for code in blamed(document, script)}


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"retry-after": "2"}, True),
        ({"retry-after": "2.5"}, True),
        ({"retry-after": "2", "retry-after-ms": "100"}, False),
        ({"retry-after": "0", "retry-after-ms": "2000"}, True),
        ({"retry-after": "2", "retry-after-ms": "soon"}, True),
        ({"retry-after": "Sun, 06 Nov 2094 08:49:37 GMT"}, False),
        ({"retry-after": "-2"}, False),
        ({"retry-after": "1e400"}, False),
        ({"retry-after": "nan"}, False),
    ],
    ids=[
        "seconds",
        "parts of a second",
        "milliseconds beat seconds",
        "milliseconds that are longer",
        "milliseconds that cannot be read",
        "a date",
        "less than none",
        "for ever",
        "no number",
    ],
)
def test_the_wait_that_is_asked_for_is_read_as_clients_read_it(
    document: Document, headers: dict[str, str], told: bool
) -> None:
    history = tried(document, 0, 0.5, status=429, headers=headers)
    assert codes(document, history) == (["AV722 1 2"] if told else [])


def test_a_wait_that_cannot_be_read_is_asked_for_all_the_same(document: Document) -> None:
    date = {"retry-after": "Sun, 06 Nov 2094 08:49:37 GMT"}
    assert codes(document, tried(document, 0, 0.1, headers=date)) == []
    assert codes(document, tried(document, 0, 0.1, headers={})) == ["AV723 2"]


def moments(*waits: float) -> list[float]:
    return [*accumulate(chain([0.0], waits))]


@pytest.mark.parametrize(
    ("waits", "told"),
    [
        ([0.0], [2]),
        ([0.3], [2]),
        ([0.5, 0.1], [3]),
        ([0.1, 0.2, 0.4], [2, 3]),
        ([0.5, 0.5, 0.5], [2, 3, 4]),
        ([0.8, 0.8, 0.8, 0.8], [2, 3, 4, 5]),
        ([0.8, 0.6, 0.4], [2, 3, 4]),
        ([0.5, 0.5], []),
        ([1, 1, 1, 1], []),
        ([0.5, 0.5, 0.7], []),
        ([0.75, 1.5, 3, 6], []),
        ([1.25, 2.5, 5, 10], []),
        ([30, 30, 30], []),
    ],
)
def test_repetitions_without_backoff_are_told(
    document: Document, waits: list[float], told: list[int]
) -> None:
    for status in (None, 500):
        found = codes(document, tried(document, *moments(*waits), status=status))
        assert found == ([" ".join(["AV723", *map(str, told)])] if told else [])


# What openai 3 waits by itself: half a second, doubled up to eight, less up to a quarter of it.
LONGEST = [0.5, 1, 2, 4, 8, 8]


@pytest.mark.parametrize("jitter", [[1] * 6, [0.75] * 6, [1, 0.75] * 3, [0.75, 1] * 3])
@pytest.mark.parametrize("retries", [1, 2, 4])
@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_the_waits_of_the_official_client_are_backoff(
    document: Document, jitter: list[float], retries: int, status: int | None
) -> None:
    waits = [wait * share for wait, share in zip(LONGEST, jitter, strict=True)][:retries]
    assert codes(document, tried(document, *moments(*waits), status=status)) == []


def test_a_wait_of_which_one_end_is_not_known_is_not_judged(document: Document) -> None:
    asked = {"retry-after": "2"}
    assert codes(document, tried(document, None, 0, status=429, headers=asked)) == []
    assert codes(document, tried(document, 0, None, status=429, headers=asked)) == []
    assert codes(document, tried(document, 0, None, 0.1, None, 0.2)) == []


def test_what_was_sent_before_the_other_was_answered_repeats_nothing(document: Document) -> None:
    at_once = tried(document, 10, 10.1, status=429, headers={"retry-after": "2"}, took=1)
    assert codes(document, at_once) == []
    after_it = tried(document, 10, 10.1, status=429, headers={"retry-after": "2"}, took=0.05)
    assert codes(document, after_it) == ["AV722 1 2"]


@pytest.mark.parametrize(
    ("failures", "told"), [(4, False), (5, False), (6, True), (9, True)], ids=str
)
def test_more_attempts_than_five_are_a_storm(
    either: Document, blamed: Blamed, failures: int, told: bool
) -> None:
    script = ", sleep 1, ".join(["cut list, list"] * failures)
    numbers = " ".join(map(str, range(1, failures + 1)))
    for end in ("", ", sleep 1, list"):
        assert blamed(either, script + end) == ([f"AV724 {numbers}"] if told else [])


def test_attempts_belong_together_only_if_none_went_well_between(
    either: Document, blamed: Blamed
) -> None:
    three = ", sleep 1, ".join(["cut list, list"] * 3)
    assert blamed(either, f"{three}, sleep 1, list, {three}") == []


def test_where_nobody_knows_how_clients_wait_many_may_ask_once_each(
    either: Document, blamed: Blamed
) -> None:
    assert blamed(either, ", ".join(["cut list, list"] * 20) + ", list") == []


def test_an_attempt_a_minute_later_is_a_new_request(document: Document) -> None:
    assert codes(document, tried(document, *range(0, 610, 61))) == []
    (storm,) = codes(document, tried(document, *range(0, 590, 59)))
    assert storm == "AV724 1 2 3 4 5 6 7 8 9"
    asked = {"retry-after": "100"}
    (storm,) = codes(document, tried(document, *range(0, 1000, 100), status=503, headers=asked))
    assert storm == "AV724 1 2 3 4 5 6 7 8 9"


def test_who_asks_for_the_same_twice_over_is_not_blamed_for_the_other(
    document: Document, blamed: Blamed
) -> None:
    """Two at once, each of which waits as it is told."""
    refused = "retry 2, 429 create, create, sleep 0.5, 429 create, create, sleep 1.5, create"
    both = "sleep 0.5, create, poll 1, poll 2"
    assert blamed(document, f"{refused}, {both}") == []
    hasty = "retry 2, 429 create, create, sleep 0.5, 429 create, create, sleep 0.5, create, poll"
    assert blamed(document, hasty) == ["AV722 1 2 3"]


TWO = "create a, create b, poll 1, poll 2"


@pytest.mark.parametrize(
    ("script", "of_one", "of_two"),
    [
        (", sleep 0.4, ".join(["cut list, list"] * 4) + ", sleep 0.4, list", ["AV723"], []),
        ("cut list, list, sleep 0, list", ["AV723"], []),
        (", sleep 1, ".join(["cut list, list"] * 6), ["AV724"], []),
        (", sleep 1, ".join(["cut list, list"] * 11), ["AV724"], ["AV724"]),
        ("cut list, list", ["AV725"], []),
    ],
    ids=["equal waits", "a short wait", "six attempts", "eleven attempts", "a single attempt"],
)
def test_of_those_who_follow_a_job_each_nobody_knows_who_has_looked_into_the_list(
    document: Document, blamed: Blamed, script: str, of_one: list[str], of_two: list[str]
) -> None:
    for jobs, expected in (("create, poll", of_one), (TWO, of_two)):
        assert [code[:5] for code in blamed(document, f"{jobs}, {script}")] == expected


def test_how_it_was_repeated_is_put_into_words(document: Document, play: Play) -> None:
    scripts = {
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
    for script, words in scripts.items():
        (violation,) = check_client(document, play(document, script))
        assert (violation.received, violation.expected) == words, script
