"""Unknown statuses that a client treats as success (AV734)."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_client
from aisa_testkit.openapi import Document, JobRole
from aisa_testkit.openapi.json import Json
from tests.support.client_codes import script_codes
from tests.support.exchanges import json_reply, make_exchange
from tests.support.scripted_client import run_script

SCRIPTS = {
    "file requested": ("create, odd poll, poll, content", "AV734 3"),
    "file requested and available": ("create, odd poll, poll, wait, content", "AV734 3"),
    "file requested before a poll": (
        "create, poll, odd poll, poll, content, wait, poll",
        "AV734 4",
    ),
    "status of a new job": ("odd create, create, content", "AV734 2"),
    "polling stopped": ("create, odd poll, poll", "AV734 2"),
    "listed later": ("create, poll, odd poll, poll, list", ""),
    "polled again": ("create, odd poll, poll, poll", ""),
    "polled again in vain": ("create, odd poll, poll, cut poll, poll", ""),
    "polled until the end": ("create, odd poll, poll, wait, poll, content", ""),
    "final state known from a list": ("create, wait, list, odd poll, poll", ""),
    "status of another job": ("create, wait, poll, odd create, create b", "AV734 3"),
    "polled past it, and gave up": ("create, odd poll, poll, odd poll, poll", ""),
    "polled past it, then another job": (
        "create, odd poll, poll, poll, odd list, create b, wait, poll 2",
        "",
    ),
    "gave up after 100 s": ("slow, sleep 0, create, poll, sleep 100, odd poll, poll", ""),
    "stopped after 80 s": ("slow, sleep 0, create, poll, sleep 80, odd poll, poll", "AV734 3"),
    "gave up after 300 s": ("sleep 0, create, sleep 300, odd poll, poll", ""),
}


@pytest.mark.parametrize(("script", "expected"), SCRIPTS.values(), ids=SCRIPTS)
def test_unknown_status_is_not_a_final_state(
    document: Document, script: str, expected: str
) -> None:
    assert script_codes(document, script) == ([expected] if expected else [])


def test_unknown_status_of_another_api_is_not_a_final_state(other_document: Document) -> None:
    assert script_codes(other_document, "create, odd poll, poll, content") == ["AV734 3"]
    assert script_codes(other_document, "create, odd poll, poll, poll") == []


@pytest.mark.parametrize("status", [None, 7, ["completed"]], ids=["null", "number", "list"])
def test_status_that_is_not_text_is_ignored(document: Document, status: Json) -> None:
    history = [
        make_exchange(document, JobRole.POLL, json_reply({"id": "job-1", "status": value}))
        for value in ("queued", status)
    ]
    assert check_client(document, history) == ()


def test_message_about_an_unknown_status(document: Document) -> None:
    job_id = "video_d4edd823689ed8f9f64a9dfb417947c1"
    scripts = {
        "create, odd poll, poll, content": (
            f"a request for {job_id}, which was polishing in response no. 2, an unknown status",
            "a job that is completed",
        ),
        "create, odd poll, poll": (
            f"no poll for {job_id} after the unknown status polishing",
            "polls until a final state",
        ),
    }
    for script, message in scripts.items():
        (violation,) = check_client(document, run_script(document, script))
        assert (violation.received, violation.expected) == message, script
