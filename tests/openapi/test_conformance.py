"""Whether a reply is one that the document declares: each aspect, in words."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.conformance import ReplyProblem, reply_problems

JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.fixture
def video(document: Document) -> dict[str, Any]:
    """A job that has just been made, from the document's own examples."""
    examples = document.source.data["components"]["examples"]
    return dict(examples["Queued"]["value"])


def judged(
    document: Document, operation: str, status: int, headers: dict[str, str], body: object
) -> list[ReplyProblem]:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return list(reply_problems(document.operations[operation], Reply(status, headers, raw)))


def test_a_reply_as_declared_has_no_problems(document: Document, video: dict[str, Any]) -> None:
    headers = {**JSON, "openai-poll-after-ms": "1000", "x-foreign": "1"}
    assert judged(document, "createVideo", 200, headers, video) == []


def test_a_status_that_is_not_declared_is_told_those_that_are(document: Document) -> None:
    (problem,) = judged(document, "getVideo", 201, {}, b"")
    statuses = "200, 400, 401, 403, 404, 429, 500, 502, 503, 504"
    assert problem == ReplyProblem("status", "", f"must be one of {statuses}", "201")
    assert str(problem) == f"status: must be one of {statuses}, not 201"


@pytest.mark.parametrize(
    ("headers", "came"),
    [({"content-type": "text/html; charset=utf-8"}, "'text/html'"), ({}, "a response without one")],
    ids=["another", "none"],
)
def test_a_media_type_that_is_not_declared_is_told_those_that_are(
    document: Document, headers: dict[str, str], came: str
) -> None:
    assert judged(document, "getVideoContent", 200, headers, b"<html>") == [
        ReplyProblem(
            "content-type",
            "",
            "must be video/mp4 or image/webp or image/jpeg",
            came,
        )
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "must be at least 1, not 0"),
        ("soon", "must be of type integer, not 'soon'"),
        ("1.5", "must be of type integer, not '1.5'"),
    ],
)
def test_a_header_must_fit_its_schema(
    document: Document, video: dict[str, Any], text: str, message: str
) -> None:
    headers = {**JSON, "openai-poll-after-ms": text}
    (problem,) = judged(document, "getVideo", 200, headers, video)
    assert (problem.place, problem.message) == ("openai-poll-after-ms", message)
    assert str(problem) == f"header openai-poll-after-ms: {message}"


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"status": "paused"}, "/status", "must be one of 'queued', 'in_progress', 'completed',"),
        ({"progress": "0"}, "/progress", "must be of type integer, not '0'"),
        ({"object": "image"}, "/object", "must be 'video', not 'image'"),
        ({"completed_at": 1}, "/completed_at", "must be of type null, not 1"),
    ],
    ids=["enum", "type", "constant", "condition"],
)
def test_a_body_must_fit_its_schema(
    document: Document, video: dict[str, Any], change: dict[str, object], place: str, message: str
) -> None:
    found = judged(document, "getVideo", 200, JSON, {**video, **change})
    assert [(p.aspect, p.place) for p in found if p.message.startswith(message)] == [
        ("body", place)
    ]


def test_every_problem_of_a_body_is_told(document: Document, video: dict[str, Any]) -> None:
    del video["prompt"]
    found = judged(document, "getVideo", 200, JSON, {**video, "seconds": 4, "size": None})
    assert {problem.place for problem in found} == {"/prompt", "/seconds", "/size"}
    assert ReplyProblem("body", "/prompt", "is required") in found


def test_a_body_that_is_wrong_as_a_whole_has_the_empty_pointer(document: Document) -> None:
    assert judged(document, "getVideo", 200, JSON, []) == [
        ReplyProblem("body", "", "must be of type object", "[]")
    ]


def test_a_body_that_is_no_json_is_a_problem(document: Document) -> None:
    (problem,) = judged(document, "getVideo", 200, JSON, b"oops")
    assert (problem.aspect, problem.place, problem.expected) == ("json", "", "must be JSON")
    assert problem.received
    assert problem.received.startswith("'oops' (")


def test_an_answer_without_content_must_be_empty(other_document: Document) -> None:
    assert judged(other_document, "dropRendering", 204, {}, b"") == []
    assert judged(other_document, "dropRendering", 204, {}, b"gone") == [
        ReplyProblem("body", "", "must be empty", "4 bytes")
    ]


def test_a_file_may_be_any_bytes(document: Document) -> None:
    headers = {"content-type": "video/mp4"}
    assert judged(document, "getVideoContent", 200, headers, b"\x00\xff") == []
