"""Polling: too fast (AV731), before the suggested time (AV732), without a time limit (AV733)."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Document, JobRole
from tests.support.client_codes import script_codes
from tests.support.exchanges import json_reply, make_call
from tests.support.scripted_client import run_script

ID = "video_d4edd823689ed8f9f64a9dfb417947c1"


@pytest.mark.parametrize(
    ("hint", "seconds", "expected"),
    [
        ("none", 0.0, "AV731 3"),
        ("none", 0.4, "AV731 3"),
        ("none", 0.5, ""),
        ("0.001", 0.4, "AV731 3"),
        ("0.001", 0.001, ""),
        ("0.2", 0.1, "AV732 3"),
        ("0.2", 0.2, ""),
        ("1", 0.4, "AV731 3"),
        ("1", 0.6, "AV732 3"),
        ("1", 0.95, ""),
        ("10", 5.0, "AV732 3"),
        ("10", 60.0, ""),
    ],
)
def test_early_poll_is_reported(
    any_document: Document, hint: str, seconds: float, expected: str
) -> None:
    script = f"hint {hint}, create, poll, sleep {seconds}, poll, list"
    assert script_codes(any_document, script) == ([expected] if expected else [])


NOT_EARLY = {
    "client times unknown": "hint 1, create, poll, poll, poll",
    "first poll at once": "hint 1, sleep 0, create, poll, wait, poll",
    "other requests": (
        "hint 1, sleep 0, create, poll, list, content other, delete other, wait, poll"
    ),
    "poll after lists": "hint 1, sleep 0, create, list, list, poll",
    "several jobs in turn": (
        "hint 1, sleep 0, create a, create b, poll 1, poll 2, sleep 1, poll 1, poll 2"
    ),
    "retry after a broken connection": (
        "hint 1, sleep 0, create, cut poll, poll, sleep 0.4, poll, sleep 1, poll"
    ),
    "retry after a 429": ("hint 1, retry 0, sleep 0, create, 429 poll, poll, poll, sleep 1, poll"),
    "downloads": "hint 1, sleep 0, create, wait, poll, content, content",
}


@pytest.mark.parametrize("script", NOT_EARLY.values(), ids=NOT_EARLY)
def test_poll_that_is_not_early_is_not_reported(document: Document, script: str) -> None:
    reported = {code[:5] for code in script_codes(document, script)}
    assert not reported & {"AV731", "AV732"}


def test_interval_of_the_first_hint_is_accepted_for_later_hints(any_document: Document) -> None:
    """Official clients keep the first interval while the hints get shorter."""
    polls = ", ".join(f"hint {left}, poll, sleep 4" for left in (4, 3, 2, 1, 0.001))
    assert script_codes(any_document, f"slow, hint 4, create, {polls}, poll") == []


def test_early_polls_of_one_job_are_one_violation(document: Document) -> None:
    script = "create, poll, sleep 0.3, poll, sleep 0.1, poll, sleep 0.7, poll, sleep 5, poll"
    too_fast, too_early = check_client(document, run_script(document, f"hint 2, {script}"))
    assert (too_fast.code, too_fast.numbers) == ("AV731", (3, 4))
    assert too_fast.received == (
        f"2 polls for {ID}, the earliest 0.1 s after response no. 3, which showed it queued"
    )
    assert too_fast.expected == "at least 0.5 s between two polls"
    assert (too_early.code, too_early.numbers) == ("AV732", (5,))
    assert too_early.received == (
        f"a poll for {ID}, 0.7 s after response no. 4, which showed it queued"
    )
    assert too_early.expected == "at least 2 s, as the response suggests"


def test_overlapping_poll_is_not_early(document: Document) -> None:
    def poll(at: float, took: float) -> Exchange:
        call, reply = make_call(document, JobRole.POLL), {"id": "job-1", "status": "queued"}
        return read_exchange(document, call, json_reply(reply), at=at, took=took, client_time=at)

    assert check_client(document, [poll(10, 1), poll(10.2, 1)]) == ()
    (violation,) = check_client(document, [poll(10, 1), poll(10.2, 0.1)])
    assert violation.code == "AV731"


TOTAL_WAITS = {
    "329 s": ("create, poll, sleep 300, poll, sleep 29, poll", []),
    "331 s": ("create, poll, sleep 300, poll, sleep 31, poll", ["AV733 4"]),
    "600 s": ("create, poll, sleep 200, poll, sleep 200, poll, sleep 200, poll", ["AV733 4 5"]),
    "other requests at the end": ("create, poll, sleep 300, poll, sleep 31, list, content", []),
    "first poll late": ("create, sleep 500, poll, sleep 300, poll, sleep 20, poll", []),
    "late first poll without a limit": (
        "create, sleep 500, poll, sleep 300, poll, sleep 31, poll",
        ["AV733 4"],
    ),
    "poll a day later": ("create, poll, sleep 300, poll, sleep 86400, poll", []),
    "polls after a long pause": ("create, poll, sleep 400, poll, sleep 10, poll", []),
}


@pytest.mark.parametrize(("script", "expected"), TOTAL_WAITS.values(), ids=TOTAL_WAITS)
def test_polling_without_a_time_limit_is_reported(
    document: Document, script: str, expected: list[str]
) -> None:
    codes = script_codes(document, f"slow, {script}")
    assert [code for code in codes if code.startswith("AV733")] == expected


def test_polls_after_the_end_are_not_part_of_the_total_wait(any_document: Document) -> None:
    assert script_codes(any_document, "create, poll, sleep 300, poll") == []
    ended = "create, sleep 200, poll, sleep 200, poll, sleep 200, poll"
    assert script_codes(any_document, ended) == ["AV712 3 4"]


def test_message_about_polling_without_a_time_limit(document: Document) -> None:
    script = "slow, create, poll, sleep 300, poll, sleep 112.5, poll"
    (violation,) = check_client(document, run_script(document, script))
    assert violation.received == (
        f"polls for {ID}, which was still pending, until 412.5 s after request no. 2, the first"
        " poll"
    )
    assert violation.expected == "a total wait of at most 300 s"
