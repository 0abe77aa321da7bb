"""The rules for single requests, for both APIs, and their messages."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy

import orjson
import pytest

from aisa_testkit.contracts import (
    CLIENT_RULES,
    Exchange,
    Severity,
    UnmatchedKind,
    UnmatchedRequest,
    Violation,
    check_client,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.messages import Query

KEYS = {"authorization": "Bearer sk-test", "x-render-key": "test"}
PROMPT = {"prompt": "A lighthouse in a storm"}


def request(
    document: Document,
    operation_id: str,
    *,
    json: Json = None,
    body: bytes = b"",
    query: Query = (),
    headers: Mapping[str, str] | None = None,
    status: int = 400,
) -> Exchange:
    """A request without a job id, with an API key unless the headers replace it."""
    content = body if json is None else orjson.dumps(json)
    given = {"content-type": "application/json", **KEYS, **(headers or {})}
    call = Call(operation_id, {}, query, given, content)
    return read_exchange(document, call, Reply(status), at=0)


def form(text: str) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a multipart form, with line breaks of the protocol."""
    headers = {"content-type": "multipart/form-data; boundary=b"}
    return headers, text.replace("\n", "\r\n").encode()


def facts(violation: Violation) -> tuple[str, str | None, str, str]:
    return violation.code, violation.place, violation.received, violation.expected


FILE = (
    '--b\nContent-Disposition: form-data; name="input_reference"; filename="a"\n\nGIF89a\n--b--\n'
)
BOTH_TYPES = "multipart/form-data or application/json"
INVALID_CREATES = {
    "not JSON": (
        {},
        b"{",
        (
            "AV702",
            None,
            "'{' (unexpected end of data: line 1 column 2 (char 1))",
            "JSON",
        ),
    ),
    "damaged multipart form": (
        *form("--x--\n"),
        (
            "AV702",
            None,
            "a malformed one: it does not contain the boundary 'b'",
            "multipart/form-data",
        ),
    ),
    "unsupported media type": (
        {"content-type": "text/plain"},
        b"x",
        ("AV702", None, "'text/plain'", BOTH_TYPES),
    ),
    "media type missing": (
        {"content-type": ""},
        b"{}",
        ("AV702", None, "a body without a Content-Type", BOTH_TYPES),
    ),
    "body missing": (
        {"content-type": ""},
        b"",
        ("AV702", None, "a body without a Content-Type", BOTH_TYPES),
    ),
    "prompt missing": ({}, b"{}", ("AV703", "prompt", "nothing", "a value")),
    "prompt is a number": ({}, b'{"prompt":1}', ("AV704", "prompt", "1", "of type string")),
    "unknown model": (
        {},
        b'{"prompt":"x","model":"sora"}',
        ("AV705", "model", "'sora'", "one of 'sora-2', 'sora-2-pro'"),
    ),
    "unsupported image type": (
        *form(
            FILE.replace("--b--", '--b\nContent-Disposition: form-data; name="prompt"\n\nx\n--b--')
        ),
        (
            "AV705",
            "input_reference",
            "image/gif",
            "a file of type image/png or image/jpeg or image/webp",
        ),
    ),
    "unknown field": (
        {},
        b'{"prompt":"x","duration":4}',
        (
            "AV707",
            "duration",
            "a value",
            "only prompt, model, input_reference, seconds, size",
        ),
    ),
    "misspelt field": (
        {},
        b'{"prompt":"x","inputReference":"a"}',
        (
            "AV707",
            "inputReference",
            "a value",
            "only prompt, model, input_reference, seconds, size; the nearest is input_reference",
        ),
    ),
    "number for a listed text": (
        {},
        b'{"prompt":"x","seconds":5}',
        ("AV704", "seconds", "5", "one of '4', '8', '12'"),
    ),
    "very long unknown field": (
        {},
        b'{"prompt":"x","' + b"y" * 100_000 + b'":1}',
        ("AV707", "y" * 100_000, "a value", "only prompt, model, input_reference, seconds, size"),
    ),
    "API key missing": (
        {"authorization": ""},
        b'{"prompt":"x"}',
        ("AV706", "authorization", "nothing", "Bearer <key>"),
    ),
    "API key with another scheme": (
        {"authorization": "Basic eDp5"},
        b'{"prompt":"x"}',
        ("AV706", "authorization", "'Basic'", "Bearer <key>"),
    ),
}


@pytest.mark.parametrize(
    ("headers", "body", "expected"), INVALID_CREATES.values(), ids=INVALID_CREATES.keys()
)
def test_invalid_request_is_one_violation(
    document: Document,
    headers: dict[str, str],
    body: bytes,
    expected: tuple[str, str | None, str, str],
) -> None:
    (violation,) = check_client(
        document, [request(document, "createVideo", headers=headers, body=body)]
    )
    assert facts(violation) == expected
    assert (violation.operation_id, violation.request) == ("createVideo", "POST /v1/videos")
    assert violation.numbers == (1,)


