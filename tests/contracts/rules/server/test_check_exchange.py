"""The judge of servers, one answer at a time: what breaks each rule, and what only nearly does."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import SERVER_RULES, Severity, check_exchange, read_exchange
from aisa_testkit.contracts.rules.server.check_exchange import exchange_violations
from aisa_testkit.contracts.traffic.redaction import MASK, Redaction
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.credentials import UNKNOWN_KEY
from aisa_testkit.openapi.json import Json

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer k"}
FORM = {"content-type": "multipart/form-data; boundary=b"}
VIDEO = {
    "id": "video_1",
    "object": "video",
    "model": "sora-2",
    "status": "queued",
    "progress": 0,
    "created_at": 1780000000,
    "completed_at": None,
    "expires_at": None,
    "prompt": "x",
    "size": "720x1280",
    "seconds": "4",
    "remixed_from_video_id": None,
    "error": None,
}
ERROR = {
    "type": "invalid_request_error",
    "code": "resource_not_found",
    "message": "there is no such job",
    "request_id": "req_1",
}
NOT_FOUND = orjson.dumps({"error": ERROR})


def video(**changes: Json) -> bytes:
    return orjson.dumps({**VIDEO, **changes})


def form(**fields: str) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode()


def told(document: Document, call: Call, reply: Reply) -> list[str]:
    """Each violation as its code and its place."""
    return [f"{v.code} {v.place or ''}".strip() for v in check_exchange(document, call, reply)]


def about(operation_id: str, body: bytes = b"", **headers: str) -> Call:
    """A proper call, for the job video_1 where it is for a job."""
    one = {} if operation_id == "createVideo" else {"video_id": "video_1"}
    return Call(operation_id, one, (), {**KEY, **JSON, **headers}, body)


GET, CREATE = about("getVideo"), about("createVideo", b'{"prompt":"x"}')


def test_a_proper_answer_breaks_nothing(document: Document) -> None:
    assert told(document, GET, Reply(200, JSON, video())) == []
    assert told(document, CREATE, Reply(200, JSON, video())) == []
    assert told(document, GET, Reply(404, JSON, NOT_FOUND)) == []


ANSWERS: dict[str, tuple[Call, Reply, list[str]]] = {
    "a status of another operation": (CREATE, Reply(202, JSON, video()), ["AV101"]),
    "a status of no operation": (GET, Reply(418, JSON, NOT_FOUND), ["AV101"]),
    "a page of HTML": (GET, Reply(200, {"content-type": "text/html"}, video()), ["AV102"]),
    "an error in HTML": (GET, Reply(502, {"content-type": "text/html"}, b"<p>"), ["AV102"]),
    "no content type": (GET, Reply(200, {}, video()), ["AV102"]),
    "a header of another type": (
        GET,
        Reply(200, {**JSON, "openai-poll-after-ms": "soon"}, video()),
        ["AV103 openai-poll-after-ms"],
    ),
    "a header out of its bounds": (
        GET,
        Reply(200, {**JSON, "openai-poll-after-ms": "0"}, video()),
        ["AV103 openai-poll-after-ms"],
    ),
    "a field of another type": (GET, Reply(200, JSON, video(progress="0")), ["AV104 /progress"]),
    "a field left out": (
        GET,
        Reply(200, JSON, orjson.dumps({k: v for k, v in VIDEO.items() if k != "object"})),
        ["AV104 /object"],
    ),
    "a condition between fields": (
        GET,
        Reply(200, JSON, video(completed_at=1780000001)),
        ["AV104 /completed_at"],
    ),
    "a list for a job": (GET, Reply(200, JSON, b"[]"), ["AV104"]),
    "JSON that is cut off": (GET, Reply(200, JSON, video()[:-1]), ["AV105"]),
    "an error that is no JSON": (GET, Reply(500, JSON, b"oops"), ["AV105"]),
    "nothing at all": (GET, Reply(200, JSON), ["AV105"]),
    "JSON in Latin-1": (GET, Reply(200, JSON, '{"id":"é"}'.encode("latin-1")), ["AV105"]),
    "not a number": (GET, Reply(200, JSON, b'{"progress":NaN}'), ["AV105"]),
    "an error without the envelope": (
        GET,
        Reply(404, JSON, b'{"detail":"Not Found"}'),
        ["AV106 /error"],
    ),
    "an error that is a text": (GET, Reply(500, JSON, b'{"error":"x"}'), ["AV106 /error"]),
    "an envelope of another type": (
        GET,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "type": "oops"}})),
        ["AV106 /error/type"],
    ),
    "another prompt": (CREATE, Reply(200, JSON, video(prompt="y")), ["AV107 /prompt"]),
    "another model": (
        about("createVideo", b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(200, JSON, video()),
        ["AV107 /model"],
    ),
    "another size than the form asked for": (
        about("createVideo", form(prompt="x", size="1280x720"), **FORM),
        Reply(200, JSON, video()),
        ["AV107 /size"],
    ),
    "a remix with the old prompt": (
        about("remixVideo", b'{"prompt":"new"}'),
        Reply(200, JSON, video(id="video_2", remixed_from_video_id="video_1")),
        ["AV107 /prompt"],
    ),
    "another length than the default": (
        CREATE,
        Reply(200, JSON, video(seconds="8")),
        ["AV108 /seconds"],
    ),
    "a whole form refused": (
        about("createVideo", form(prompt="x"), **FORM),
        Reply(400, JSON, orjson.dumps({"error": {**ERROR, "code": "missing_parameter"}})),
        ["AV109"],
    ),
    "a documented model refused": (
        about("createVideo", b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "code": "unknown_model"}})),
        ["AV109"],
    ),
    "an empty prompt accepted": (
        about("createVideo", b'{"prompt":""}'),
        Reply(200, JSON, video(prompt="")),
        ["AV110 prompt"],
    ),
    "a required field missed by the server": (
        about("createVideo", b"{}"),
        Reply(200, JSON, video()),
        ["AV110 prompt"],
    ),
    "a key that is not asked for": (
        Call("getVideo", {"video_id": "video_1"}),
        Reply(200, JSON, video()),
        ["AV111 authorization"],
    ),
    "no key, and a refusal of what is right": (
        Call("createVideo", {}, (), JSON, b'{"prompt":"x"}'),
        Reply(400, JSON, orjson.dumps({"error": {**ERROR, "code": "missing_parameter"}})),
        ["AV117 authorization"],
    ),
    "nobody's key, and a list that is not there": (
        Call("listVideos", {}, (), {"authorization": f"Bearer {UNKNOWN_KEY}"}),
        Reply(404, JSON, NOT_FOUND),
        ["AV117 authorization"],
    ),
    "a key of another scheme": (
        about("getVideo", authorization="Basic k"),
        Reply(200, JSON, video()),
        ["AV111 authorization"],
    ),
    "fewer bytes than were said": (
        GET,
        Reply(200, {**JSON, "content-length": "9999"}, video()),
        ["AV112 content-length"],
    ),
    "a code of another status": (
        GET,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "code": "rate_limit_exceeded"}})),
        ["AV113 /error/code"],
    ),
    "the key in an error": (
        GET,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "message": f"no {MASK}"}})),
        ["AV116 the body"],
    ),
    "the key in a header and the body": (
        GET,
        Reply(200, {**JSON, "x-request-id": MASK}, video(prompt=MASK)),
        ["AV116 x-request-id"],
    ),
    "another job": (GET, Reply(200, JSON, video(id="video_2")), ["AV214 /id"]),
    "the deletion of another job": (
        about("deleteVideo"),
        Reply(200, JSON, b'{"id":"video_2","object":"video.deleted","deleted":true}'),
        ["AV214 /id"],
    ),
    "a remix of nothing": (
        about("remixVideo", b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2")),
        ["AV218 /remixed_from_video_id"],
    ),
    "a remix of another job": (
        about("remixVideo", b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2", remixed_from_video_id="video_2")),
        ["AV218 /remixed_from_video_id"],
    ),
}


@pytest.mark.parametrize(("call", "reply", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_breaks_a_rule_is_told_at_its_place(
    document: Document, call: Call, reply: Reply, expected: list[str]
) -> None:
    assert told(document, call, reply) == expected


@pytest.mark.parametrize("key", ["sk-12345", "sk-a-longer-one"], ids=["short", "long"])
@pytest.mark.parametrize("place", ["body", "header"])
def test_a_key_in_an_answer_is_told_after_it_was_masked(
    document: Document, key: str, place: str
) -> None:
    headers = {**JSON, "x-request-id": f"for {key}"} if place == "header" else JSON
    body = video(prompt=f"of {key}") if place == "body" else video()
    call = about("getVideo", authorization=f"Bearer {key}")
    masked = Redaction(document, keys=[key]).redact(
        read_exchange(document, call, Reply(200, headers, body), at=0)
    )
    told = [violation.code for violation in exchange_violations(document, masked, 1)]
    assert told == ["AV116"]
    assert key not in repr(masked)


@pytest.mark.parametrize("key", ["video", "queued", "model"])
def test_a_key_that_is_a_common_word_does_not_make_right_answers_wrong(
    document: Document, key: str
) -> None:
    """A stub may have a key such as this, and its answers say `video` all the same."""
    call = about("getVideo", authorization=f"Bearer {key}")
    exchange = read_exchange(document, call, Reply(200, JSON, video()), at=0)
    masked = Redaction(document, keys=[key]).redact(exchange)
    assert [v.code for v in exchange_violations(document, masked, 1)] == []


@pytest.mark.parametrize("status", [408, 414, 415, 416, 431])
def test_what_web_servers_answer_by_themselves_may_look_as_it_likes(
    document: Document, status: int
) -> None:
    page = Reply(status, {"content-type": "text/html"}, b"<p>")
    assert told(document, CREATE, page) == []
    assert told(document, GET, page) == []
    assert told(document, GET, replace(page, status=417)) == ["AV101"]


def test_every_rule_for_one_answer_is_broken_here() -> None:
    broken = {text[:5] for _, _, expected in ANSWERS.values() for text in expected}
    rules = {code for code in SERVER_RULES if code < "AV200"} | {"AV214", "AV218"}
    # What fails or breaks off is told of several answers, not of one.
    assert broken == rules - {"AV114", "AV115"}


def test_an_unknown_code_is_a_warning_only(document: Document) -> None:
    body = orjson.dumps({"error": {**ERROR, "code": "new"}})
    (warning,) = check_exchange(document, GET, Reply(404, JSON, body))
    assert warning.severity is Severity.WARNING
    assert (warning.received, warning.expected) == (
        "'new'",
        "one of unknown_endpoint, unknown_model, resource_not_found",
    )


def test_a_broken_answer_is_told_to_the_letter(document: Document) -> None:
    (violation,) = check_exchange(document, GET, Reply(200, JSON, video(object="job")))
    assert str(violation) == (
        "AV104 response body does not match its schema\n"
        "  request   GET /v1/videos/{video_id} (getVideo), no. 1\n"
        "  place     /object\n"
        "  received  'job'\n"
        "  expected  'video'\n"
        "  advice    Send a body that matches its schema."
    )


def test_an_operation_that_the_document_does_not_have_is_no_exchange(document: Document) -> None:
    with pytest.raises(KeyError, match="rendering"):
        check_exchange(document, Call("rendering"), Reply(200))
