"""Orphaned jobs (AV736): created and not followed to their end."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_client
from aisa_testkit.openapi import Document
from tests.support.client_codes import script_codes
from tests.support.scripted_client import run_script

ORPHANED = {
    "one job": ("create", "AV736 1"),
    "one of two jobs": ("create a, create b, poll 2", "AV736 1"),
    "second job of the same request": ("create, poll, create", "AV736 3"),
    "duplicate that is not followed": ("create, create", "AV715 1 2, AV736 2"),
    "two jobs": ("create a, create b", "AV736 1, AV736 2"),
    "list that failed": ("create, cut list, list, cut list, list", "AV736 1"),
    "list before the create": ("list, create", "AV736 2"),
}


@pytest.mark.parametrize(("script", "expected"), ORPHANED.values(), ids=ORPHANED)
def test_orphaned_job_is_reported(document: Document, script: str, expected: str) -> None:
    assert script_codes(document, script) == expected.split(", ")


FOLLOWED = {
    "polled": "create, poll",
    "polled after a broken connection": "create, cut poll, poll, poll",
    "listed": "create, list",
    "deleted": "create, wait, delete",
    "downloaded": "create, wait, content",
    "finished when created": "done, create",
    "response lost": "lost create, create",
    "create rejected": "400 create, create",
}


@pytest.mark.parametrize("script", FOLLOWED.values(), ids=FOLLOWED)
def test_followed_job_is_not_orphaned(document: Document, script: str) -> None:
    assert script_codes(document, script) == []


LEFT_PENDING = {
    "for 331 s": ("create, poll, sleep 331, create b, poll", "AV736 1 2"),
    "after 85 s": ("create, sleep 85, poll, sleep 331, create b, poll", "AV736 1 2"),
    "after a broken poll": (
        "create, cut poll, poll, sleep 1, poll, sleep 331, create b, poll",
        "AV736 1 3",
    ),
    "while another job is polled": (
        "create, poll, sleep 200, create b, poll, sleep 131, create c",
        "AV736 1 2, AV736 5",
    ),
}


@pytest.mark.parametrize(("script", "expected"), LEFT_PENDING.values(), ids=LEFT_PENDING)
def test_pending_job_is_orphaned_if_the_client_continues_without_it(
    document: Document, script: str, expected: str
) -> None:
    assert script_codes(document, f"slow, sleep 0, {script}") == expected.split(", ")


LEFT_WITH_REASON = {
    "no request after it": "create, poll, wait",
    "client active for 329 s only": "create, poll, sleep 329, create b, poll",
    "after 91 s": "create, sleep 91, poll, sleep 400, create b, poll",
    "polled for 150 s": "create, poll, sleep 150, poll, sleep 400, create b, poll",
    "polled again later": "create, poll, sleep 400, create b, poll 2, poll 1",
    "listed later": "create, poll, sleep 400, list, create b, poll",
    "gave up after failures": (
        "create, poll, cut poll, poll, cut poll, poll, sleep 400, create b, poll"
    ),
    "delete tried": "create, poll, delete, sleep 400, create b, poll",
    "download tried": "create, poll, sleep 400, content, create b, poll",
    "poll hint of 90 s": "hint 90, create, poll, sleep 400, create b, poll",
    "100 s of retries before the create": (
        "503 list, list, sleep 50, list, sleep 50, create, poll, sleep 400, create b, poll"
    ),
}


@pytest.mark.parametrize("script", LEFT_WITH_REASON.values(), ids=LEFT_WITH_REASON)
def test_pending_job_may_be_left_with_a_reason(document: Document, script: str) -> None:
    reported = [code[:5] for code in script_codes(document, f"slow, sleep 0, {script}")]
    assert "AV736" not in reported


def test_pending_job_may_be_left_if_client_times_are_unknown(any_document: Document) -> None:
    assert script_codes(any_document, "slow, create, poll, wait, create b, poll") == []


def test_orphaned_jobs_of_another_api_are_reported(other_document: Document) -> None:
    assert script_codes(other_document, "create a, create b, poll 2") == ["AV736 1"]
    assert script_codes(other_document, "create, list") == []


def test_message_about_an_orphaned_job(document: Document) -> None:
    job_id = "video_d4edd823689ed8f9f64a9dfb417947c1"
    scripts = {
        "create": f"no request for {job_id} after it was accepted",
        "slow, sleep 0, create, poll, sleep 331, create b, poll": (
            f"no request for {job_id} after response no. 2, which showed it queued"
        ),
    }
    for script, received in scripts.items():
        violation = check_client(document, run_script(document, script))[0]
        assert (violation.received, violation.expected) == (received, "polls until it is finished")


def test_partial_history_reports_only_what_its_missing_beginning_cannot_excuse(
    document: Document,
) -> None:
    scripts = ["poll nowhere", "create", "create, cut poll, poll", "cut list, list"]
    for script in [*scripts, "429 create, create"]:
        history = run_script(document, script)
        assert check_client(document, history)
        assert check_client(document, history, whole=False) == (), script
    for script in ("create, wait, poll, poll", "create, odd poll, poll", "create, create, list"):
        history = run_script(document, script)
        assert check_client(document, history, whole=False) == check_client(document, history)
