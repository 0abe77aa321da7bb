"""What the judge makes of many requests: one violation of each kind, in order, and no secrets."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.messages import Query


def sent(
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
    "value", ["sk-secret", "Token sk-secret", "Bearer sk-secret x", "sk-secret Bearer"]
)
def test_a_key_stands_in_no_violation(document: Document, value: str) -> None:
    request = sent(document, "listVideos", key=value)
    (violation,) = check_client(document, [request])
    assert violation.code == "AV706"
    assert "sk-secret" not in f"{violation}{violation!r}"


def test_the_same_fault_of_several_requests_is_one_violation(document: Document) -> None:
    wrong, other = (sent(document, "listVideos", query=(("order", o),), status=200) for o in "xy")
    history: list[Exchange | UnmatchedRequest] = [
        wrong,
        UnmatchedRequest("GET", "/v1"),
        other,
        wrong,
    ]
    assert [(v.place, v.received, v.numbers) for v in check_client(document, history)] == [
        ("order", "'x'", (1, 4)),
        (None, "the path ends where /videos is expected", (2,)),
        ("order", "'y'", (3,)),
    ]


@pytest.mark.parametrize("name", ["limit", "page"], ids=["a known one", "an unknown one"])
def test_a_parameter_sent_over_and_over_names_its_request_once(
    document: Document, name: str
) -> None:
    request = sent(document, "listVideos", query=((name, "1"),) * 4)
    assert [v.numbers for v in check_client(document, [request])] == [(1,)]


def test_all_faults_of_one_request_are_told(document: Document) -> None:
    body = b'{"model":"sora","size":"1x1","fps":30}'
    request = sent(document, "createVideo", body=body, key="")
    found = {(v.code, v.place) for v in check_client(document, [request])}
    assert found == {
        ("AV703", "prompt"),
        ("AV705", "model"),
        ("AV705", "size"),
        ("AV706", "authorization"),
        ("AV707", "fps"),
    }


@pytest.mark.parametrize("depth", [200, 300, 900, 5000])
def test_a_body_nested_however_deeply_is_judged(document: Document, depth: int) -> None:
    body = b'{"prompt":' + b"[" * depth + b"]" * depth + b"}"
    request = sent(document, "createVideo", body=body)
    codes = [v.code for v in check_client(document, [request])]
    assert codes in (["AV702"], ["AV704"])
