"""Problems with requests: expected, received, and the message with both."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.openapi import Call, Cause, Document, RequestProblem
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.request import read_call

FORM = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (RequestProblem("any", "size", "must be '1x1'", "'2x2'"), "size: must be '1x1', not '2x2'"),
        (RequestProblem("any", "size", "is required"), "size: is required"),
        (
            RequestProblem("any", None, "the body must be JSON", "text"),
            "the body must be JSON, not text",
        ),
        (RequestProblem("any", None, "the body is required"), "the body is required"),
        (RequestProblem("any", "a", "must be set", ""), "a: must be set, not "),
    ],
    ids=[
        "all parts",
        "nothing received",
        "whole body",
        "neither parameter nor received",
        "empty text received",
    ],
)
def test_message_has_parameter_expected_and_received(problem: RequestProblem, message: str) -> None:
    assert problem.message == message


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode()
    return head + content + b"\r\n"


def problem_of(document: Document, call: Call) -> RequestProblem:
    (problem,) = read_call(document.operations[call.operation_id], call).problems
    return problem


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, RequestProblem(Cause.FIELD_MISSING, "prompt", "is required", pointer="/prompt")),
        (
            {"prompt": "x", "seconds": "5"},
            RequestProblem(
                Cause.FIELD_VALUE, "seconds", "must be one of '4', '8', '12'", "'5'", "/seconds"
            ),
        ),
        (
            {"prompt": 7},
            RequestProblem(Cause.FIELD_TYPE, "prompt", "must be of type string", "7", "/prompt"),
        ),
        (
            {"prompt": "x", "model": "sora-3"},
            RequestProblem(
                "model-unknown",
                "model",
                "must be one of 'sora-2', 'sora-2-pro'",
                "'sora-3'",
                "/model",
            ),
        ),
        (
            {"prompt": "x", "seconds": 5},
            RequestProblem(
                Cause.FIELD_TYPE, "seconds", "must be one of '4', '8', '12'", "5", "/seconds"
            ),
        ),
        (
            {"prompt": "x", "model": None},
            RequestProblem(
                Cause.FIELD_TYPE, "model", "must be one of 'sora-2', 'sora-2-pro'", "null", "/model"
            ),
        ),
        ([], RequestProblem(Cause.FIELD_TYPE, None, "the body must be of type object", "[]")),
    ],
    ids=[
        "missing",
        "value",
        "type",
        "cause of its own",
        "type of a listed value",
        "type instead of a cause of its own",
        "whole body",
    ],
)
def test_problems_with_json_fields(
    document: Document, fields: Json, expected: RequestProblem
) -> None:
    headers = {"content-type": "application/json"}
    call = Call("createVideo", headers=headers, body=orjson.dumps(fields))
    assert problem_of(document, call) == expected


@pytest.mark.parametrize(
    ("parts", "place", "expected", "received"),
    [
        (part("seconds", b"4") * 2, "seconds", "must be given once", "twice"),
        (
            part("seconds", b"1", "a.txt"),
            "seconds",
            "must be one of '4', '8', '12'",
            "a file ('a.txt')",
        ),
        (part("size", b"\xff"), "size", "must be UTF-8 text", "bytes that are invalid at offset 0"),
        (
            part("input_reference", b"x"),
            "input_reference",
            "must be a file of type image/png or image/jpeg or image/webp, "
            "sent as a part with a file name",
            "text",
        ),
        (
            part("input_reference", b"GIF89a", "a.gif"),
            "input_reference",
            "must be a file of type image/png or image/jpeg or image/webp",
            "image/gif",
        ),
        (
            part("input_reference", b"x", "a.png"),
            "input_reference",
            "must be a file of type image/png or image/jpeg or image/webp",
            "'a.png', whose bytes have another type",
        ),
    ],
    ids=[
        "duplicate field",
        "file for text",
        "not UTF-8",
        "text for a file",
        "another image type",
        "not an image",
    ],
)
def test_problems_with_multipart_fields(
    document: Document, parts: bytes, place: str, expected: str, received: str
) -> None:
    body = part("prompt", b"A lighthouse") + parts + b"--b--\r\n"
    problem = problem_of(document, Call("createVideo", headers={"content-type": FORM}, body=body))
    assert (problem.parameter, problem.expected, problem.received) == (place, expected, received)
    assert problem.message == f"{place}: {expected}, not {received}"


@pytest.mark.parametrize(
    ("headers", "body", "expected", "received"),
    [
        (
            {"content-type": "text/plain"},
            b"x",
            "the body must be multipart/form-data or application/json",
            "'text/plain'",
        ),
        (
            {},
            b"",
            "the body must be multipart/form-data or application/json",
            "a body without a Content-Type",
        ),
    ],
    ids=["other type", "no type"],
)
def test_problem_with_an_unsupported_media_type(
    document: Document, headers: dict[str, str], body: bytes, expected: str, received: str
) -> None:
    problem = problem_of(document, Call("createVideo", headers=headers, body=body))
    assert problem == RequestProblem(Cause.MEDIA_TYPE_UNSUPPORTED, None, expected, received)


def test_problem_with_a_query_parameter(document: Document, other_document: Document) -> None:
    over = problem_of(document, Call("listVideos", query=(("limit", "101"),)))
    assert over == RequestProblem(
        Cause.FIELD_VALUE, "limit", "must be at least 0 and at most 100", "101"
    )
    word = problem_of(other_document, Call("pageOfRenderings", query=(("size", "all"),)))
    assert word == RequestProblem(
        Cause.FIELD_TYPE, "size", "must be of type integer, at least 1 and at most 50", "'all'"
    )
