"""Rules for single responses, with the document of another API."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import check_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_places
from tests.support.jobs import ticket_json

JSON = {"content-type": "application/json"}
SENT = {"x-render-key": "k", **JSON}


def ticket(ref: str = "r-1", **order: Json) -> bytes:
    return orjson.dumps(ticket_json(ref, order=order))


def found(document: Document, call: Call, reply: Reply) -> list[str]:
    """The code and the place of each violation."""
    return sorted(codes_with_places(check_exchange(document, call, reply)))


def request_for(operation_id: str, body: bytes = b"") -> Call:
    """A valid request, for the job r-1 if the operation is about a job."""
    one = {} if operation_id == "submitRendering" else {"ref": "r-1"}
    return Call(operation_id, one, (), SENT, body)


POLL, SUBMIT = request_for("rendering"), request_for("submitRendering", b'{"scene":"x"}')


def test_valid_response_has_no_violations(other_document: Document) -> None:
    assert found(other_document, POLL, Reply(200, JSON, ticket())) == []
    assert found(other_document, SUBMIT, Reply(202, JSON, ticket())) == []
    assert found(other_document, request_for("dropRendering"), Reply(204)) == []


FILM = {"content-type": "video/mp4"}
INVALID_RESPONSES: dict[str, tuple[Call, Reply, list[str]]] = {
    "status of other APIs": (SUBMIT, Reply(200, JSON, ticket()), ["AV101"]),
    "content type of another operation": (POLL, Reply(200, FILM, ticket()), ["AV102"]),
    "header of another type": (
        SUBMIT,
        Reply(202, {**JSON, "retry-after": "1.5"}, ticket()),
        ["AV103 retry-after"],
    ),
    "field of another type": (
        POLL,
        Reply(200, JSON, ticket(frames="4")),
        ["AV104 /job/order/frames"],
    ),
    "body of a response without one": (
        request_for("dropRendering"),
        Reply(204, JSON, b"{}"),
        ["AV104"],
    ),
    "truncated JSON": (POLL, Reply(200, JSON, ticket()[:-1]), ["AV105"]),
    "envelope of another API": (
        POLL,
        Reply(404, JSON, b'{"error":{"type":"invalid_request_error"}}'),
        ["AV106 /detail", "AV106 /problem"],
    ),
    "number not echoed": (
        request_for("submitRendering", b'{"scene":"x","frames":5}'),
        Reply(202, JSON, ticket()),
        ["AV107 /job/order/frames"],
    ),
    "default not applied": (
        SUBMIT,
        Reply(202, JSON, ticket(frames=5)),
        ["AV108 /job/order/frames"],
    ),
    "valid request rejected": (
        SUBMIT,
        Reply(400, JSON, b'{"problem":"incomplete","detail":"scene?"}'),
        ["AV109"],
    ),
    "invalid request accepted": (
        request_for("submitRendering", b'{"scene":"x","frames":101}'),
        Reply(202, JSON, ticket(frames=101)),
        ["AV110 frames"],
    ),
    "missing API key accepted": (
        Call("rendering", {"ref": "r-1"}, (), {"x-render-key": " "}),
        Reply(200, JSON, ticket()),
        ["AV111 x-render-key"],
    ),
    "body longer than Content-Length": (
        request_for("film"),
        Reply(200, {**FILM, "content-length": "1"}, b"12"),
        ["AV112 content-length"],
    ),
    "error code of another status": (
        POLL,
        Reply(404, JSON, b'{"problem":"not-yet","detail":""}'),
        ["AV113 /problem"],
    ),
    "another job": (POLL, Reply(200, JSON, ticket("r-2")), ["AV214 /job/ref"]),
}


@pytest.mark.parametrize(
    ("call", "reply", "expected"), INVALID_RESPONSES.values(), ids=INVALID_RESPONSES
)
def test_invalid_response_is_reported_with_its_place(
    other_document: Document, call: Call, reply: Reply, expected: list[str]
) -> None:
    assert found(other_document, call, reply) == expected


def test_every_rule_for_single_responses_is_covered_here() -> None:
    broken = {text[:5] for _, _, expected in INVALID_RESPONSES.values() for text in expected}
    assert broken == {*(f"AV{number}" for number in range(101, 114)), "AV214"}
