"""Who is let in to the control API, and what those hear who ask for something that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import httpx2
import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from aisa_testkit.mock_server import JobService, MemoryStore, create_app
from aisa_testkit.mock_server.http.admin.admin_app import BODY_LIMIT
from aisa_testkit.mock_server.http.headers import HEAD_LIMIT
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json

Ask = Callable[..., httpx2.Response]

TOKEN = "tökn-of-the-admin"
SENT = TOKEN.encode().decode("latin-1")


@pytest.fixture
def guarded(service: JobService) -> ASGIApp:
    return create_app(service=service, admin_token=TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"authorization": f"Bearer {SENT}"}, id="as a bearer"),
        pytest.param({"authorization": f"bearer  {SENT}"}, id="spelt otherwise"),
        pytest.param({"x-admin-token": SENT}, id="in its own header"),
        pytest.param(
            {"x-admin-token": SENT, "authorization": "Bearer sk-test"}, id="beside a key of the API"
        ),
    ],
)
def test_the_admin_token_lets_in(ask: Ask, guarded: ASGIApp, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    assert ask(guarded, "GET /__admin/jobs", headers=raw).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"authorization": "Bearer sk-test"}, id="a key of the API"),
        pytest.param({"authorization": "Bearer"}, id="no token"),
        pytest.param({"authorization": f"Basic {SENT}"}, id="another scheme"),
        pytest.param({"authorization": SENT}, id="no scheme"),
        pytest.param({"x-admin-token": ""}, id="an empty header"),
        pytest.param({"x-admin-token": SENT[:-1]}, id="a part of it"),
        pytest.param({"x-admin-token": f"{SENT}x"}, id="more than it"),
    ],
)
@pytest.mark.parametrize(
    "request_line",
    ["GET /__admin/", "GET /__admin/jobs", "POST /__admin/reset", "GET /__admin/nowhere"],
)
def test_whoever_lacks_the_admin_token_learns_and_changes_nothing(
    ask: Ask, guarded: ASGIApp, service: JobService, request_line: str, headers: dict[str, str]
) -> None:
    ask(guarded, "POST /v1/videos", {"prompt": "A lighthouse"})
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    refused = ask(guarded, request_line, headers=raw)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert refused.json()["error"].startswith("authorization: must be Bearer and the admin token")
    assert "tökn" not in refused.text
    assert len(service.store) == 1


def test_the_health_and_the_api_itself_want_no_admin_token(ask: Ask, guarded: ASGIApp) -> None:
    assert ask(guarded, "GET /__admin/health", headers={}).status_code == 200
    assert ask(guarded, "GET /v1/videos").status_code == 200


def test_an_empty_admin_token_is_a_mistake(service: JobService) -> None:
    with pytest.raises(ValueError, match=r"admin_token \(--admin-token\) must not be empty"):
        create_app(service=service, admin_token="")


STRANGERS = [
    pytest.param({"origin": "http://evil.example"}, "origin: must be that of", id="another site"),
    pytest.param({"origin": "null"}, "origin: must be that of", id="a page of no site"),
    pytest.param({"origin": "http://mock"}, "origin: must be that of", id="another port"),
    pytest.param({"host": "evil.example"}, "host: must be localhost", id="a name that leads here"),
    pytest.param({"host": "Evil.Example.:81"}, "host: must be localhost", id="spelt otherwise"),
    pytest.param({"host": "localhost.evil.example"}, "host: must be localhost", id="one in front"),
    pytest.param({"host": "127.0.0.1.evil.example"}, "host: must be localhost", id="an address"),
    pytest.param(
        {"host": "evil.example:81", "origin": "http://evil.example:81"},
        "host: must be localhost",
        id="a page of that name",
    ),
]


@pytest.mark.parametrize(("headers", "reason"), STRANGERS)
@pytest.mark.parametrize(
    "request_line",
    ["GET /__admin/", "GET /__admin/requests", "POST /__admin/reset", "GET /__admin/nowhere"],
)
def test_a_web_page_of_another_site_learns_and_changes_nothing(
    ask: Ask,
    app: ASGIApp,
    service: JobService,
    request_line: str,
    headers: dict[str, str],
    reason: str,
) -> None:
    ask(app, "POST /v1/videos", {"prompt": "A lighthouse"})
    refused = ask(app, request_line, headers={**headers, "content-type": "text/plain"})
    assert refused.status_code == 403
    assert refused.json()["error"].startswith(reason)
    assert "(--admin-token)" in refused.json()["error"]
    assert "access-control-allow-origin" not in refused.headers
    assert len(service.store) == 1


@pytest.mark.parametrize("headers", [entry.values[0] for entry in STRANGERS])
def test_the_admin_token_lets_in_from_anywhere(
    ask: Ask, guarded: ASGIApp, headers: dict[str, str]
) -> None:
    raw = {"x-admin-token": TOKEN.encode(), **{n: v.encode() for n, v in headers.items()}}
    assert ask(guarded, "POST /__admin/reset", headers=raw).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:4010", "localhost.", "mock.localhost:81", "mock", "testserver"),
        *("127.0.0.1:4010", "10.1.2.3", "[::1]:4010", "[::ffff:1.2.3.4]", "host.docker.internal"),
        "Mock.Corp.Example:4010",
    ],
)
def test_whoever_is_at_this_server_is_let_in(ask: Ask, service: JobService, host: str) -> None:
    app = create_app(service=service, host="mock.corp.example")
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host.lower()}"}):
        assert ask(app, "POST /__admin/reset", headers=headers).status_code == 200


def test_the_health_is_told_by_any_name(ask: Ask, app: ASGIApp) -> None:
    assert ask(app, "GET /__admin/health", headers={"host": "evil.example"}).status_code == 200


def test_a_head_that_is_too_large_is_refused(ask: Ask, app: ASGIApp) -> None:
    refused = ask(app, "POST /__admin/reset", headers={"x-filler": "k" * HEAD_LIMIT})
    reason = f"the head: must have at most {HEAD_LIMIT} bytes, not more"
    assert (refused.status_code, refused.json()) == (400, {"error": reason})


@pytest.mark.parametrize(
    "path",
    [
        *("/__admin/nowhere", "/__admin/jobs/", "/__admin/jobs//complete", "/__admin//jobs"),
        *("/__admin/a%0Ab", "/__admin/jobs/a/b/c", "/__admin/%00", "/__admin/faults/"),
    ],
)
def test_a_path_that_is_not_there_is_named(ask: Ask, app: ASGIApp, path: str) -> None:
    missed = ask(app, f"GET {path}")
    assert missed.status_code == 404
    assert missed.json()["error"].startswith(
        "path: must be one of those that GET /__admin/ lists, not '/"
    )


@pytest.mark.parametrize("path", ["/__administrator", "/__admins/jobs"])
def test_the_prefix_of_the_control_api_ends_with_a_slash(ask: Ask, app: ASGIApp, path: str) -> None:
    missed = ask(app, f"GET {path}")
    assert (missed.status_code, missed.json()["error"]["code"]) == (404, "unknown_endpoint")


@pytest.mark.parametrize(
    ("request_line", "allowed"),
    [
        ("POST /__admin/health", "GET, HEAD"),
        ("DELETE /__admin/clock", "GET, HEAD, PUT, POST"),
        ("OPTIONS /__admin/faults", "GET, HEAD, POST, DELETE"),
        ("GET /__admin/reset", "POST"),
        ("HEAD /__admin/jobs/any/fail", "POST"),
        ("PATCH /__admin/faults/any", "DELETE"),
    ],
)
def test_another_method_is_told_which_there_are(
    ask: Ask, app: ASGIApp, request_line: str, allowed: str
) -> None:
    refused = ask(app, request_line)
    assert (refused.status_code, refused.headers["allow"]) == (405, allowed)
    assert refused.headers["content-type"] == "application/json"
    if not request_line.startswith("HEAD"):
        method = request_line.split(" ")[0]
        assert refused.json() == {"error": f"method: must be one of {allowed}, not {method}"}


def test_head_answers_as_get_without_the_body(ask: Ask, app: ASGIApp) -> None:
    got, head = ask(app, "GET /__admin/health"), ask(app, "HEAD /__admin/health")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize("path", ["/__admin", "/__admin/"])
def test_the_root_lists_what_can_be_asked(ask: Ask, app: ASGIApp, path: str) -> None:
    paths = ask(app, f"GET {path}").json()["paths"]
    assert {
        "method": "POST",
        "path": "/__admin/reset",
        "summary": "Forgets every job, fault, choice and request; the clock goes on",
    } in paths


@pytest.mark.parametrize("host", ["", "[", "a b", "x:y:z", "mock\\evil", "ü"])
def test_a_host_that_is_none_does_no_harm(service: JobService, host: str) -> None:
    sent = drive(
        create_app(service=service),
        {"path": "/__admin/document", "headers": [(b"host", host.encode())]},
        [{"type": "http.request"}],
    )
    data: Json = orjson.loads(sent[1]["body"])
    assert data["servers"][0]["url"].endswith("/v1")


@pytest.mark.parametrize("query", [b"\xff", b"%ff=1", b"=", b"&&&", b"a=%00"])
def test_a_query_that_is_none_does_no_harm(service: JobService, query: bytes) -> None:
    scope: dict[str, object] = {"path": "/__admin/jobs", "query_string": query}
    sent = drive(create_app(service=service), scope, [{"type": "http.request"}])
    assert sent[0]["status"] in (200, 400)
    assert orjson.loads(sent[1]["body"]).keys() in ({"error"}, {"jobs", "more"})


def test_a_body_that_is_too_large_is_read_no_further(service: JobService) -> None:
    chunks = [{"type": "http.request", "body": bytes(2**18), "more_body": True}] * 10
    incoming = iter(chunks)
    scope: dict[str, object] = {"method": "POST", "path": "/__admin/faults"}
    sent = drive(create_app(service=service), scope, incoming)
    assert (sent[0]["status"], len([*incoming])) == (400, 5)
    reason = f"the body: must have at most {BODY_LIMIT} bytes, not more"
    assert orjson.loads(sent[1]["body"]) == {"error": reason}
    assert service.faults.listed() == []


def test_a_client_that_leaves_during_its_upload_gets_no_answer(service: JobService) -> None:
    beginning = {"type": "http.request", "body": b'{"status"', "more_body": True}
    scope: dict[str, object] = {"method": "POST", "path": "/__admin/faults"}
    sent = drive(create_app(service=service), scope, [beginning, {"type": "http.disconnect"}])
    assert (sent, service.faults.listed()) == ([], [])


def test_a_client_whose_upload_does_not_end_hears_of_the_end_of_the_server(
    service: JobService,
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {**BASE, "method": "POST", "path": "/__admin/faults"}
    asyncio.run(create_app(service=service)(scope, receive, send))
    reason = "the server stops before the request has arrived"
    assert (sent[0]["status"], orjson.loads(sent[1]["body"])) == (503, {"error": reason})


def test_the_control_api_can_be_mounted_below_another_path(ask: Ask, service: JobService) -> None:
    inner = create_app(service=service)
    app = Starlette(routes=[Mount("/elsewhere", inner)])
    document = ask(app, "GET /elsewhere/__admin/document").json()
    assert document["servers"][0]["url"] == "http://mock:81/elsewhere/v1"
    own = ask(app, "GET /elsewhere/__admin/openapi.json").json()
    assert own["servers"][0]["url"] == "http://mock:81/elsewhere/__admin"


class FullStore(MemoryStore):
    """A store whose disk is full."""

    def clear(self) -> None:
        raise OSError("the disk is full")


def test_a_fault_of_the_mock_is_answered_as_json_and_logged(
    ask: Ask, document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(service=JobService(document, store=FullStore()))
    answer = ask(app, "POST /__admin/reset")
    assert answer.status_code == 500
    assert answer.json() == {"error": "a fault of the mock: the disk is full"}
    (record,) = caplog.records
    assert record.getMessage() == "POST '/__admin/reset'"


BASE = {"type": "http", "method": "GET", "query_string": b"", "headers": [], "scheme": "http"}


def drive(app: ASGIApp, scope: dict[str, object], received: Iterable[Message]) -> list[Message]:
    """What the application sends when it receives these messages."""
    incoming, sent = iter(received), []

    async def receive() -> Message:
        return next(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await app({**BASE, **scope}, receive, send)

    asyncio.run(run())
    return sent
