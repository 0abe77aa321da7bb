"""Responses that are unusual but valid: no rule may report them."""

from __future__ import annotations

from gzip import compress

import orjson
import pytest

from aisa_testkit.contracts import (
    Exchange,
    check_exchange,
    check_history,
    read_exchange,
)
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.jobs import ticket_json, video_json
from tests.support.scripted_client import run_script

JSON = {"content-type": "application/json"}
SENT = {"authorization": "Bearer k", "x-render-key": "k", **JSON}


def video(**changes: Json) -> bytes:
    return orjson.dumps(video_json(**changes))


def ticket(**phase: Json) -> bytes:
    return orjson.dumps(ticket_json(phase=phase))


def poll(job_id: str = "video_1", **headers: str) -> Call:
    return Call("getVideo", {"video_id": job_id}, (), {**SENT, **headers})


def create(body: bytes = b'{"prompt":"x"}', **headers: str) -> Call:
    return Call("createVideo", {}, (), {**SENT, **headers}, body)


def error(code: str, kind: str = "invalid_request_error", **more: Json) -> bytes:
    said = {"type": kind, "code": code, "message": "no", "request_id": "req_1", **more}
    return orjson.dumps({"error": said})


def content(**headers: str) -> Call:
    return Call("getVideoContent", {"video_id": "video_1"}, (), {**SENT, **headers})


