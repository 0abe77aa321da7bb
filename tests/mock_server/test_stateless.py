"""Operations that are not about jobs: responses from examples or schemas, as clients prefer."""

from __future__ import annotations

import pytest

from aisa_testkit.openapi.json import Json
from tests.support.job_api import (
    TEXT,
    WHOLE,
    JobApi,
    body_of,
    object_of,
    operation,
    query,
)

MODEL: Json = object_of(
    {"name": TEXT, "size": WHOLE, "tags": {"type": "array", "items": TEXT}}, "name"
)
EXAMPLES: dict[str, Json] = {
    "wrong": {"value": {"size": "none"}},
    "small": {"value": {"name": "small", "size": 1}},
    "large": {"value": {"name": "large", "size": 9}},
}


def with_examples(examples: Json, schema: Json = MODEL) -> Json:
    """The content of a response with examples."""
    return {"application/json": {"schema": schema, "examples": examples}}


def model_api(**response: Json) -> JobApi:
    """An API that can also be asked for a model."""
    made = operation("getModel", MODEL, parameters=(query("detail", WHOLE),), **response)
    made["responses"]["418"] = {
        "description": "A teapot.",
        "content": with_examples({"tea": {"value": {"name": "tea"}}}),
    }
    return JobApi(paths={"/models/{name}": {"get": made}})


def test_first_valid_example_is_the_response() -> None:
    api = model_api(content=with_examples(EXAMPLES))
    assert api.get("/models/x") == {"name": "small", "size": 1}
    assert len(api.service.store) == 0


def test_response_without_an_example_is_made_from_its_schema_and_stays_the_same() -> None:
    api = model_api()
    body = api.get("/models/x")
    assert body.keys() == {"name", "size", "tags"}
    assert (isinstance(body["name"], str), isinstance(body["size"], int)) == (True, True)
    assert api.get("/models/x") == body


def test_preferred_example() -> None:
    api = model_api(content=with_examples(EXAMPLES))
    large = body_of(api.send("GET /models/x", prefer="example=large"), 200)
    assert large == {"name": "large", "size": 9}
    refused = body_of(api.send("GET /models/x", prefer="example=huge"), 400)
    message = "Prefer: there is no example huge; the examples are wrong, small, large"
    assert refused["message"] == message


def test_preferred_value_from_the_schema() -> None:
    api = model_api(content=with_examples(EXAMPLES))
    made = body_of(api.send("GET /models/x", prefer="dynamic=true"), 200)
    assert made.keys() == {"name", "size", "tags"}


@pytest.mark.parametrize(
    ("prefer", "body"),
    [("code=418", {"name": "tea"}), ("code=418, example=tea", {"name": "tea"})],
)
def test_preferred_status(prefer: str, body: Json) -> None:
    api = model_api(content=with_examples(EXAMPLES))
    assert body_of(api.send("GET /models/x", prefer=prefer), 418) == body


def test_preferred_status_of_the_default_response() -> None:
    for status in (404, 418, 599):
        body = body_of(model_api().send("GET /models/x", prefer=f"code={status}"), status)
        assert body


@pytest.mark.parametrize("status", [204, 409])
def test_preferred_status_must_be_documented(status: int) -> None:
    made = operation("getModel", MODEL)
    del made["responses"]["default"]
    made["responses"]["400"] = {"description": "An error."}
    api = JobApi(paths={"/models/{name}": {"get": made}})
    reply = api.send("GET /models/x", prefer=f"code={status}")
    message = body_of(reply, 400)["message"]
    assert message.startswith(f"Prefer: getModel has no documented response {status}, only ")


def test_request_is_validated() -> None:
    api = model_api()
    assert api.get("/models/x?detail=high", status=400)["message"].startswith("detail: must be of")


def test_required_headers_are_sent() -> None:
    headers = {
        "X-Version": {"required": True, "schema": {"const": "7"}},
        "X-Other": {"schema": TEXT},
    }
    reply = model_api(headers=headers).send("GET /models/x")
    assert reply.headers["x-version"] == "7"
    assert "x-other" not in reply.headers


@pytest.mark.parametrize(
    ("media_type", "start"),
    [("image/png", b"\x89PNG"), ("text/plain", b"A file of type text/plain")],
)
def test_response_that_is_not_json(media_type: str, start: bytes) -> None:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    api = JobApi(paths={"/logo": {"get": operation("getLogo", content=content)}})
    reply = api.send("GET /logo")
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert reply.body.startswith(start)


def test_response_without_a_body() -> None:
    api = JobApi(paths={"/ping": {"get": operation("ping", status=204)}})
    reply = api.send("GET /ping")
    assert (reply.status, reply.body, "content-type" in reply.headers) == (204, b"", False)
