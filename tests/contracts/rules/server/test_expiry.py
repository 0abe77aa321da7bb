"""Files that expire some time after success, of jobs that do not show when they succeeded."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import Exchange, check_server
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_numbers
from tests.support.exchanges import json_reply, make_exchange
from tests.support.job_api import JobApi, operation

START = 1_780_000_000
RESULT: Json = {"content": {"application/octet-stream": {}}}
FILE = Reply(200, {"content-type": "application/octet-stream", "content-length": "1"}, b"x")
GONE = json_reply({"code": "error", "message": "Gone."}, 404)


@pytest.fixture(scope="module")
def document() -> Document:
    paths = {"/jobs/{id}/file": {"get": operation("getFile", **RESULT)}}
    return JobApi(paths=paths, kind={"result": "getFile", "expires": 60}).document


def seen(document: Document, at: float, status: str) -> Exchange:
    job = {"id": "job-1", "status": status}
    return make_exchange(document, "getJob", json_reply(job), at=START + at)


@pytest.mark.parametrize(
    ("at", "reply", "expected"),
    [
        (15, FILE, []),
        (50, GONE, ["AV222 4"]),
        (75, GONE, []),
        (65, FILE, []),
        (75, FILE, []),
        (140, FILE, ["AV223 4"]),
        (140, GONE, []),
    ],
    ids=[
        "served",
        "removed too early",
        "removed",
        "served in time",
        "served, perhaps in time",
        "served too late",
        "removed later",
    ],
)
def test_file_expires_between_the_bounds_of_its_success(
    document: Document, at: float, reply: Reply, expected: list[str]
) -> None:
    """The job was pending at 10 seconds, and had succeeded at 20."""
    history = [
        seen(document, 0, "queued"),
        seen(document, 10, "running"),
        seen(document, 20, "done"),
    ]
    history.append(make_exchange(document, "getFile", reply, at=START + at))
    assert codes_with_numbers(check_server(document, history)) == expected


@pytest.mark.parametrize("status", ["done", "queued"])
def test_bounds_that_were_not_seen_are_not_assumed(document: Document, status: str) -> None:
    history = [seen(document, 0, "done")] if status == "done" else []
    history.append(make_exchange(document, "getFile", GONE, at=START + 1))
    assert codes_with_numbers(check_server(document, history)) == []
