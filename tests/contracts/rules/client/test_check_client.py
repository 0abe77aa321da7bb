"""The check of several requests: grouping, order and redaction of violations."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import (
    Exchange,
    UnmatchedKind,
    UnmatchedRequest,
    check_client,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.messages import Query


def request(
    document: Document,
    operation_id: str,
    *,
    body: bytes = b"",
    query: Query = (),
    key: str = "Bearer sk-test",
    status: int = 400,
) -> Exchange:
    headers = {"content-type": "application/json", "authorization": key}
    return read_exchange(
        document, Call(operation_id, {}, query, headers, body), Reply(status), at=0
    )


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/favicon.ico", "/apple-touch-icon.png", "/robots.txt", "/.well-known/openid"),
        *("/health", "/healthz", "/livez", "/readyz", "/ping", "{base_path}/models"),
    ],
)
def test_automatic_request_breaks_no_rule(
    document: Document, other_document: Document, path: str
) -> None:
    for each in (document, other_document):
        sent = path.format(base_path=each.base_path)
        reads = [UnmatchedRequest("GET", sent), UnmatchedRequest("HEAD", sent)]
        assert check_client(each, reads) == ()
        (violation,) = check_client(each, [*reads, UnmatchedRequest("POST", sent)])
        assert (violation.code, violation.numbers) == ("AV701", (3,))


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/model", "/v1/models/sora-2", "/healthy", "/.well-known", ""]
)
def test_other_unknown_path_is_reported(document: Document, path: str) -> None:
    (violation,) = check_client(document, [UnmatchedRequest("GET", path)])
    assert violation.code == "AV701"


def test_blocked_request_is_never_automatic(document: Document) -> None:
    blocked = UnmatchedRequest("GET", "/", "not allowed", UnmatchedKind.BLOCKED)
    assert [v.code for v in check_client(document, [blocked])] == ["AV708"]


@pytest.mark.parametrize(
    "value", ["sk-secret", "Token sk-secret", "Bearer sk-secret x", "sk-secret Bearer"]
)
def test_api_key_is_redacted_in_violations(document: Document, value: str) -> None:
    exchange = request(document, "listVideos", key=value)
    (violation,) = check_client(document, [exchange])
    assert violation.code == "AV706"
    assert "sk-secret" not in f"{violation}{violation!r}"


def test_equal_violations_of_several_requests_are_one(document: Document) -> None:
    invalid, other = (
        request(document, "listVideos", query=(("order", o),), status=200) for o in "xy"
    )
    history: list[Exchange | UnmatchedRequest] = [
        invalid,
        UnmatchedRequest("GET", "/v1"),
        other,
        invalid,
    ]
    assert [(v.place, v.received, v.numbers) for v in check_client(document, history)] == [
        ("order", "'x'", (1, 4)),
        (None, "the path ends where /videos is expected", (2,)),
        ("order", "'y'", (3,)),
    ]


@pytest.mark.parametrize("name", ["limit", "page"], ids=["known", "unknown"])
def test_repeated_query_parameter_names_its_request_once(document: Document, name: str) -> None:
    exchange = request(document, "listVideos", query=((name, "1"),) * 4)
    assert [v.numbers for v in check_client(document, [exchange])] == [(1,)]


def test_all_violations_of_one_request_are_reported(document: Document) -> None:
    body = b'{"model":"sora","size":"1x1","fps":30}'
    exchange = request(document, "createVideo", body=body, key="")
    found = {(v.code, v.place) for v in check_client(document, [exchange])}
    assert found == {
        ("AV703", "prompt"),
        ("AV705", "model"),
        ("AV705", "size"),
        ("AV706", "authorization"),
        ("AV707", "fps"),
    }


@pytest.mark.parametrize("depth", [200, 300, 900, 5000])
def test_deeply_nested_body_is_checked(document: Document, depth: int) -> None:
    body = b'{"prompt":' + b"[" * depth + b"]" * depth + b"}"
    exchange = request(document, "createVideo", body=body)
    codes = [v.code for v in check_client(document, [exchange])]
    assert codes in (["AV702"], ["AV704"])
