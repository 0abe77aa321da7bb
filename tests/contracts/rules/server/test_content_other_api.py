"""Rules for the file of a job, with the document of another API, whose files never expire."""

from __future__ import annotations

from dataclasses import replace

from aisa_testkit.contracts import Exchange, check_history
from aisa_testkit.openapi import Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes_with_numbers
from tests.support.exchanges import json_reply, make_exchange
from tests.support.jobs import ticket_json
from tests.support.media import MEDIA, MP4

START = 1780000000
VIDEO = {"content-type": "video/mp4"}
FILE = MP4.read_bytes()
WHOLE = Reply(200, VIDEO, FILE)
RANGE = Reply(206, {**VIDEO, "content-range": f"bytes 0-9/{len(FILE)}"}, FILE[:10])


def found(document: Document, *history: Exchange) -> list[str]:
    """The code and the numbers of each violation."""
    return codes_with_numbers(check_history(document, history))


def poll(document: Document, word: str, *, frames: int = 4) -> Exchange:
    final = word in ("ready", "spoilt")
    phase: dict[str, Json] = {"word": word, "ended": START + 9 if final else None}
    phase["trouble"] = {"why": "no_light", "text": "No."} if word == "spoilt" else None
    job = ticket_json("r", phase=phase, order={"frames": frames})
    return make_exchange(document, "rendering", json_reply(job), job_id="r", at=START + 20)


def fetch(document: Document, reply: Reply, requested_range: str = "") -> Exchange:
    headers = {"range": requested_range}
    return make_exchange(document, "film", reply, at=START + 10**7, job_id="r", headers=headers)


def test_file_rules_hold_for_another_document(other_document: Document) -> None:
    ready, drawing = poll(other_document, "ready"), poll(other_document, "drawing")
    whole, rejected = fetch(other_document, WHOLE), fetch(other_document, json_reply({}, 404))
    long = poll(other_document, "ready", frames=8)
    assert found(other_document, drawing, whole, drawing) == ["AV221 2 3"]
    assert found(other_document, poll(other_document, "spoilt"), whole) == ["AV221 1 2"]
    assert found(other_document, ready, rejected) == ["AV222 2"]
    assert found(other_document, ready, whole) == []
    assert found(other_document, long, whole) == ["AV226 2"]
    assert found(other_document, ready, fetch(other_document, Reply(200, VIDEO, b"x"))) == [
        "AV224 2"
    ]
    assert found(other_document, ready, fetch(other_document, RANGE, "bytes=5-14")) == ["AV227 2"]


def test_size_that_is_not_echoed_is_taken_from_the_request(other_document: Document) -> None:
    first, ready = poll(other_document, "waiting"), poll(other_document, "ready")
    assert first.reply is not None
    fields = {"scene": "x", "format": "1280x720"}
    accepted = replace(first.reply, status=202)
    created = make_exchange(other_document, JobRole.CREATE, accepted, at=START, fields=fields)
    requested = Reply(200, VIDEO, (MEDIA / "1280x720-4s.mp4").read_bytes())
    assert found(other_document, created, ready, fetch(other_document, requested)) == []
    assert found(other_document, created, ready, fetch(other_document, WHOLE)) == ["AV225 3"]
