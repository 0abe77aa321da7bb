"""Rules for single responses: what violates each rule, and what nearly does."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from aisa_testkit.contracts import SERVER_RULES, Severity, check_exchange, read_exchange
from aisa_testkit.contracts.rules.server.check_exchange import exchange_violations
from aisa_testkit.contracts.traffic.redaction import KEY_MASK, Redaction
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.contracts.traffic.sample_image import sample_image
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from aisa_testkit.openapi.credentials import UNKNOWN_KEY
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes, codes_with_places
from tests.support.documents import renderings_text
from tests.support.jobs import video_json
from tests.support.operations import only_kind

JSON = {"content-type": "application/json"}
KEY = {"authorization": "Bearer k"}
FORM = {"content-type": "multipart/form-data; boundary=b"}
ERROR = {
    "type": "invalid_request_error",
    "code": "resource_not_found",
    "message": "job not found",
    "request_id": "req_1",
}
NOT_FOUND = orjson.dumps({"error": ERROR})


def video(**changes: Json) -> bytes:
    return orjson.dumps(video_json(**changes))


def form(**fields: str) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode()


def found(document: Document, call: Call, reply: Reply) -> list[str]:
    """The code and the place of each violation."""
    return codes_with_places(check_exchange(document, call, reply))


def request_for(operation_id: str, body: bytes = b"", **headers: str) -> Call:
    """A valid request, for the job video_1 if the operation is about a job."""
    one = {} if operation_id == "createVideo" else {"video_id": "video_1"}
    return Call(operation_id, one, (), {**KEY, **JSON, **headers}, body)


POLL, CREATE = request_for("getVideo"), request_for("createVideo", b'{"prompt":"x"}')


def test_valid_response_has_no_violations(document: Document) -> None:
    assert found(document, POLL, Reply(200, JSON, video())) == []
    assert found(document, CREATE, Reply(200, JSON, video())) == []
    assert found(document, POLL, Reply(404, JSON, NOT_FOUND)) == []


INVALID_RESPONSES: dict[str, tuple[Call, Reply, list[str]]] = {
    "status of another operation": (CREATE, Reply(202, JSON, video()), ["AV101"]),
    "status of no operation": (POLL, Reply(418, JSON, NOT_FOUND), ["AV101"]),
    "HTML content type": (POLL, Reply(200, {"content-type": "text/html"}, video()), ["AV102"]),
    "HTML error": (POLL, Reply(502, {"content-type": "text/html"}, b"<p>"), ["AV102"]),
    "no content type": (POLL, Reply(200, {}, video()), ["AV102"]),
    "header of another type": (
        POLL,
        Reply(200, {**JSON, "openai-poll-after-ms": "soon"}, video()),
        ["AV103 openai-poll-after-ms"],
    ),
    "header out of bounds": (
        POLL,
        Reply(200, {**JSON, "openai-poll-after-ms": "0"}, video()),
        ["AV103 openai-poll-after-ms"],
    ),
    "field of another type": (POLL, Reply(200, JSON, video(progress="0")), ["AV104 /progress"]),
    "missing field": (
        POLL,
        Reply(200, JSON, orjson.dumps({k: v for k, v in video_json().items() if k != "object"})),
        ["AV104 /object"],
    ),
    "condition between fields": (
        POLL,
        Reply(200, JSON, video(completed_at=1780000001)),
        ["AV104 /completed_at"],
    ),
    "list instead of an object": (POLL, Reply(200, JSON, b"[]"), ["AV104"]),
    "truncated JSON": (POLL, Reply(200, JSON, video()[:-1]), ["AV105"]),
    "error that is not JSON": (POLL, Reply(500, JSON, b"oops"), ["AV105"]),
    "empty body": (POLL, Reply(200, JSON), ["AV105"]),
    "JSON in Latin-1": (POLL, Reply(200, JSON, '{"id":"é"}'.encode("latin-1")), ["AV105"]),
    "NaN": (POLL, Reply(200, JSON, b'{"progress":NaN}'), ["AV105"]),
    "error without the envelope": (
        POLL,
        Reply(404, JSON, b'{"detail":"Not Found"}'),
        ["AV106 /error"],
    ),
    "error as text": (POLL, Reply(500, JSON, b'{"error":"x"}'), ["AV106 /error"]),
    "invalid value in the envelope": (
        POLL,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "type": "oops"}})),
        ["AV106 /error/type"],
    ),
    "prompt not echoed": (CREATE, Reply(200, JSON, video(prompt="y")), ["AV107 /prompt"]),
    "model not echoed": (
        request_for("createVideo", b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(200, JSON, video()),
        ["AV107 /model"],
    ),
    "size of a multipart form not echoed": (
        request_for("createVideo", form(prompt="x", size="1280x720"), **FORM),
        Reply(200, JSON, video()),
        ["AV107 /size"],
    ),
    "prompt of a remix not echoed": (
        request_for("remixVideo", b'{"prompt":"new"}'),
        Reply(200, JSON, video(id="video_2", remixed_from_video_id="video_1")),
        ["AV107 /prompt"],
    ),
    "default not applied": (
        CREATE,
        Reply(200, JSON, video(seconds="8")),
        ["AV108 /seconds"],
    ),
    "valid multipart form rejected": (
        request_for("createVideo", form(prompt="x"), **FORM),
        Reply(400, JSON, orjson.dumps({"error": {**ERROR, "code": "missing_parameter"}})),
        ["AV109"],
    ),
    "documented model rejected": (
        request_for("createVideo", b'{"prompt":"x","model":"sora-2-pro"}'),
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "code": "unknown_model"}})),
        ["AV109"],
    ),
    "empty prompt accepted": (
        request_for("createVideo", b'{"prompt":""}'),
        Reply(200, JSON, video(prompt="")),
        ["AV110 prompt"],
    ),
    "missing field accepted": (
        request_for("createVideo", b"{}"),
        Reply(200, JSON, video()),
        ["AV110 prompt"],
    ),
    "missing API key accepted": (
        Call("getVideo", {"video_id": "video_1"}),
        Reply(200, JSON, video()),
        ["AV111 authorization"],
    ),
    "missing API key, rejected for another reason": (
        Call("createVideo", {}, (), JSON, b'{"prompt":"x"}'),
        Reply(400, JSON, orjson.dumps({"error": {**ERROR, "code": "missing_parameter"}})),
        ["AV117 authorization"],
    ),
    "unknown API key, rejected for another reason": (
        Call("listVideos", {}, (), {"authorization": f"Bearer {UNKNOWN_KEY}"}),
        Reply(404, JSON, NOT_FOUND),
        ["AV117 authorization"],
    ),
    "API key with another scheme accepted": (
        request_for("getVideo", authorization="Basic k"),
        Reply(200, JSON, video()),
        ["AV111 authorization"],
    ),
    "body shorter than Content-Length": (
        POLL,
        Reply(200, {**JSON, "content-length": "9999"}, video()),
        ["AV112 content-length"],
    ),
    "error code of another status": (
        POLL,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "code": "rate_limit_exceeded"}})),
        ["AV113 /error/code"],
    ),
    "API key leaked in an error": (
        POLL,
        Reply(404, JSON, orjson.dumps({"error": {**ERROR, "message": f"no {KEY_MASK}"}})),
        ["AV116 body"],
    ),
    "API key leaked in a header and the body": (
        POLL,
        Reply(200, {**JSON, "x-request-id": KEY_MASK}, video(prompt=KEY_MASK)),
        ["AV116 x-request-id"],
    ),
    "another job": (POLL, Reply(200, JSON, video(id="video_2")), ["AV214 /id"]),
    "delete response for another job": (
        request_for("deleteVideo"),
        Reply(200, JSON, b'{"id":"video_2","object":"video.deleted","deleted":true}'),
        ["AV214 /id"],
    ),
    "remix without a source": (
        request_for("remixVideo", b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2")),
        ["AV218 /remixed_from_video_id"],
    ),
    "remix of another source": (
        request_for("remixVideo", b'{"prompt":"x"}'),
        Reply(200, JSON, video(id="video_2", remixed_from_video_id="video_2")),
        ["AV218 /remixed_from_video_id"],
    ),
}


@pytest.mark.parametrize(
    ("size", "image_size", "expected"),
    [
        ("1280x720", "1280x720", ["AV109"]),
        ("1280x720", "720x1280", []),
        ("1280x720", None, []),
    ],
    ids=["sample image", "another size", "another image"],
)
def test_rejected_file_is_a_violation_if_it_is_the_sample_image(
    document: Document, size: str, image_size: str | None, expected: list[str]
) -> None:
    """Only the server knows whether another file is suitable."""
    create = only_kind(document).creates[0]
    image = sample_image(create, {"size": image_size}) if image_size else b"\x89PNG\r\n\x1a\n"
    fields = {"prompt": "x", "size": size, "input_reference": image}
    operation = document.operations["createVideo"]
    call = build_call(document, operation, fields, media_type="multipart/form-data", key="k")
    error = orjson.dumps({"error": {**ERROR, "code": "invalid_request"}})
    assert found(document, call, Reply(400, JSON, error)) == expected


@pytest.mark.parametrize(
    ("call", "reply", "expected"), INVALID_RESPONSES.values(), ids=INVALID_RESPONSES
)
def test_invalid_response_is_reported_with_its_place(
    document: Document, call: Call, reply: Reply, expected: list[str]
) -> None:
    assert found(document, call, reply) == expected


@pytest.mark.parametrize("key", ["sk-12345", "sk-a-longer-one"], ids=["short", "long"])
@pytest.mark.parametrize("place", ["body", "header"])
def test_leaked_api_key_is_reported_after_it_was_redacted(
    document: Document, key: str, place: str
) -> None:
    headers = {**JSON, "x-request-id": f"for {key}"} if place == "header" else JSON
    body = video(prompt=f"of {key}") if place == "body" else video()
    call = request_for("getVideo", authorization=f"Bearer {key}")
    masked = Redaction(document, keys=[key]).redact(
        read_exchange(document, call, Reply(200, headers, body), at=0)
    )
    assert codes(exchange_violations(document, masked, 1)) == ["AV116"]
    assert key not in repr(masked)


@pytest.mark.parametrize("key", ["video", "queued", "model"])
def test_api_key_that_is_a_word_of_the_document_is_not_a_leak(document: Document, key: str) -> None:
    """A stub may use such a key, and its responses contain the word `video` anyway."""
    call = request_for("getVideo", authorization=f"Bearer {key}")
    exchange = read_exchange(document, call, Reply(200, JSON, video()), at=0)
    masked = Redaction(document, keys=[key]).redact(exchange)
    assert codes(exchange_violations(document, masked, 1)) == []


@pytest.mark.parametrize("status", [408, 414, 415, 416, 431])
def test_gateway_errors_may_have_any_body(document: Document, status: int) -> None:
    page = Reply(status, {"content-type": "text/html"}, b"<p>")
    assert found(document, CREATE, page) == []
    assert found(document, POLL, page) == []
    assert found(document, POLL, replace(page, status=417)) == ["AV101"]


def test_every_rule_for_single_responses_is_covered_here() -> None:
    broken = {text[:5] for _, _, expected in INVALID_RESPONSES.values() for text in expected}
    rules = {code for code in SERVER_RULES if code < "AV200"} | {"AV214", "AV218"}
    # Server errors and broken connections are reported for several exchanges.
    assert broken == rules - {"AV114", "AV115"}


def test_unknown_error_code_is_a_warning(document: Document) -> None:
    body = orjson.dumps({"error": {**ERROR, "code": "new"}})
    (warning,) = check_exchange(document, POLL, Reply(404, JSON, body))
    assert warning.severity is Severity.WARNING
    assert (warning.received, warning.expected) == (
        "'new'",
        "one of unknown_endpoint, resource_not_found, unknown_model",
    )


def test_text_of_a_violation(document: Document) -> None:
    (violation,) = check_exchange(document, POLL, Reply(200, JSON, video(object="job")))
    assert str(violation) == (
        "AV104 response body does not match its schema\n"
        "  request   GET /v1/videos/{video_id} (getVideo), no. 1\n"
        "  place     /object\n"
        "  received  'job'\n"
        "  expected  'video'\n"
        "  advice    Send a body that matches its schema.\n"
        "  explain   aisa-testkit explain AV104"
    )


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (False, {("/error", "false", "of type object or of type null")}),
        ({"code": 5, "message": "x"}, {("/error/code", "5", "of type string")}),
        ({"code": "x"}, {("/error/message", "nothing", "a value")}),
    ],
    ids=["no type", "a wrong field", "a missing field"],
)
def test_value_without_a_valid_alternative_is_reported_with_what_was_received(
    document: Document, error: Json, facts: set[tuple[str, str, str]]
) -> None:
    reply = Reply(200, JSON, video(error=error, status="failed", progress=50))
    violations = check_exchange(document, POLL, reply)
    assert {(v.place, v.received, v.expected) for v in violations} >= facts
    assert "anyOf" not in str(violations)


def test_unknown_field_of_a_closed_schema_is_not_a_missing_value() -> None:
    closed = renderings_text().replace(
        "      required: [kind, job, links]\n",
        "      required: [kind, job, links]\n      additionalProperties: false\n",
        1,
    )
    document = parse_document(closed)
    service = JobService(document, clock=ManualClock(), ids=RandomIds(1))
    call = Call("submitRendering", {}, (), {"x-render-key": "k", **JSON}, b'{"scene":"A teapot"}')
    reply = service.answer(call)
    assert check_exchange(document, call, reply) == ()
    body = orjson.dumps({**orjson.loads(reply.body), "colour": 1})
    (violation,) = check_exchange(document, call, replace(reply, body=body))
    assert (violation.place, violation.received) == ("/colour", "a value")
    assert violation.expected == "nothing, because it is not known here, only kind, job, links"


def test_unknown_operation_raises_key_error(document: Document) -> None:
    with pytest.raises(KeyError, match="rendering"):
        check_exchange(document, Call("rendering"), Reply(200))
