"""The ASGI application by itself, driven by hand where a client could not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import httpx2
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

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

KEY = {"authorization": "Bearer sk-test"}
PROMPT = {"prompt": "A lighthouse in a storm"}


def ask(app: ASGIApp, method: str, path: str, **sent: Any) -> httpx2.Response:
    """The response of the application to one request, without a socket."""

    async def respond() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            return await client.request(method, path, **sent)

    return asyncio.run(respond())


def drive(
    app: ASGIApp, scope: dict[str, object], received: Iterable[Message]
) -> tuple[list[Message], int]:
    """What the application sends when it receives these messages, and how many it leaves."""
    incoming, sent = list(received), []

    async def receive() -> Message:
        return incoming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await app({**base, **scope}, receive, send)

    base = {"path": "/v1/videos", "raw_path": b"/v1/videos", "query_string": b"", "headers": []}
    asyncio.run(run())
    return sent, len(incoming)


def post(*headers: tuple[bytes, bytes]) -> dict[str, object]:
    key, kind = (b"authorization", b"Bearer k"), (b"content-type", b"application/json")
    return {"type": "http", "method": "POST", "headers": [key, kind, *headers]}


def chunks(*bodies: bytes) -> Iterator[Message]:
    last = len(bodies) - 1
    for index, body in enumerate(bodies):
        yield {"type": "http.request", "body": body, "more_body": index < last}


def test_the_application_can_be_mounted_below_another_path() -> None:
    inner = create_app()
    app = Starlette(routes=[Mount("/elsewhere", inner)])
    made = ask(app, "POST", "/elsewhere/v1/videos", json=PROMPT, headers=KEY)
    path = f"/elsewhere/v1/videos/{made.json()['id']}"
    assert ask(app, "GET", path, headers=KEY).json()["id"] == made.json()["id"]
    assert ask(app, "GET", "/elsewhere/__admin/health").json()["jobs"] == 1
    assert ask(app, "GET", "/elsewhere/v1/videos/a%2Fb", headers=KEY).status_code == 404
    assert ask(app, "GET", "/v1/videos", headers=KEY).status_code == 404
    assert len(inner.state.service.store) == 1


def test_a_document_and_a_service_are_not_taken_together(
    document: Document, service: JobService
) -> None:
    with pytest.raises(ValueError, match="give a document or a service, not both"):
        create_app(document, service=service)


def test_the_application_serves_the_document_that_it_is_given(other_document: Document) -> None:
    app = create_app(other_document)
    assert ask(app, "GET", "/api/v7/renderings", headers={"x-render-key": "k"}).status_code == 200
    assert ask(app, "GET", "/v1/videos", headers=KEY).json().keys() == {"problem", "detail"}


@pytest.mark.parametrize("path", ["/v1/videos", "/__admin/health", "/nowhere"])
def test_a_websocket_is_refused_before_its_handshake(path: str) -> None:
    scope: dict[str, object] = {"type": "websocket", "path": path, "raw_path": path.encode()}
    sent, _ = drive(create_app(), scope, [{"type": "websocket.connect"}])
    assert [message["type"] for message in sent] == ["websocket.close"]


class FullStore(MemoryStore):
    """A store whose disk is full."""

    def add(self, job: Job) -> None:
        raise OSError("the disk is full")


def test_a_fault_is_answered_in_the_envelope_and_logged(
    document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(service=JobService(document, store=FullStore(), strict=True))
    with caplog.at_level(logging.ERROR, "aisa_testkit"):
        response = ask(app, "POST", "/v1/videos", json=PROMPT, headers=KEY)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (500, "internal_error")
    assert error["message"] == "internal error of the mock: the disk is full"
    (record,) = caplog.records
    assert record.getMessage() == "POST /v1/videos"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], OSError)
    assert ask(app, "GET", "/v1/videos", headers=KEY).json()["data"] == []


def test_a_page_of_another_origin_may_call_and_read_everything() -> None:
    app, origin = create_app(), {"origin": "https://app.example"}
    asked = {
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "authorization, content-type, x-mock-scenario",
    }
    preflight = ask(app, "OPTIONS", "/v1/videos/video_0", headers={**origin, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "DELETE" in preflight.headers["access-control-allow-methods"]
    assert (
        preflight.headers["access-control-allow-headers"] == asked["access-control-request-headers"]
    )
    refused = ask(app, "GET", "/v1/videos/video_0", headers={**KEY, **origin})
    assert refused.status_code == 404
    assert refused.headers["access-control-allow-origin"] == "*"
    assert refused.headers["access-control-expose-headers"] == "*"


def test_options_without_a_preflight_is_a_method_that_the_path_lacks() -> None:
    headers = {"origin": "https://app.example"}
    response = ask(create_app(), "OPTIONS", "/v1/videos", headers=headers)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD, POST")
    assert "access-control-allow-origin" not in ask(create_app(), "OPTIONS", "/v1/videos").headers


@pytest.mark.parametrize("told", [True, False], ids=["length told", "length unknown"])
def test_a_body_may_have_as_many_bytes_as_the_limit_and_no_more(
    service: JobService, told: bool
) -> None:
    body = orjson.dumps(PROMPT)
    length = [(b"content-length", b"%d" % len(body))] if told else []
    statuses = {}
    for limit in (len(body), len(body) - 1):
        app = create_app(service=service, body_limit=limit)
        sent, _ = drive(app, post(*length), chunks(body[:9], body[9:]))
        statuses[limit] = sent[0]["status"]
    assert statuses == {len(body): 200, len(body) - 1: 413}
    assert len(service.store) == 1


def test_a_body_over_the_limit_is_read_no_further(service: JobService) -> None:
    app = create_app(service=service, body_limit=100)
    sent, unread = drive(app, post(), chunks(*[bytes(40)] * 10))
    assert (sent[0]["status"], unread) == (413, 7)
    length = (b"content-length", b"101")
    sent, unread = drive(app, post(length), chunks(bytes(101)))
    assert (sent[0]["status"], unread) == (413, 1)
    error: Json = orjson.loads(sent[1]["body"])["error"]
    assert error["message"] == "the body is larger than the limit of 100 bytes"


def test_a_body_that_is_not_read_stands_in_the_journal(service: JobService) -> None:
    journal = Journal(service.document, now=service.clock.now)
    app = create_app(service=service, body_limit=100, journal=journal)
    drive(app, post((b"content-length", b"101")), [])
    (request,) = journal.requests({})["requests"]
    assert (request["operation"], request["status"], request["fields"]) == ("createVideo", 413, {})


def test_a_head_may_have_as_many_bytes_as_the_limit_and_no_more(service: JobService) -> None:
    app = create_app(service=service)
    scope = post()
    size = header_bytes({"path": "/v1/videos", "query_string": b"", **scope})
    statuses = {}
    for over in (0, 1):
        filler = (b"x", bytes(MAX_HEADER_BYTES - size - 1 + over))
        sent, unread = drive(app, post(filler), chunks(orjson.dumps(PROMPT)))
        statuses[over] = (sent[0]["status"], unread)
    assert statuses == {0: (200, 0), 1: (413, 1)}
    error: Json = orjson.loads(sent[1]["body"])["error"]
    assert error["message"] == f"the head is larger than the limit of {MAX_HEADER_BYTES} bytes"
    assert len(service.store) == 1


@pytest.mark.parametrize(
    "part",
    [
        pytest.param({"headers": [(b"authorization", bytes(MAX_HEADER_BYTES))]}, id="a key"),
        pytest.param({"headers": [(b"x-%d" % i, bytes(70)) for i in range(1000)]}, id="many"),
        pytest.param({"query_string": bytes(MAX_HEADER_BYTES)}, id="a query"),
        pytest.param({"raw_path": b"/" * (MAX_HEADER_BYTES + 1)}, id="a path"),
    ],
)
def test_no_part_of_a_head_may_be_too_large(service: JobService, part: dict[str, object]) -> None:
    scope: dict[str, object] = {"type": "http", "method": "GET", **part}
    sent, _ = drive(create_app(service=service), scope, [])
    assert sent[0]["status"] == 413


class Unwritable(Endpoint):
    """Answers with a header that HTTP has no bytes for."""

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        return Reply(200, {"content-type": "snow \N{SNOWMAN}"}, b"{}")


@pytest.mark.parametrize("method", ["POST", "HEAD"])
def test_an_answer_that_no_header_can_hold_is_a_fault_of_the_mock(
    service: JobService, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    app = ApiApp(Unwritable(service))
    with caplog.at_level(logging.ERROR, "aisa_testkit"):
        response = ask(app, method, "/v1/videos", json=PROMPT, headers=KEY)
    assert (response.status_code, response.headers["content-type"]) == (500, "application/json")
    if method != "HEAD":
        assert response.json()["error"]["message"].startswith(
            "internal error of the mock: 'latin-1'"
        )
    assert [record.getMessage() for record in caplog.records] == [f"{method} /v1/videos"]


def test_a_client_that_leaves_during_its_upload_gets_no_answer(service: JobService) -> None:
    beginning: Message = {"type": "http.request", "body": orjson.dumps(PROMPT), "more_body": True}
    sent, _ = drive(create_app(service=service), post(), [beginning, {"type": "http.disconnect"}])
    assert (sent, len(service.store)) == ([], 0)


def test_every_answer_with_a_body_tells_its_length_and_no_other(other_document: Document) -> None:
    clock = ManualClock()
    app = create_app(service=JobService(other_document, clock=clock, strict=True))
    key, order = {"x-render-key": "k"}, {"scene": "A teapot"}
    made = ask(app, "POST", "/api/v7/renderings", json=order, headers=key)
    assert made.headers["content-length"] == str(len(made.content))
    clock.advance(10)
    path = f"/api/v7/renderings/{made.json()['job']['ref']}"
    film = ask(app, "HEAD", f"{path}/film", headers=key)
    got = ask(app, "GET", f"{path}/film", headers=key)
    assert film.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    gone = ask(app, "DELETE", path, headers=key)
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-length" not in gone.headers