BACKWARDS = orjson.dumps(dict(reversed(video_json().items())))
PRETTY = orjson.dumps(video_json(), option=orjson.OPT_INDENT_2)
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
VALID_RESPONSES: dict[str, tuple[Call, Reply]] = {
    "undocumented fields": (poll(), Reply(200, JSON, video(queue=3, error=None, x={}))),
    "fields in another order": (poll(), Reply(200, JSON, BACKWARDS)),
    "indented JSON": (poll(), Reply(200, JSON, PRETTY + b"\n")),
    "integers with a decimal point": (
        poll(),
        Reply(200, JSON, video(progress=0.0, created_at=1.78e9)),
    ),
    "charset": (poll(), Reply(200, {"content-type": "application/json; charset=utf-8"}, video())),
    "media type in upper case": (poll(), Reply(200, {"content-type": "Application/JSON"}, video())),
    "all optional headers": (poll(), Reply(200, {**JSON, **LIMITS}, video())),
    "undocumented headers": (poll(), Reply(200, {**JSON, "server": "x", "via": "1"}, video())),
    "id of digits": (poll("7"), Reply(200, JSON, video(id="7"))),
    "id with special characters": (poll("a/b ü"), Reply(200, JSON, video(id="a/b ü"))),
    "prompt is null": (poll(), Reply(200, JSON, video(prompt=None))),
    "prompt is null in a create": (create(), Reply(200, JSON, video(prompt=None))),
    "job completed at once": (
        create(),
        Reply(200, JSON, video(status="completed", progress=100, completed_at=1780000000)),
    ),
    "error with more fields": (
        poll(),
        Reply(200, JSON, video(status="failed", error={"code": "c", "message": "", "at": 1})),
    ),
    "requested model instead of the default": (
        create(b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(200, JSON, video(model="sora-2-pro")),
    ),
    "unknown field accepted": (
        create(b'{"prompt":"x","n":1}'),
        Reply(200, JSON, video()),
    ),
    "unknown field rejected": (
        create(b'{"prompt":"x","n":1}'),
        Reply(400, JSON, error("invalid_request", param="n")),
    ),
    "unknown field of a multipart form rejected": (
        create(MORE_FIELDS, **{"content-type": "multipart/form-data; boundary=b"}),
        Reply(400, JSON, error("invalid_request")),
    ),
    "unknown query parameter rejected": (
        Call("listVideos", {}, (("page", "2"),), SENT),
        Reply(400, JSON, error("invalid_request")),
    ),
    "invalid value rejected": (
        create(b'{"prompt":"x","seconds":"5"}'),
        Reply(400, JSON, error("invalid_request", param="seconds")),
    ),
    "prompt rejected by the content policy": (
        create(),
        Reply(422, JSON, error("content_policy_violation", param="prompt")),
    ),
    "error without a parameter": (poll(), Reply(404, JSON, error("resource_not_found"))),
    "error with a null parameter": (
        poll(),
        Reply(404, JSON, error("resource_not_found", param=None)),
    ),
    "error with more fields in the envelope": (
        poll(),
        Reply(404, JSON, error("resource_not_found", doc_url="https://example.net")),
    ),
    "API key rejected": (poll(), Reply(401, JSON, error("revoked_api_key"))),
    "missing API key rejected": (
        Call("getVideo", {"video_id": "video_1"}),
        Reply(401, JSON, error("missing_api_key", "authentication_error")),
    ),
    "missing API key and invalid field, rejected for the key": (
        Call("createVideo", {}, (), JSON, b'{"prompt":1}'),
        Reply(401, JSON, error("missing_api_key", "authentication_error")),
    ),
    "missing API key and unknown id": (
        Call("getVideo", {"video_id": "nope"}),
        Reply(404, JSON, error("resource_not_found")),
    ),
    "scheme in lower case": (poll(authorization="bearer k"), Reply(200, JSON, video())),
    "missing permission": (
        create(),
        Reply(403, JSON, error("model_not_allowed", "authentication_error")),
    ),
    "too many requests": (
        create(),
        Reply(429, {**JSON, "retry-after": "0"}, error("rate_limit_exceeded", "rate_limit_error")),
    ),
    "too many requests without Retry-After": (
        poll(),
        Reply(429, JSON, error("upstream_rate_limit", "upstream_error")),
    ),
    "internal error": (poll(), Reply(500, JSON, error("internal_error", "api_error"))),
    "upstream timeout": (
        poll(),
        Reply(504, JSON, error("upstream_timeout", "upstream_error")),
    ),
    "remix of a job that is not completed": (
        Call("remixVideo", {"video_id": "video_1"}, (), SENT, b'{"prompt":"x"}'),
        Reply(409, JSON, error("invalid_request")),
    ),
    "remix that inherits fields": (
        Call("remixVideo", {"video_id": "video_1"}, (), SENT, b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2", seconds="12", remixed_from_video_id="video_1")),
    ),
    "compressed body": (
        poll(),
        Reply(
            200,
            {**JSON, "content-encoding": "gzip", "content-length": str(len(compress(video())))},
            video(),
        ),
    ),
    "no Content-Length": (poll(), Reply(200, {**JSON, "transfer-encoding": "chunked"}, video())),
    "correct Content-Length": (
        poll(),
        Reply(200, {**JSON, "content-length": str(len(video()))}, video()),
    ),
    "HEAD of a file": (
        content(),
        Reply(200, {"content-type": "video/mp4", "content-length": "20466"}),
    ),
    "file not modified": (
        content(**{"if-none-match": '"a"'}),
        Reply(304, {"etag": '"a"', "content-length": "20466"}),
    ),
    "range not satisfiable": (
        content(range="bytes=9-"),
        Reply(416, {**JSON, "content-range": "bytes */9"}, error("invalid_request")),
    ),
    "empty list": (
        Call("listVideos", {}, (("limit", "0"),), SENT),
        Reply(
            200,
            JSON,
            b'{"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false}',
        ),
    ),
}


@pytest.mark.parametrize(("call", "reply"), VALID_RESPONSES.values(), ids=VALID_RESPONSES)
def test_unusual_valid_response_is_not_reported(
    document: Document, call: Call, reply: Reply
) -> None:
    assert check_exchange(document, call, reply) == ()
    exchange = read_exchange(document, call, reply, at=1780000000)
    repeated = call.operation_id == "getVideo" and reply.status < 500
    assert check_history(document, [exchange, exchange][: 1 + repeated]) == ()


POLL = Call("rendering", {"ref": "r-1"}, (), SENT)
SUBMIT = Call("submitRendering", {}, (), SENT, b'{"scene":"x","frames":4}')
OTHER_VALID_RESPONSES: dict[str, tuple[Call, Reply]] = {
    "undocumented fields": (POLL, Reply(200, JSON, orjson.dumps({**ticket_json(), "eta": 7}))),
    "charset": (POLL, Reply(200, {"content-type": "application/json;charset=UTF-8"}, ticket())),
    "size that is not echoed": (
        Call("submitRendering", {}, (), SENT, b'{"scene":"x","format":"1x1"}'),
        Reply(202, JSON, ticket()),
    ),
    "delete without a body": (
        Call("dropRendering", {"ref": "r-1"}, (), SENT),
        Reply(204),
    ),
    "unknown field rejected": (
        Call("submitRendering", {}, (), SENT, b'{"scene":"x","colour":1}'),
        Reply(400, JSON, b'{"problem":"wrong","detail":"colour?"}'),
    ),
    "internal error": (
        SUBMIT,
        Reply(
            503,
            {**JSON, "retry-after": "Sat, 01 Jan 2028 00:00:00 GMT"},
            b'{"problem":"broken","detail":""}',
        ),
    ),
    "unsupported content type rejected": (
        Call("submitRendering", {}, (), {**SENT, "content-type": "text/plain"}, b"scene"),
        Reply(400, JSON, b'{"problem":"not-json","detail":""}'),
    ),
}


@pytest.mark.parametrize(
    ("call", "reply"), OTHER_VALID_RESPONSES.values(), ids=OTHER_VALID_RESPONSES
)
def test_unusual_valid_response_of_another_api_is_not_reported(
    other_document: Document, call: Call, reply: Reply
) -> None:
    assert check_exchange(other_document, call, reply) == ()
    assert check_history(other_document, [read_exchange(other_document, call, reply, at=0)]) == ()


SCRIPTS = {
    "whole lifecycle": "create, poll, tick, poll, tick, poll, wait, poll, content, delete, poll",
    "completed at once": "done, create, poll, content, list",
    "failed job": "fails, create, wait, poll, content, delete, list",
    "requests made too early": "create, content, poll, delete, wait, poll, content",
    "unknown ids": "poll unknown, content unknown, delete unknown",
    "errors in between": "create, 401 poll, poll, 503 create, create, wait, poll, 401 list, list",
    "many jobs": "create, create b, create c, list, wait, list, delete, list, poll 1, poll 2",
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_conforming_server_has_no_violations(any_document: Document, script: str) -> None:
    history = run_script(any_document, script)
    exchanges = [item for item in history if isinstance(item, Exchange)]
    assert len(exchanges) == len(history) > 0
    for item in exchanges:
        assert item.reply is not None
        assert check_exchange(any_document, item.call, item.reply) == ()
    assert check_history(any_document, history, timeout=2000) == ()
