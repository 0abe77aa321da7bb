"""Restarts of the program: it may forget what it has received, and ask once more."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_client
from aisa_testkit.openapi import Document
from tests.support.codes import codes_with_numbers
from tests.support.scripted_client import run_script

# The script, the codes without a restart, the number of the last request before it, and the codes.
RESTARTS = {
    "poll after the end": ("create, wait, poll, poll", ["AV712 3"], 2, []),
    "polls after the end": ("create, wait, poll, poll, poll", ["AV712 3 4"], 2, ["AV712 4"]),
    "download again": ("create, wait, poll, content, content", [], 3, []),
    "poll at once": ("sleep 0, create, poll, poll, wait, poll", ["AV731 3"], 2, []),
    "poll before the hint": (
        "hint 9, sleep 0, create, poll, sleep 4, poll, wait, poll",
        ["AV732 3"],
        2,
        [],
    ),
    "permanent error": (
        "create, wait, poll, delete, content, content",
        ["AV716 5"],
        4,
        [],
    ),
    "total wait": (
        "slow, sleep 0, create, poll, sleep 200, poll, sleep 200, poll",
        ["AV733 4"],
        3,
        [],
    ),
    "killed at a failed poll": ("create, 503 poll, poll, create b, wait, poll", ["AV725 2"], 2, []),
    "create again": ("create, poll, create, poll", ["AV715 1 3"], 2, ["AV715 1 3"]),
    "lost create again": (
        "lost create, create, create, wait, poll",
        ["AV715 1 2", "AV721 1 2"],
        1,
        ["AV715 1 2", "AV721 1 2"],
    ),
}


@pytest.mark.parametrize(("script", "before", "restart", "after"), RESTARTS.values(), ids=RESTARTS)
def test_restarted_program_may_repeat_polls_and_downloads_but_no_create(
    document: Document, script: str, before: list[str], restart: int, after: list[str]
) -> None:
    history = run_script(document, script)
    assert codes_with_numbers(check_client(document, history)) == before
    found = check_client(document, history, restarts=[restart])
    assert codes_with_numbers(found) == after
