"""The laws of a job's file, by a document of another API, whose files never expire."""

from __future__ import annotations

from pathlib import Path

import orjson

from aisa_testkit import mock_server
from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.openapi import Call, Document, Reply

MEDIA = Path(mock_server.__file__).parent / "media"
START = 1780000000
JSON, MP4 = {"content-type": "application/json"}, {"content-type": "video/mp4"}
SENT = {"x-render-key": "k", **JSON}
FILE = (MEDIA / "720x1280-4s.mp4").read_bytes()
WHOLE = Reply(200, MP4, FILE)
CUT = Reply(206, {**MP4, "content-range": f"bytes 0-9/{len(FILE)}"}, FILE[:10])


def told(document: Document, *history: Exchange) -> list[str]:
    """Each violation as its code and its numbers."""
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_history(document, history)]


def ticket(document: Document, word: str, *, frames: int = 4) -> Exchange:
    phase = {"word": word, "since": START, "ended": None, "trouble": None}
    if word in ("ready", "spoilt"):
        phase["ended"] = START + 9
    if word == "spoilt":
        phase["trouble"] = {"why": "no_light"}
    order = {"scene": "x", "quality": "draft", "frames": frames}
    body = {"kind": "ticket", "job": {"ref": "r", "phase": phase, "order": order}, "links": {}}
    call = Call("rendering", {"ref": "r"}, (), SENT)
    return read_exchange(document, call, Reply(200, JSON, orjson.dumps(body)), at=START + 20)


def film(document: Document, reply: Reply, asked: str = "") -> Exchange:
    call = Call("film", {"ref": "r"}, (), {**SENT, "range": asked})
    return read_exchange(document, call, reply, at=START + 10**7)


def test_the_same_laws_hold_for_another_document(other_document: Document) -> None:
    ready, drawing = ticket(other_document, "ready"), ticket(other_document, "drawing")
    whole, refused = film(other_document, WHOLE), film(other_document, Reply(404, JSON, b"{}"))
    long = ticket(other_document, "ready", frames=8)
    assert told(other_document, drawing, whole, drawing) == ["AV221 2 3"]
    assert told(other_document, ticket(other_document, "spoilt"), whole) == ["AV221 1 2"]
    assert told(other_document, ready, refused) == ["AV222 2"]
    assert told(other_document, ready, whole) == []
    assert told(other_document, long, whole) == ["AV226 2"]
    assert told(other_document, ready, film(other_document, Reply(200, MP4, b"x"))) == ["AV224 2"]
    assert told(other_document, ready, film(other_document, CUT, "bytes=5-14")) == ["AV227 2"]


def test_a_size_that_no_answer_repeats_is_that_of_the_request(other_document: Document) -> None:
    asked = Call("submitRendering", {}, (), SENT, b'{"scene":"x","format":"1280x720"}')
    first, ready = ticket(other_document, "waiting"), ticket(other_document, "ready")
    assert first.reply is not None
    accepted = Reply(202, JSON, first.reply.body)
    made = read_exchange(other_document, asked, accepted, at=START)
    right = Reply(200, MP4, (MEDIA / "1280x720-4s.mp4").read_bytes())
    assert told(other_document, made, ready, film(other_document, right)) == []
    assert told(other_document, made, ready, film(other_document, WHOLE)) == ["AV225 3"]
