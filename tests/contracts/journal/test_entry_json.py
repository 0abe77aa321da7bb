"""Requests of the journal as JSON."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import UnmatchedKind, UnmatchedRequest
from aisa_testkit.openapi import Call, Delivery, JobRole, Reply
from tests.support.journaled_mock import JournaledMock

NOW = 1_780_000_000.0


def test_request_is_shown_with_its_fields_and_its_outcome(any_mock: JournaledMock) -> None:
    job = any_mock.create("a calico cat")
    any_mock.clock.advance(2)
    any_mock.send(JobRole.POLL, job_id=job)
    create, poll = any_mock.requests()
    operation = any_mock.operation(JobRole.CREATE)
    assert create == {
        "number": 1,
        "at": NOW,
        "operation": operation.id,
        "method": "POST",
        "path": any_mock.document.base_path + operation.path,
        "query": {},
        "status": operation.success.status,
        "jobs": [job],
        "key": "…7f3a",
        "fields": any_mock.create_fields("a calico cat"),
        "files": [],
        "violations": [],
        "warnings": [],
        "nearest": None,
        "invalid": None,
        "delivery": None,
    }
    assert (poll["number"], poll["at"], poll["method"]) == (2, NOW + 2, "GET")
    assert (poll["jobs"], job in poll["path"].split("/")) == ([job], True)


def test_multipart_file_is_shown_by_name_type_and_size(mock: JournaledMock) -> None:
    image = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    mock.endpoint.respond(
        "POST",
        "/v1/videos",
        query="",
        headers={"content-type": "multipart/form-data; boundary=b"},
        body=b'--b\r\nContent-Disposition: form-data; name="input_reference"; filename="cat.png"'
        b"\r\nContent-Type: text/plain\r\n\r\n" + image + b"\r\n--b--\r\n",
    )
    (entry,) = mock.requests()
    assert entry["files"] == [
        {
            "field": "input_reference",
            "name": "cat.png",
            "type": "text/plain",
            "detected_type": "image/png",
            "size": 108,
        }
    ]
    (violation,) = (v for v in entry["violations"] if v["place"] == "input_reference")
    assert "'text/plain'" in violation["received"]


def test_request_is_shown_with_its_violations_and_warnings(mock: JournaledMock) -> None:
    mock.create()
    fields = {"seconds": "5", "colour": "red", "prompt": "a cat"}
    mock.send(JobRole.CREATE, fields=fields, key=None)
    entry = mock.requests()[1]
    assert [(v["code"], v["place"]) for v in entry["violations"]] == [
        ("AV705", "seconds"),
        ("AV706", "authorization"),
    ]
    (warning,) = entry["warnings"]
    assert (warning["code"], warning["numbers"], warning["severity"]) == ("AV707", [2], "warning")
    assert (entry["key"], entry["status"]) == (None, 401)


def test_violations_of_the_history_are_not_shown_with_a_request(mock: JournaledMock) -> None:
    mock.send(JobRole.POLL, job_id="video_0")
    mock.create()
    assert [(e["violations"], e["warnings"]) for e in mock.requests()] == [([], []), ([], [])]


@pytest.mark.parametrize(
    ("method", "path", "status", "operation", "difference"),
    [
        ("POST", "/v1/video", 404, "createVideo", "the path has /video where /videos is expected"),
        ("PATCH", "/v1/videos", 405, "listVideos", "the method is PATCH"),
        ("GET", "/videos", 404, "listVideos", "the path lacks /v1: add it to the base URL"),
    ],
    ids=["misspelt path", "method not allowed", "base path missing"],
)
def test_unmatched_request_is_shown_with_the_nearest_operation(
    mock: JournaledMock, method: str, path: str, status: int, operation: str, difference: str
) -> None:
    reply = mock.endpoint.respond(method, path, query="", headers={}, body=b"")
    (entry,) = mock.requests()
    assert (entry["method"], entry["path"], entry["operation"]) == (method, path, None)
    assert entry["status"] == status == reply.status
    assert (entry["nearest"]["operation"], entry["nearest"]["difference"]) == (
        operation,
        difference,
    )
    assert [v["code"] for v in entry["violations"]] == ["AV701"]


@pytest.mark.parametrize(
    ("delivery", "broken"),
    [(Delivery(delay=2, body_seconds=3), False), (Delivery(bytes_delivered=-1, reset=True), True)],
    ids=["late", "lost"],
)
def test_delivery_of_a_response_is_shown(
    any_mock: JournaledMock, delivery: Delivery, broken: bool
) -> None:
    call = any_mock.call(JobRole.CREATE, fields=any_mock.create_fields())
    reply = replace(any_mock.service.answer(call), delivery=delivery)
    any_mock.journal.answered(call, reply)
    (entry,) = any_mock.requests()
    assert entry["status"] == (None if broken else reply.status)
    assert entry["delivery"] == {
        "status": reply.status,
        "delay": delivery.delay,
        "seconds": delivery.body_seconds,
        "broken": broken,
        "arrives": delivery.bytes_delivered,
        "reset": broken,
    }
    # Also the job of a response that was not delivered.
    assert len(entry["jobs"]) == 1
    assert any_mock.numbers(job=entry["jobs"][0]) == [1]


def test_long_text_is_shortened(mock: JournaledMock) -> None:
    mock.send(JobRole.CREATE, fields={"prompt": "x" * 9000, "model": [["y" * 9000]]})
    fields = mock.requests()[0]["fields"]
    assert fields["prompt"] == "x" * 500 + "…"
    assert fields["model"].startswith('[["yyy')
    assert len(fields["model"]) == 501


def test_deeply_nested_body_is_shown(mock: JournaledMock) -> None:
    body = b'{"prompt":' + b"[" * 900 + b"]" * 900 + b"}"
    mock.journal.answered(
        Call("createVideo", headers={"content-type": "application/json"}, body=body), Reply(400)
    )
    assert orjson.dumps(mock.requests())


@pytest.mark.parametrize(
    ("key", "shown"),
    [("sk-aisa-0123456789", "…6789"), ("sk-0123", "…"), (None, None)],
    ids=["long key", "short key", "no key"],
)
def test_api_key_is_masked_except_its_last_four_characters(
    any_mock: JournaledMock, key: str | None, shown: str | None
) -> None:
    any_mock.send(JobRole.LIST, key=key)
    assert any_mock.requests()[0]["key"] == shown


def test_blocked_request_has_neither_status_nor_nearest_operation(mock: JournaledMock) -> None:
    url = "https://cdn.example/poster.png"
    mock.journal.add(UnmatchedRequest("GET", url, "not allowed", UnmatchedKind.BLOCKED))
    (request,) = mock.requests()
    assert (request["path"], request["status"], request["nearest"]) == (url, None, None)
    assert [violation["code"] for violation in request["violations"]] == ["AV708"]
