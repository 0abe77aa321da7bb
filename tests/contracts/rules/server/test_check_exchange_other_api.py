"""The judge of servers, one answer at a time, by a document of another API."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import check_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

JSON = {"content-type": "application/json"}
SENT = {"x-render-key": "k", **JSON}
ORDER = {"scene": "x", "quality": "draft", "frames": 4}


def ticket(ref: str = "r-1", **order: Json) -> bytes:
    phase = {"word": "waiting", "since": 1780000000, "ended": None, "trouble": None}
    job = {"ref": ref, "phase": phase, "order": {**ORDER, **order}}
    return orjson.dumps({"kind": "ticket", "job": job, "links": {}})


def told(document: Document, call: Call, reply: Reply) -> list[str]:
    """Each violation as its code and its place."""
    found = check_exchange(document, call, reply)
    return sorted(f"{v.code} {v.place or ''}".strip() for v in found)


def about(operation_id: str, body: bytes = b"") -> Call:
    """A proper call, for the job r-1 where it is for a job."""
    one = {} if operation_id == "submitRendering" else {"ref": "r-1"}
    return Call(operation_id, one, (), SENT, body)


GET_TICKET, SUBMIT = about("rendering"), about("submitRendering", b'{"scene":"x"}')


def test_a_proper_answer_breaks_nothing(other_document: Document) -> None:
    assert told(other_document, GET_TICKET, Reply(200, JSON, ticket())) == []
    assert told(other_document, SUBMIT, Reply(202, JSON, ticket())) == []
    assert told(other_document, about("dropRendering"), Reply(204)) == []


FILM = {"content-type": "video/mp4"}
ANSWERS: dict[str, tuple[Call, Reply, list[str]]] = {
    "the usual status of other APIs": (SUBMIT, Reply(200, JSON, ticket()), ["AV101"]),
    "a media type of another operation": (GET_TICKET, Reply(200, FILM, ticket()), ["AV102"]),
    "a header of another type": (
        SUBMIT,
        Reply(202, {**JSON, "retry-after": "1.5"}, ticket()),
        ["AV103 retry-after"],
    ),
    "a field of another type": (
        GET_TICKET,
        Reply(200, JSON, ticket(frames="4")),
        ["AV104 /job/order/frames"],
    ),
    "a body where there is none": (about("dropRendering"), Reply(204, JSON, b"{}"), ["AV104"]),
    "JSON that is cut off": (GET_TICKET, Reply(200, JSON, ticket()[:-1]), ["AV105"]),
    "the envelope of another API": (
        GET_TICKET,
        Reply(404, JSON, b'{"error":{"type":"invalid_request_error"}}'),
        ["AV106 /detail", "AV106 /problem"],
    ),
    "another number": (
        about("submitRendering", b'{"scene":"x","frames":5}'),
        Reply(202, JSON, ticket()),
        ["AV107 /job/order/frames"],
    ),
    "another number than the default": (
        SUBMIT,
        Reply(202, JSON, ticket(frames=5)),
        ["AV108 /job/order/frames"],
    ),
    "a whole order refused": (
        SUBMIT,
        Reply(400, JSON, b'{"problem":"incomplete","detail":"scene?"}'),
        ["AV109"],
    ),
    "too many frames": (
        about("submitRendering", b'{"scene":"x","frames":101}'),
        Reply(202, JSON, ticket(frames=101)),
        ["AV110 frames"],
    ),
    "a key that is not asked for": (
        Call("rendering", {"ref": "r-1"}, (), {"x-render-key": " "}),
        Reply(200, JSON, ticket()),
        ["AV111 x-render-key"],
    ),
    "more bytes than were said": (
        about("film"),
        Reply(200, {**FILM, "content-length": "1"}, b"12"),
        ["AV112 content-length"],
    ),
    "a code of another status": (
        GET_TICKET,
        Reply(404, JSON, b'{"problem":"not-yet","detail":""}'),
        ["AV113 /problem"],
    ),
    "another job": (GET_TICKET, Reply(200, JSON, ticket("r-2")), ["AV214 /job/ref"]),
}


@pytest.mark.parametrize(("call", "reply", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_breaks_a_rule_is_told_at_its_place(
    other_document: Document, call: Call, reply: Reply, expected: list[str]
) -> None:
    assert told(other_document, call, reply) == expected


def test_every_rule_for_one_answer_is_broken_here() -> None:
    broken = {text[:5] for _, _, expected in ANSWERS.values() for text in expected}
    assert broken == {*(f"AV{number}" for number in range(101, 114)), "AV214"}
