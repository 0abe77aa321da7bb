"""The ASGI application, with requests and ASGI messages but without a socket."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Message

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import (
    Endpoint,
    Job,
    JobService,
    ManualClock,
    MemoryStore,
    create_app,
)
from aisa_testkit.mock_server.http.app import ApiApp
from aisa_testkit.mock_server.http.headers import MAX_HEADER_BYTES, header_bytes
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.asgi import KEY, exchange_messages, send_request

VIDEOS: dict[str, object] = {"path": "/v1/videos", "raw_path": b"/v1/videos"}
PROMPT = {"prompt": "A lighthouse in a storm"}


def post(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    """The ASGI scope of a create request."""
    default = [(b"authorization", b"Bearer k"), (b"content-type", b"application/json")]
    return {**VIDEOS, "method": "POST", "headers": [*default, *headers]}


def chunks(*bodies: bytes) -> Iterator[Message]:
    """The ASGI messages of a body that arrives in these chunks."""
    last = len(bodies) - 1
    for index, body in enumerate(bodies):
        yield {"type": "http.request", "body": body, "more_body": index < last}


def test_application_can_be_mounted_below_another_path() -> None:
    inner = create_app()
    app = Starlette(routes=[Mount("/elsewhere", inner)])
    created = send_request(app, "POST /elsewhere/v1/videos", json=PROMPT, headers=KEY)
    path = f"/elsewhere/v1/videos/{created.json()['id']}"
    assert send_request(app, f"GET {path}", headers=KEY).json()["id"] == created.json()["id"]
    assert send_request(app, "GET /elsewhere/__admin/health").json()["jobs"] == 1
    assert send_request(app, "GET /elsewhere/v1/videos/a%2Fb", headers=KEY).status_code == 404
    assert send_request(app, "GET /v1/videos", headers=KEY).status_code == 404
    assert len(inner.state.service.store) == 1


def test_document_and_service_together_are_an_error(
    document: Document, service: JobService
) -> None:
    with pytest.raises(ValueError, match="give a document or a service, not both"):
        create_app(document, service=service)


def test_application_serves_the_given_document(other_document: Document) -> None:
    app = create_app(other_document)
    assert (
        send_request(app, "GET /api/v7/renderings", headers={"x-render-key": "k"}).status_code
        == 200
    )
    assert send_request(app, "GET /v1/videos", headers=KEY).json().keys() == {"problem", "detail"}


@pytest.mark.parametrize("path", ["/v1/videos", "/__admin/health", "/nowhere"])
def test_websocket_is_rejected(path: str) -> None:
    scope: dict[str, object] = {"type": "websocket", "path": path, "raw_path": path.encode()}
    sent, _ = exchange_messages(create_app(), scope, [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"]


class FullStore(MemoryStore):
    """A store whose disk is full."""

    def add(self, job: Job) -> None:
        raise OSError("the disk is full")


def test_internal_error_is_returned_in_the_envelope_and_logged(
    document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(service=JobService(document, store=FullStore(), strict=True))
    with caplog.at_level(logging.ERROR, "aisa_testkit"):
        response = send_request(app, "POST /v1/videos", json=PROMPT, headers=KEY)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (500, "internal_error")
    assert error["message"] == "internal error of the mock: the disk is full"
    (record,) = caplog.records
    assert record.getMessage() == "POST /v1/videos"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], OSError)
    assert send_request(app, "GET /v1/videos", headers=KEY).json()["data"] == []


def test_cors_allows_every_origin_method_and_header() -> None:
    app, origin = create_app(), {"origin": "https://app.example"}
    preflight_headers = {
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization, content-type, x-mock-scenario",
    }
    preflight = send_request(
        app, "OPTIONS /v1/videos/video_0", headers={**origin, **preflight_headers}
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert (
        preflight.headers["access-control-allow-headers"]
        == preflight_headers["access-control-request-headers"]
    )
    missing = send_request(app, "GET /v1/videos/video_0", headers={**KEY, **origin})
    assert missing.status_code == 404
    assert missing.headers["access-control-allow-origin"] == "*"
    assert missing.headers["access-control-expose-headers"] == "*"


def test_preflight_allows_a_private_network() -> None:
    preflight_headers = {
        "origin": "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-private-network": "true",
    }
    preflight = send_request(create_app(), "OPTIONS /v1/videos", headers=preflight_headers)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-private-network"] == "true"


def test_options_without_a_cors_preflight_is_not_allowed() -> None:
    headers = {"origin": "https://app.example"}
    response = send_request(create_app(), "OPTIONS /v1/videos", headers=headers)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (
        "access-control-allow-origin"
        not in send_request(create_app(), "OPTIONS /v1/videos").headers
    )


@pytest.mark.parametrize("announced", [True, False], ids=["Content-Length", "unknown length"])
def test_body_limit_is_inclusive(service: JobService, announced: bool) -> None:
    body = orjson.dumps(PROMPT)
    length = [(b"content-length", b"%d" % len(body))] if announced else []
    statuses = {}
    for limit in (len(body), len(body) - 1):
        app = create_app(service=service, body_limit=limit)
        sent, _ = exchange_messages(app, post(*length), chunks(body[:9], body[9:]))
        statuses[limit] = sent[0]["status"]
    assert statuses == {len(body): 200, len(body) - 1: 413}
    assert len(service.store) == 1


def test_body_over_the_limit_is_not_read_to_its_end(service: JobService) -> None:
    app = create_app(service=service, body_limit=100)
    sent, unread = exchange_messages(app, post(), chunks(*[bytes(40)] * 10))
    assert (sent[0]["status"], unread) == (413, 7)
    length = (b"content-length", b"101")
    sent, unread = exchange_messages(app, post(length), chunks(bytes(101)))
    assert (sent[0]["status"], unread) == (413, 1)
    error: Json = orjson.loads(sent[1]["body"])["error"]
    assert error["message"] == "the body is larger than the limit of 100 bytes"


def test_journal_records_a_request_whose_body_is_over_the_limit(service: JobService) -> None:
    journal = Journal(service.document, now=service.clock.now)
    app = create_app(service=service, body_limit=100, journal=journal)
    exchange_messages(app, post((b"content-length", b"101")), [])
    (request,) = journal.requests({})["requests"]
    assert (request["operation"], request["status"], request["fields"]) == ("createVideo", 413, {})


def test_header_limit_is_inclusive(service: JobService) -> None:
    app = create_app(service=service)
    scope = post()
    size = header_bytes({"query_string": b"", **scope})
    statuses = {}
    for excess in (0, 1):
        filler = (b"x", bytes(MAX_HEADER_BYTES - size - 1 + excess))
        sent, unread = exchange_messages(app, post(filler), chunks(orjson.dumps(PROMPT)))
        statuses[excess] = (sent[0]["status"], unread)
    assert statuses == {0: (200, 0), 1: (413, 1)}
    error: Json = orjson.loads(sent[1]["body"])["error"]
    assert error["message"] == f"the head is larger than the limit of {MAX_HEADER_BYTES} bytes"
    assert len(service.store) == 1


@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"headers": [(b"authorization", bytes(MAX_HEADER_BYTES))]}, id="API key"),
        pytest.param(
            {"headers": [(b"x-%d" % i, bytes(70)) for i in range(1000)]}, id="many headers"
        ),
        pytest.param({"query_string": bytes(MAX_HEADER_BYTES)}, id="query"),
        pytest.param({"raw_path": b"/" * (MAX_HEADER_BYTES + 1)}, id="path"),
    ],
)
def test_headers_query_and_path_count_towards_the_header_limit(
    service: JobService, part: dict[str, object]
) -> None:
    scope = {**VIDEOS, **part}
    sent, _ = exchange_messages(create_app(service=service), scope, [])
    assert sent[0]["status"] == 413


class InvalidHeaderEndpoint(Endpoint):
    """An endpoint whose response has a header that is not latin-1."""

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        return Reply(200, {"content-type": "snow \N{SNOWMAN}"}, b"{}")


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_header_that_is_not_latin_1_is_an_internal_error(
    service: JobService, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    app = ApiApp(InvalidHeaderEndpoint(service))
    with caplog.at_level(logging.ERROR, "aisa_testkit"):
        response = send_request(app, f"{method} /v1/videos", json=PROMPT, headers=KEY)
    assert (response.status_code, response.headers["content-type"]) == (500, "application/json")
    if method != "HEAD":
        assert response.json()["error"]["message"].startswith(
            "internal error of the mock: 'latin-1'"
        )
    assert [record.getMessage() for record in caplog.records] == [f"{method} /v1/videos"]


def test_client_that_disconnects_during_its_upload_gets_no_response(service: JobService) -> None:
    beginning: Message = {"type": "http.request", "body": orjson.dumps(PROMPT), "more_body": True}
    sent, _ = exchange_messages(
        create_app(service=service), post(), [beginning, {"type": "http.disconnect"}]
    )
    assert (sent, len(service.store)) == ([], 0)


def test_shutdown_during_an_upload_responds_with_an_error(service: JobService) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "query_string": b"", **post()}
    asyncio.run(create_app(service=service)(scope, receive, send))
    error: Json = orjson.loads(sent[1]["body"])["error"]
    assert sent[0]["status"] == 503
    assert error["message"] == "the server stops before the request has arrived"
    assert len(service.store) == 0


def test_only_responses_with_a_body_have_a_content_length(other_document: Document) -> None:
    clock = ManualClock(1_780_000_000)
    app = create_app(service=JobService(other_document, clock=clock, strict=True))
    key, body = {"x-render-key": "k"}, {"scene": "A teapot"}
    created = send_request(app, "POST /api/v7/renderings", json=body, headers=key)
    assert created.headers["content-length"] == str(len(created.content))
    clock.advance(10)
    path = f"/api/v7/renderings/{created.json()['job']['ref']}"
    head = send_request(app, f"HEAD {path}/film", headers=key)
    get = send_request(app, f"GET {path}/film", headers=key)
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))
    deleted = send_request(app, f"DELETE {path}", headers=key)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert "content-length" not in deleted.headers