@pytest.mark.parametrize(
    ("operation_id", "json", "query", "key", "expected"),
    [
        ("submitRendering", {}, (), "k", ("AV703", "scene", "nothing", "a value")),
        (
            "submitRendering",
            {"scene": "x", "frames": "4"},
            (),
            "k",
            ("AV704", "frames", "'4'", "of type integer, at least 1 and at most 100"),
        ),
        (
            "pageOfRenderings",
            None,
            (("size", "51"),),
            "k",
            ("AV705", "size", "51", "at least 1 and at most 50"),
        ),
        (
            "pageOfRenderings",
            None,
            (("limit", "5"),),
            "k",
            ("AV707", "limit", "a value", "only size, cursor"),
        ),
        ("pageOfRenderings", None, (), "", ("AV706", "x-render-key", "nothing", "<key>")),
    ],
    ids=[
        "missing value",
        "text for a number",
        "value too large",
        "unknown parameter",
        "API key missing",
    ],
)
def test_invalid_request_to_another_api_is_reported(
    other_document: Document,
    operation_id: str,
    json: Json,
    query: Query,
    key: str,
    expected: tuple[str, str, str, str],
) -> None:
    headers = {"x-render-key": key}
    exchange = request(other_document, operation_id, json=json, query=query, headers=headers)
    assert [*map(facts, check_client(other_document, [exchange]))] == [expected]


def test_valid_requests_have_no_violations(document: Document, other_document: Document) -> None:
    fields = {**PROMPT, "model": "sora-2-pro", "seconds": "12", "size": "1792x1024"}
    valid = [
        request(document, "createVideo", json=fields, status=200),
        request(document, "listVideos", query=(("limit", "0"), ("order", "asc")), status=200),
        request(document, "listVideos", headers={"authorization": "bearer sk-test"}, status=200),
    ]
    assert check_client(document, valid) == ()
    order = {"scene": "x", "quality": "final", "frames": 100, "format": "any"}
    accepted = request(other_document, "submitRendering", json=order, status=202)
    assert check_client(other_document, iter([accepted])) == ()


def test_api_key_is_optional_without_security_in_the_document(other_document: Document) -> None:
    data = {key: value for key, value in other_document.source.data.items() if key != "security"}
    public = parse_document(orjson.dumps(data).decode())
    exchange = request(public, "pageOfRenderings", headers={"x-render-key": ""}, status=200)
    assert check_client(public, [exchange]) == ()


def test_api_key_is_optional_for_a_public_operation(other_document: Document) -> None:
    data = deepcopy(other_document.source.data)
    data["paths"]["/renderings"]["get"]["security"] = []
    open_list = parse_document(orjson.dumps(data).decode())
    headers = {"x-render-key": ""}
    listed = request(open_list, "pageOfRenderings", headers=headers, status=200)
    created = request(
        open_list, "submitRendering", json={"scene": "x"}, headers=headers, status=401
    )
    found = check_client(open_list, [listed, created])
    assert [(v.code, v.operation_id) for v in found] == [("AV706", "submitRendering")]


def test_unknown_endpoint_is_reported_with_the_nearest_operation(document: Document) -> None:
    requests = [
        UnmatchedRequest("GET", "/v1/video/x"),
        UnmatchedRequest("PUT", "/v1/videos"),
        UnmatchedRequest("GET", ""),
    ]
    path, method, nothing = check_client(document, requests)
    assert facts(path) == (
        "AV701",
        None,
        "the path has /video where /videos is expected",
        "GET /v1/videos/{video_id} (getVideo), the nearest operation",
    )
    assert (path.operation_id, path.request) == (None, "GET /v1/video/x")
    assert (method.request, method.received) == ("PUT /v1/videos", "the method is PUT")
    assert nothing.code == "AV701"


def test_blocked_request_is_reported_with_the_reason(document: Document) -> None:
    url = f"https://elsewhere.example/{'a' * 500}"
    blocked = UnmatchedRequest("POST", url, "the host is not allowed", UnmatchedKind.BLOCKED)
    (violation,) = check_client(document, [blocked])
    assert facts(violation) == ("AV708", None, "the host is not allowed", "no such request")
    assert violation.request == f"POST https://elsewhere.example/{'a' * 74}"


def test_severities_of_the_client_rules() -> None:
    assert {code: rule.code for code, rule in CLIENT_RULES.items()} == {c: c for c in CLIENT_RULES}
    numbers = [*range(701, 710), *range(711, 718), *range(721, 726), *range(731, 737)]
    assert [*CLIENT_RULES] == [f"AV{number}" for number in numbers]
    by_severity: dict[Severity, list[str]] = {}
    for rule in CLIENT_RULES.values():
        by_severity.setdefault(rule.severity, []).append(rule.code)
    assert by_severity[Severity.WARNING] == ["AV707", "AV731"]
    advice = ["AV721", "AV723", "AV725", "AV732", "AV733", "AV736"]
    assert by_severity[Severity.ADVICE] == advice
