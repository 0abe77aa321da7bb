"""Downloads after the files of a job have expired (AV735)."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import Exchange, check_client
from aisa_testkit.openapi import Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.client_codes import script_codes
from tests.support.exchanges import json_reply, make_exchange

DAY = 86_400

DOWNLOADS: dict[str, tuple[Json, int, int, bool]] = {
    "404 a second after expiry": (DAY, DAY + 1, 404, True),
    "410 a second after expiry": (DAY, DAY + 1, 410, True),
    "404 at expiry": (DAY, DAY, 404, False),
    "200 after expiry": (DAY, DAY + 1, 200, False),
    "429 after expiry": (DAY, DAY + 1, 429, False),
    "503 after expiry": (DAY, DAY + 1, 503, False),
    "expiry unknown": (None, DAY + 1, 404, False),
    "expiry is text": ("soon", DAY + 1, 404, False),
    "expiry is a boolean": (True, DAY + 1, 404, False),
}


@pytest.mark.parametrize(("expiry", "at", "status", "reported"), DOWNLOADS.values(), ids=DOWNLOADS)
def test_rejected_download_after_the_known_expiry_is_reported(
    document: Document, expiry: Json, at: int, status: int, reported: bool
) -> None:
    job = {"id": "job-1", "status": "completed", "expires_at": expiry}
    history = [
        make_exchange(document, JobRole.POLL, json_reply(job), at=0),
        make_exchange(document, JobRole.RESULT, Reply(status), at=at),
        make_exchange(document, JobRole.RESULT, Reply(200), at=at),
    ]
    found = [v for v in check_client(document, history) if v.code == "AV735"]
    assert [(v.numbers, v.received, v.expected) for v in found] == [
        (
            (2,),
            "a request for the files of job-1 1 s after their expiry, which response no. 1 had"
            " announced",
            f"a download before {DAY} (Unix time)",
        )
    ] * reported


def test_expiry_that_was_heard_of_too_late_is_not_the_fault_of_the_client(
    document: Document,
) -> None:
    job: Json = {"id": "job-1", "status": "completed", "expires_at": DAY}
    download = make_exchange(document, JobRole.RESULT, Reply(404), at=DAY + 9)

    def polls(*times: int) -> list[Exchange]:
        return [make_exchange(document, JobRole.POLL, json_reply(job), at=at) for at in times]

    late = check_client(document, [*polls(DAY + 5), download])
    assert [v.code for v in late if v.code == "AV735"] == []
    again = check_client(document, [*polls(5, DAY + 5), download])
    assert [v.code for v in again if v.code == "AV735"] == ["AV735"]


def test_retry_of_a_download_that_was_begun_in_time_may_come_too_late(document: Document) -> None:
    job: Json = {"id": "job-1", "status": "completed", "expires_at": DAY}
    poll = make_exchange(document, JobRole.POLL, json_reply(job), at=5)
    failed, late = (
        make_exchange(document, JobRole.RESULT, Reply(status), at=at)
        for status, at in ((500, DAY - 1), (404, DAY + 60))
    )
    assert [v.code for v in check_client(document, [poll, failed, late])] == []
    assert [v.code for v in check_client(document, [poll, late])] == ["AV735"]


def test_mock_expires_files_and_the_rules_report_the_late_download(
    document: Document, other_document: Document
) -> None:
    late = ", ".join(["create", "wait", "poll", *["wait"] * 87, "content"])
    assert script_codes(document, late) == ["AV735 3"]
    assert script_codes(other_document, late) == []  # without an expiry
    assert script_codes(document, late.replace("content", "delete, content")) == []
