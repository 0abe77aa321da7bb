"""The conformance of responses: status, headers, media type and body."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.openapi import Document, Reply, load_document, parse_document
from aisa_testkit.openapi.conformance import ReplyProblem, reply_problems
from tests.support.documents import DUBBINGS, renderings_text

JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.fixture
def video(document: Document) -> dict[str, Any]:
    """A new job, from the examples of the document."""
    examples = document.source.data["components"]["examples"]
    return dict(examples["Queued"]["value"])


def problems_with(
    document: Document, operation: str, status: int, headers: dict[str, str], body: object
) -> list[ReplyProblem]:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return list(reply_problems(document.operations[operation], Reply(status, headers, raw)))


def test_declared_response_has_no_problems(document: Document, video: dict[str, Any]) -> None:
    headers = {**JSON, "openai-poll-after-ms": "1000", "x-foreign": "1"}
    assert problems_with(document, "createVideo", 200, headers, video) == []


def test_undeclared_status_is_a_problem(document: Document) -> None:
    (problem,) = problems_with(document, "getVideo", 201, {}, b"")
    statuses = "200, 400, 401, 403, 404, 429, 500, 502, 503, 504"
    assert problem == ReplyProblem("status", "", f"must be one of {statuses}", "201")
    assert str(problem) == f"status: must be one of {statuses}, not 201"


def test_operation_without_responses_allows_any() -> None:
    document = parse_document(
        '{"openapi": "3.1.0", "info": {"title": "t", "version": "1"},'
        ' "paths": {"/ping": {"get": {"operationId": "ping"}}}}'
    )
    assert problems_with(document, "ping", 200, JSON, {}) == []


@pytest.mark.parametrize(
    ("headers", "received"),
    [({"content-type": "text/html; charset=utf-8"}, "'text/html'"), ({}, "a response without one")],
    ids=["another", "none"],
)
def test_undeclared_media_type_is_a_problem(
    document: Document, headers: dict[str, str], received: str
) -> None:
    assert problems_with(document, "getVideoContent", 200, headers, b"<html>") == [
        ReplyProblem(
            "content-type",
            "",
            "must be video/mp4 or image/webp or image/jpeg",
            received,
        )
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0", "must be at least 1, not 0"),
        ("soon", "must be of type integer, at least 1, not 'soon'"),
        ("1.5", "must be of type integer, at least 1, not '1.5'"),
    ],
)
def test_response_header_must_match_its_schema(
    document: Document, video: dict[str, Any], text: str, message: str
) -> None:
    headers = {**JSON, "openai-poll-after-ms": text}
    (problem,) = problems_with(document, "getVideo", 200, headers, video)
    assert (problem.place, problem.message) == ("openai-poll-after-ms", message)
    assert str(problem) == f"header openai-poll-after-ms: {message}"


@pytest.mark.parametrize(
    ("change", "place", "message"),
    [
        ({"status": "paused"}, "/status", "must be one of 'queued', 'in_progress', 'completed',"),
        (
            {"progress": "0"},
            "/progress",
            "must be of type integer, at least 0 and at most 100, not '0'",
        ),
        ({"object": "image"}, "/object", "must be 'video', not 'image'"),
        ({"completed_at": 1}, "/completed_at", "must be of type null, not 1"),
    ],
    ids=["enum", "type", "constant", "condition"],
)
def test_response_body_must_match_its_schema(
    document: Document, video: dict[str, Any], change: dict[str, object], place: str, message: str
) -> None:
    found = problems_with(document, "getVideo", 200, JSON, {**video, **change})
    assert [(p.aspect, p.place) for p in found if p.message.startswith(message)] == [
        ("body", place)
    ]


def test_every_problem_of_a_body_is_reported(document: Document, video: dict[str, Any]) -> None:
    del video["prompt"]
    found = problems_with(document, "getVideo", 200, JSON, {**video, "seconds": 4, "size": None})
    assert {problem.place for problem in found} == {"/prompt", "/seconds", "/size"}
    assert ReplyProblem("body", "/prompt", "is required") in found


def test_problem_with_the_whole_body_has_an_empty_pointer(document: Document) -> None:
    assert problems_with(document, "getVideo", 200, JSON, []) == [
        ReplyProblem("body", "", "must be of type object", "[]")
    ]


def test_body_that_is_not_json_is_a_problem(document: Document) -> None:
    (problem,) = problems_with(document, "getVideo", 200, JSON, b"oops")
    assert (problem.aspect, problem.place, problem.expected) == ("json", "", "must be JSON")
    assert problem.received
    assert problem.received.startswith("'oops' (")


def test_half_of_a_surrogate_pair_is_json(document: Document, video: dict[str, Any]) -> None:
    cut_off = orjson.dumps({**video, "prompt": "PROMPT"}).replace(b"PROMPT", rb"A cat \ud83d")
    assert problems_with(document, "getVideo", 200, JSON, cut_off) == []


def test_response_without_content_must_be_empty(other_document: Document) -> None:
    assert problems_with(other_document, "dropRendering", 204, {}, b"") == []
    assert problems_with(other_document, "dropRendering", 204, {}, b"gone") == [
        ReplyProblem("body", "", "must be empty", "4 bytes")
    ]


def test_file_content_is_not_validated(document: Document) -> None:
    headers = {"content-type": "video/mp4"}
    assert problems_with(document, "getVideoContent", 200, headers, b"\x00\xff") == []


def test_error_that_the_document_reports_only_by_its_status_may_have_a_body() -> None:
    text = renderings_text().replace(
        "'404': {$ref: '#/components/responses/Problem'}", "'404': {description: No.}"
    )
    assert problems_with(parse_document(text), "rendering", 404, JSON, b'{"no": 1}') == []


def test_errors_are_free_where_the_document_leaves_them_all_out() -> None:
    silent = load_document(DUBBINGS)
    for status in (400, 404, 500):
        assert problems_with(silent, "showDubbing", status, {}, b"no") == []
    (problem,) = problems_with(silent, "showDubbing", 201, JSON, b"{}")
    assert problem.aspect == "status"


@pytest.mark.parametrize("declared", ["'*/*'", "'application/*'"])
def test_media_type_may_be_of_a_declared_range(declared: str) -> None:
    error = "description: An error.\n      content:\n        "
    text = renderings_text().replace(f"{error}application/json:", f"{error}{declared}:")
    document = parse_document(text)
    whole, part = b'{"problem": "a", "detail": "b"}', b'{"problem": "a"}'
    assert problems_with(document, "rendering", 404, JSON, whole) == []
    assert [p.aspect for p in problems_with(document, "rendering", 404, JSON, part)] == ["body"]
