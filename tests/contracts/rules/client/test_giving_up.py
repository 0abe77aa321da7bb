"""Giving up after a transient error (AV725), too early and in time."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_client
from aisa_testkit.openapi import Document, JobRole
from tests.support.client_codes import client_codes, script_codes
from tests.support.exchanges import json_reply, make_exchange
from tests.support.scripted_client import run_script

TOO_EARLY = {
    "broken poll": ("create, cut poll, poll", "AV725 2"),
    "rate-limited poll": ("create, 429 poll, poll", "AV725 2"),
    "second poll": ("create, poll, cut poll, poll", "AV725 3"),
    "one of two jobs": ("create a, create b, cut poll, poll 1, poll 2", "AV725 3"),
    "download": ("create, wait, poll, cut content, content", "AV725 3"),
    "download after a list": ("create, wait, list, cut content, content", "AV725 3"),
    "download before a delete": (
        "create, wait, poll, cut content, content, list, delete",
        "AV725 3",
    ),
    "broken list": ("cut list, list", "AV725 1"),
    "rate-limited list": ("429 list, list", "AV725 1"),
    "list after a poll": ("create, poll, cut list, list", "AV725 3"),
    "rate-limited create": ("429 create, create", "AV725 1"),
    "rate-limited create before another": ("429 create, create, create b, poll", "AV725 1"),
}


@pytest.mark.parametrize(("script", "expected"), TOO_EARLY.values(), ids=TOO_EARLY)
def test_giving_up_after_one_transient_error_is_reported(
    document: Document, script: str, expected: str
) -> None:
    assert script_codes(document, script) == [expected]


WITH_REASON = {
    "poll retried": "create, cut poll, poll, poll",
    "poll retried in vain": "create, cut poll, poll, cut poll, poll",
    "listed instead": "create, cut poll, poll, list",
    "download retried": "create, wait, poll, cut content, content, content",
    "download retried in vain": "create, wait, poll, cut content, content, cut content, content",
    "downloaded before": "create, wait, poll, content, cut content, content",
    "known to be completed": "create, wait, list, cut poll, poll",
    "known to be failed": "fails, create, wait, list, cut poll, poll",
    "unknown job": "cut poll, poll nowhere",
    "delete": "create, wait, poll, cut delete, delete",
    "list retried": "cut list, list, list",
    "create retried after a 429": "429 create, create, create, poll",
    "unsafe retry of a create": "cut create, create",
    "permanent error": "400 create, create",
    "after 300 s": "sleep 0, create, poll, sleep 300, cut poll, poll",
}


@pytest.mark.parametrize("script", WITH_REASON.values(), ids=WITH_REASON)
def test_giving_up_with_a_reason_is_not_reported(document: Document, script: str) -> None:
    assert script_codes(document, script) == []


AFTER_A_LONG_WAIT = {
    "download after 297 s": ("create, sleep 297, poll, cut content, content", False),
    "download after 269 s": ("create, sleep 269, poll, cut content, content", True),
    "download with Retry-After until 275 s": (
        "retry 20, create, sleep 255, poll, 503 content, content",
        False,
    ),
    "list after 280 s": (
        "create, sleep 5, list" + ", sleep 55, list" * 5 + ", cut list, list",
        False,
    ),
    "poll 280 s after the first attempt": (
        "cut create, create, sleep 50, cut list, list, sleep 50, list, create, poll,"
        " sleep 180, cut poll, poll",
        False,
    ),
    "poll long after the first attempt for another job": (
        "create b, poll, sleep 100, create, poll 1, poll 2, sleep 200, poll 1, cut poll, poll 2",
        True,
    ),
}


@pytest.mark.parametrize(("script", "reported"), AFTER_A_LONG_WAIT.values(), ids=AFTER_A_LONG_WAIT)
def test_giving_up_after_five_minutes_is_not_reported(
    document: Document, script: str, reported: bool
) -> None:
    codes = [code[:5] for code in script_codes(document, f"sleep 0, {script}")]
    assert ("AV725" in codes) is reported


def test_giving_up_is_right_if_retry_after_is_longer_than_a_minute(document: Document) -> None:
    assert script_codes(document, "retry 60, 429 create, create") == ["AV725 1"]
    assert script_codes(document, "retry 61, 429 create, create") == []


@pytest.mark.parametrize(
    ("code", "expected"), [("quota_exceeded", []), ("rate_limit_exceeded", ["AV725 1"])]
)
def test_giving_up_is_right_if_the_quota_is_exhausted(
    document: Document, code: str, expected: list[str]
) -> None:
    reply = json_reply({"error": {"code": code}}, 429)
    assert client_codes(document, [make_exchange(document, JobRole.LIST, reply)]) == expected


@pytest.mark.parametrize("script", ["create, cut poll, poll", "cut list, list"])
def test_giving_up_on_another_api_is_reported(other_document: Document, script: str) -> None:
    assert [code[:5] for code in script_codes(other_document, script)] == ["AV725"]


def test_message_about_giving_up(document: Document) -> None:
    scripts = {
        "create, cut poll, poll": "no retry after a broken connection",
        "retry 9, 429 create, create": "no retry after status 429 and a requested wait of 9 s",
    }
    for script, received in scripts.items():
        (violation,) = check_client(document, run_script(document, script))
        assert (violation.received, violation.expected) == (received, "3 to 5 attempts")
