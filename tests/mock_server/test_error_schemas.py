"""Errors match what each operation documents of them, by its schemas or by its statuses."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import ManualClock
from aisa_testkit.mock_server.errors import Refusal
from aisa_testkit.openapi import Cause, Operation, Reply, parse_document
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, parse_pointer
from tests.support.job_api import TEXT, WHOLE, JobApi, api_text, object_of

NESTED: Json = object_of(
    {"error": object_of({"why": TEXT, "kind": {"enum": ["user", "server"]}}, "why", "kind")},
    "error",
)


def api_with(
    responses: dict[str, Json],
    *,
    errors: Json = None,
    path: str = "/jobs/{id}",
    method: str = "get",
) -> JobApi:
    """The API with other error responses of one operation."""
    document = orjson.loads(api_text())
    operation = document["paths"][path][method]
    operation["responses"] = {"200": operation["responses"]["200"], **responses}
    del document["x-errors"]
    if errors is not None:
        document["x-errors"] = errors
    api = JobApi()
    api.serve(parse_document(orjson.dumps(document).decode()), clock=ManualClock(0))
    return api


def response(schema: Json = None, media_type: str = "application/json", **more: Json) -> Json:
    content = {} if schema is None else {"content": {media_type: {"schema": schema}}}
    return {"description": "An error.", **content, **more}


def operation_of(api: JobApi, name: str = "getJob") -> Operation:
    return api.document.operations[name]


def reply_to(api: JobApi, cause: str, name: str = "getJob") -> Reply:
    refusal = Refusal(cause, "It is so.", parameter="id", wait=3)
    return api.service.refuse(refusal, operation=operation_of(api, name))


ERRORS: list[Any] = [
    pytest.param(response(NESTED), None, id="schema of its own"),
    pytest.param(response(TEXT), None, id="text in JSON"),
    pytest.param(response({"type": "object"}), None, id="any object"),
    pytest.param(response(object_of({"status": WHOLE}, "status")), None, id="no text"),
    pytest.param(response(NESTED, "application/problem+json"), None, id="other problem"),
    pytest.param(response(NESTED, "application/*"), None, id="range of media types"),
    pytest.param(response({"type": "string"}, "text/plain"), None, id="plain text"),
    pytest.param(response({"type": "string"}, "application/xml"), None, id="XML"),
    pytest.param(response(), None, id="no body documented"),
    pytest.param(
        response(NESTED, headers={"X-Trace": {"required": True, "schema": {"type": "integer"}}}),
        None,
        id="required header",
    ),
    pytest.param(
        response(NESTED),
        {"answer": {"/error/why": {"error": "message"}, "/error/kind": {"error": "code"}}},
        id="declared, but the code is not allowed",
    ),
    pytest.param(
        response(object_of({"text": TEXT}, "text")),
        {"answer": {"/elsewhere": {"error": "message"}}},
        id="declared, but in another place",
    ),
]


@pytest.mark.parametrize(("documented", "errors"), ERRORS)
def test_every_error_matches_the_response_of_its_status(documented: Json, errors: Json) -> None:
    for key in ("default", "4XX"):
        api = api_with({key: documented}, errors=errors)
        for cause, error in api.document.envelope.responses.items():
            if key == "4XX" and error.status >= 500:
                continue
            reply = reply_to(api, cause)
            assert reply.status == error.status
            assert [*reply_problems(operation_of(api), reply)] == []


def test_message_is_where_the_document_says_or_in_the_first_text() -> None:
    own = orjson.loads(reply_to(api_with({"default": response(NESTED)}), "job-unknown").body)
    assert own == {"error": {"why": "It is so.", "kind": "user"}}
    problem = response({"type": "object"}, "application/problem+json")
    told = orjson.loads(reply_to(api_with({"default": problem}), "job-unknown").body)
    assert told == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "It is so.",
    }
    text = response({"type": "string"}, "text/plain")
    assert reply_to(api_with({"default": text}), "job-unknown").body == b"It is so."


MESSAGES: list[Any] = [
    pytest.param(object_of({"code": TEXT, "message": TEXT}), "/message", id="name"),
    pytest.param(
        object_of({"code": {**TEXT, "example": "no job"}, "why": TEXT}), "/why", id="code"
    ),
    pytest.param(
        object_of({"a": {**TEXT, "example": "not_found"}, "b": TEXT}), "/b", id="example is a word"
    ),
    pytest.param(
        object_of({"a": TEXT, "b": {**TEXT, "examples": ["There is none."]}}),
        "/b",
        id="example is a sentence",
    ),
    pytest.param(
        {**object_of({"a": TEXT, "b": TEXT}), "example": {"a": "x", "b": "There is none."}},
        "/b",
        id="example of the whole",
    ),
    pytest.param(object_of({"a": TEXT, "b": TEXT}, "b"), "/b", id="required"),
    pytest.param(object_of({"a": {**TEXT, "maxLength": 5}, "b": TEXT}), "/b", id="too short"),
    pytest.param(object_of({"a": {**TEXT, "maxLength": 50}}), "/a", id="long enough"),
    pytest.param(
        object_of({"message": {"anyOf": [{"enum": ["a"]}, TEXT]}, "b": TEXT}), "/b", id="open list"
    ),
    pytest.param(
        object_of({"code": TEXT, "why": {"anyOf": [{"type": "null"}, TEXT]}}), "/why", id="nullable"
    ),
    pytest.param(
        object_of({"title": TEXT, "errors": {"type": "array", "items": object_of({"msg": TEXT})}}),
        "/errors/0/msg",
        id="entry of a list",
    ),
    pytest.param({"type": "array", "items": object_of({"msg": TEXT})}, "/0/msg", id="list"),
    pytest.param(
        {"oneOf": [object_of({"code": TEXT}, "code"), object_of({"why": TEXT}, "why")]},
        "/why",
        id="alternatives",
    ),
]


@pytest.mark.parametrize(("schema", "place"), MESSAGES)
def test_message_is_at_the_most_probable_text(schema: Json, place: str) -> None:
    api = api_with({"default": response(schema)})
    reply = reply_to(api, "job-unknown")
    assert get(orjson.loads(reply.body), parse_pointer(place)) == "It is so."
    assert [*reply_problems(operation_of(api), reply)] == []


def test_message_is_where_a_documented_example_has_a_sentence() -> None:
    documented = response(object_of({"a": TEXT, "b": TEXT}))
    documented["content"]["application/json"]["example"] = {"a": "x", "b": "There is none."}
    told = orjson.loads(reply_to(api_with({"default": documented}), "job-unknown").body)
    assert told["b"] == "It is so."


@pytest.mark.parametrize(
    ("status", "title"), [(404, "Not Found"), (499, "Bad Request"), (599, "Internal Server Error")]
)
def test_title_of_a_problem_is_the_text_of_its_status(status: int, title: str) -> None:
    api = api_with({})
    refusal = Refusal(Cause.JOB_UNKNOWN, "It is so.", status=status)
    told = orjson.loads(api.service.refuse(refusal, operation=operation_of(api)).body)
    assert (told["title"], told["status"]) == (title, status)


@pytest.mark.parametrize(
    ("documented", "cause", "status"),
    [
        (["404", "400"], Cause.JOB_UNKNOWN, 404),
        (["400"], Cause.JOB_UNKNOWN, 400),
        (["410"], Cause.JOB_UNKNOWN, 410),
        (["4XX", "400"], Cause.JOB_UNKNOWN, 404),
        (["default", "400"], Cause.JOB_UNKNOWN, 404),
        (["422"], Cause.FIELD_MISSING, 422),
        (["404"], Cause.FIELD_MISSING, 400),
        (["400", "403"], Cause.JOB_UNFINISHED, 400),
        (["422"], Cause.JOB_UNFINISHED, 422),
        (["403", "400"], Cause.CREDENTIALS_MISSING, 403),
        (["400", "404"], Cause.CREDENTIALS_MISSING, 401),
        (["400", "404"], Cause.RATE_EXCEEDED, 429),
        ([], Cause.JOB_UNKNOWN, 404),
    ],
)
def test_another_documented_status_stands_in(
    documented: list[str], cause: Cause, status: int
) -> None:
    api = api_with({each: response(NESTED) for each in documented})
    reply = reply_to(api, cause)
    assert reply.status == status
    assert [*reply_problems(operation_of(api), reply)] == []
    if status not in operation_of(api).responses:
        assert reply.headers["content-type"] == "application/problem+json"


def test_status_that_the_document_says_has_no_stand_in() -> None:
    said = {"answer": {"/why": {"error": "message"}}, "causes": {"job-unknown": {"status": 404}}}
    api = api_with({"400": response(object_of({"why": TEXT}, "why"))}, errors=said)
    assert reply_to(api, Cause.JOB_UNKNOWN).status == 404
    assert reply_to(api, Cause.FIELD_VALUE).status == 400


def test_unknown_id_is_refused_with_the_documented_status() -> None:
    api = api_with({"400": response(NESTED)})
    assert api.get("/jobs/none", status=400)["error"]["why"] == "there is no job 'none'"


def test_undocumented_status_is_a_problem_if_another_one_is_documented_for_such_errors() -> None:
    api = api_with({"400": response(NESTED)})
    for status, problems in ((404, 1), (401, 0), (429, 0), (503, 1)):
        reply = Reply(status, {}, b"")
        found = [each.aspect for each in reply_problems(operation_of(api), reply)]
        assert found == ["status"] * problems


def test_any_documented_status_can_be_asked_for() -> None:
    api = api_with({"402": response(NESTED), "503": response(NESTED)})
    for status in (402, 503):
        api.controls.fail(operation="getJob", status=status)
        assert set(api.get("/jobs/x", status=status)) == {"error"}
        reply = api.send("GET /jobs/x", prefer=f"code={status}")
        assert reply.status == status
        assert set(orjson.loads(reply.body)) == {"error"}


@pytest.mark.parametrize(("unit", "expected"), [("seconds", 3), ("milliseconds", 3000)])
def test_time_before_a_retry_is_in_the_body_where_the_document_says_so(
    unit: str, expected: int
) -> None:
    body = object_of({"why": TEXT, "wait": WHOLE}, "why")
    errors: Json = {"answer": {"/why": {"error": "message"}, "/wait": {"retry": unit}}}
    errors["causes"] = {"internal": {"retry": 9}}
    api = api_with({"default": response(body)}, errors=errors)
    told = orjson.loads(reply_to(api, Cause.RATE_EXCEEDED).body)
    assert told == {"why": "It is so.", "wait": expected}
    refusal = Refusal(Cause.INTERNAL, "It is so.")
    usual = orjson.loads(api.service.refuse(refusal, operation=operation_of(api)).body)
    assert usual["wait"] == expected * 3
    api.controls.fail(operation="getJob", status=429, retry_after=6)
    assert api.get("/jobs/x", status=429)["wait"] == expected * 2
    other = Refusal(Cause.JOB_UNKNOWN, "It is so.")
    assert "wait" not in orjson.loads(api.service.refuse(other, operation=operation_of(api)).body)


def test_body_that_is_too_large_is_refused_as_the_operation_documents_it() -> None:
    api = api_with({"400": response(NESTED)}, path="/jobs", method="post")
    reply = api.send("POST /jobs", {"prompt": "x" * 34_000_000})
    assert reply.status == 400
    assert [*reply_problems(operation_of(api, "createJob"), reply)] == []
