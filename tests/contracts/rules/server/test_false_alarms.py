"""Answers that are unusual and yet right: the judge of servers must say nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from gzip import compress

import orjson
import pytest

from aisa_testkit.contracts import (
    Exchange,
    UnmatchedRequest,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

JSON = {"content-type": "application/json"}
SENT = {"authorization": "Bearer k", "x-render-key": "k", **JSON}
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
PHASE = {"word": "waiting", "since": 1780000000, "ended": None, "trouble": None}
ORDER = {"scene": "x", "quality": "draft", "frames": 4}


def video(**changes: Json) -> bytes:
    return orjson.dumps({**VIDEO, **changes})


def ticket(**changes: Json) -> bytes:
    job = {"ref": "r-1", "phase": PHASE, "order": ORDER, **changes}
    return orjson.dumps({"kind": "ticket", "job": job, "links": {}})


def get(job_id: str = "video_1", **headers: str) -> Call:
    return Call("getVideo", {"video_id": job_id}, (), {**SENT, **headers})


def create(body: bytes = b'{"prompt":"x"}', **headers: str) -> Call:
    return Call("createVideo", {}, (), {**SENT, **headers}, body)


def error(code: str, kind: str = "invalid_request_error", **more: Json) -> bytes:
    said = {"type": kind, "code": code, "message": "no", "request_id": "req_1", **more}
    return orjson.dumps({"error": said})


def content(**headers: str) -> Call:
    return Call("getVideoContent", {"video_id": "video_1"}, (), {**SENT, **headers})


BACKWARDS = orjson.dumps(dict(reversed(VIDEO.items())))
PRETTY = orjson.dumps(VIDEO, option=orjson.OPT_INDENT_2)
LIMITS = {
    "x-request-id": "any",
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1780000060",
}
MORE_FIELDS = (
    b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx\r\n'
    b'--b\r\nContent-Disposition: form-data; name="seed"\r\n\r\n7\r\n--b--\r\n'
)
BENIGN: dict[str, tuple[Call, Reply]] = {
    "more fields than documented": (get(), Reply(200, JSON, video(queue=3, error=None, x={}))),
    "the fields the other way round": (get(), Reply(200, JSON, BACKWARDS)),
    "JSON on many lines": (get(), Reply(200, JSON, PRETTY + b"\n")),
    "numbers with a point": (get(), Reply(200, JSON, video(progress=0.0, created_at=1.78e9))),
    "a charset": (get(), Reply(200, {"content-type": "application/json; charset=utf-8"}, video())),
    "a media type in capitals": (get(), Reply(200, {"content-type": "Application/JSON"}, video())),
    "every header that may be absent": (get(), Reply(200, {**JSON, **LIMITS}, video())),
    "headers that nobody knows": (get(), Reply(200, {**JSON, "server": "x", "via": "1"}, video())),
    "an id of digits": (get("7"), Reply(200, JSON, video(id="7"))),
    "an id with odd characters": (get("a/b ü"), Reply(200, JSON, video(id="a/b ü"))),
    "no prompt": (get(), Reply(200, JSON, video(prompt=None))),
    "no prompt in what was made": (create(), Reply(200, JSON, video(prompt=None))),
    "a job that is done at once": (
        create(),
        Reply(200, JSON, video(status="completed", progress=100, completed_at=1780000000)),
    ),
    "a failure with more to say": (
        get(),
        Reply(200, JSON, video(status="failed", error={"code": "c", "message": "", "at": 1})),
    ),
    "another model than the default, as asked for": (
        create(b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(200, JSON, video(model="sora-2-pro")),
    ),
    "an unknown field that is let pass": (
        create(b'{"prompt":"x","n":1}'),
        Reply(200, JSON, video()),
    ),
    "an unknown field that is refused": (
        create(b'{"prompt":"x","n":1}'),
        Reply(400, JSON, error("invalid_request", param="n")),
    ),
    "an unknown field of a form that is refused": (
        create(MORE_FIELDS, **{"content-type": "multipart/form-data; boundary=b"}),
        Reply(400, JSON, error("invalid_request")),
    ),
    "an unknown parameter that is refused": (
        Call("listVideos", {}, (("page", "2"),), SENT),
        Reply(400, JSON, error("invalid_request")),
    ),
    "a wrong value that is refused": (
        create(b'{"prompt":"x","seconds":"5"}'),
        Reply(400, JSON, error("invalid_request", param="seconds")),
    ),
    "a prompt that the policy refuses": (
        create(),
        Reply(422, JSON, error("content_policy_violation", param="prompt")),
    ),
    "an error with nothing at fault": (get(), Reply(404, JSON, error("resource_not_found"))),
    "an error with null at fault": (
        get(),
        Reply(404, JSON, error("resource_not_found", param=None)),
    ),
    "an error with more to say": (
        get(),
        Reply(404, JSON, error("resource_not_found", doc_url="https://example.net")),
    ),
    "a key that is refused": (get(), Reply(401, JSON, error("revoked_api_key"))),
    "no key, and a refusal": (
        Call("getVideo", {"video_id": "video_1"}),
        Reply(401, JSON, error("missing_api_key", "authentication_error")),
    ),
    "no key and a wrong field, refused for the key": (
        Call("createVideo", {}, (), JSON, b'{"prompt":1}'),
        Reply(401, JSON, error("missing_api_key", "authentication_error")),
    ),
    "no key, and an id that nobody has": (
        Call("getVideo", {"video_id": "nope"}),
        Reply(404, JSON, error("resource_not_found")),
    ),
    "a scheme in small letters": (get(authorization="bearer k"), Reply(200, JSON, video())),
    "a permission that is missing": (
        create(),
        Reply(403, JSON, error("model_not_allowed", "authentication_error")),
    ),
    "too many requests": (
        create(),
        Reply(429, {**JSON, "retry-after": "0"}, error("rate_limit_exceeded", "rate_limit_error")),
    ),
    "too many requests, without a hint": (
        get(),
        Reply(429, JSON, error("upstream_rate_limit", "upstream_error")),
    ),
    "a fault of the server": (get(), Reply(500, JSON, error("internal_error", "api_error"))),
    "a model that does not answer": (
        get(),
        Reply(504, JSON, error("upstream_timeout", "upstream_error")),
    ),
    "a remix of a job that is not done": (
        Call("remixVideo", {"video_id": "video_1"}, (), SENT, b'{"prompt":"x"}'),
        Reply(409, JSON, error("invalid_request")),
    ),
    "a remix that inherits": (
        Call("remixVideo", {"video_id": "video_1"}, (), SENT, b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2", seconds="12", remixed_from_video_id="video_1")),
    ),
    "bytes that came compressed": (
        get(),
        Reply(
            200,
            {**JSON, "content-encoding": "gzip", "content-length": str(len(compress(video())))},
            video(),
        ),
    ),
    "no length": (get(), Reply(200, {**JSON, "transfer-encoding": "chunked"}, video())),
    "the right length": (get(), Reply(200, {**JSON, "content-length": str(len(video()))}, video())),
    "HEAD for a file": (
        content(),
        Reply(200, {"content-type": "video/mp4", "content-length": "20466"}),
    ),
    "a file that has not changed": (
        content(**{"if-none-match": '"a"'}),
        Reply(304, {"etag": '"a"', "content-length": "20466"}),
    ),
    "a part that is not there": (
        content(range="bytes=9-"),
        Reply(416, {**JSON, "content-range": "bytes */9"}, error("invalid_request")),
    ),
    "a list without jobs": (
        Call("listVideos", {}, (("limit", "0"),), SENT),
        Reply(
            200,
            JSON,
            b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}',
        ),
    ),
}


@pytest.mark.parametrize(("call", "reply"), BENIGN.values(), ids=BENIGN)
def test_an_unusual_answer_is_right(document: Document, call: Call, reply: Reply) -> None:
    assert check_exchange(document, call, reply) == ()
    exchange = read_exchange(document, call, reply, at=1780000000)
    again = call.operation_id == "getVideo" and reply.status < 500
    assert check_history(document, [exchange, exchange][: 1 + again]) == ()


POLL = Call("rendering", {"ref": "r-1"}, (), SENT)
SUBMIT = Call("submitRendering", {}, (), SENT, b'{"scene":"x","frames":4}')
OTHER_BENIGN: dict[str, tuple[Call, Reply]] = {
    "more fields than documented": (POLL, Reply(200, JSON, ticket(eta=7))),
    "a charset": (POLL, Reply(200, {"content-type": "application/json;charset=UTF-8"}, ticket())),
    "no error where it may be absent": (
        POLL,
        Reply(
            200, JSON, ticket(phase={**PHASE, "word": "spoilt", "ended": 1780000001, "trouble": {}})
        ),
    ),
    "a size that does not come back": (
        Call("submitRendering", {}, (), SENT, b'{"scene":"x","format":"1x1"}'),
        Reply(202, JSON, ticket()),
    ),
    "a deletion without a word": (
        Call("dropRendering", {"ref": "r-1"}, (), SENT),
        Reply(204),
    ),
    "a refusal of an unknown field": (
        Call("submitRendering", {}, (), SENT, b'{"scene":"x","colour":1}'),
        Reply(400, JSON, b'{"problem":"wrong","detail":"colour?"}'),
    ),
    "a fault of the server": (
        SUBMIT,
        Reply(
            503,
            {**JSON, "retry-after": "Sat, 01 Jan 2028 00:00:00 GMT"},
            b'{"problem":"broken","detail":""}',
        ),
    ),
    "a refusal of what comes in a wrong form": (
        Call("submitRendering", {}, (), {**SENT, "content-type": "text/plain"}, b"scene"),
        Reply(400, JSON, b'{"problem":"not-json","detail":""}'),
    ),
}


@pytest.mark.parametrize(("call", "reply"), OTHER_BENIGN.values(), ids=OTHER_BENIGN)
def test_an_unusual_answer_of_another_api_is_right(
    other_document: Document, call: Call, reply: Reply
) -> None:
    assert check_exchange(other_document, call, reply) == ()
    assert check_history(other_document, [read_exchange(other_document, call, reply, at=0)]) == ()


SCRIPTS = {
    "a whole life": "create, poll, tick, poll, tick, poll, wait, poll, content, delete, poll",
    "done at once": "done, create, poll, content, list",
    "a failure": "fails, create, wait, poll, content, delete, list",
    "impatience": "create, content, poll, delete, wait, poll, content",
    "ids of nobody": "poll nobody, content nobody, delete nobody",
    "refusals in between": "create, 401 poll, poll, 503 create, create, wait, poll, 401 list, list",
    "many jobs": "create, create b, create c, list, wait, list, delete, list, poll 1, poll 2",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("which", ["document", "other_document"], ids=["videos", "renderings"])
def test_a_server_that_obeys_the_document_hears_nothing(
    request: pytest.FixtureRequest,
    play: Callable[[Document, str], list[Exchange | UnmatchedRequest]],
    which: str,
    script: str,
) -> None:
    document: Document = request.getfixturevalue(which)
    history = play(document, script)
    exchanges = [item for item in history if isinstance(item, Exchange)]
    assert len(exchanges) == len(history) > 0
    for item in exchanges:
        assert item.reply is not None
        assert check_exchange(document, item.call, item.reply) == ()
    assert check_history(document, history, timeout=2000) == ()
