"""Access to the control API, and its responses to unknown paths and methods."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from aisa_testkit.mock_server import JobService, MemoryStore, create_app
from aisa_testkit.mock_server.http.admin.admin_app import BODY_LIMIT
from aisa_testkit.mock_server.http.admin.admin_document import admin_document
from aisa_testkit.mock_server.http.headers import MAX_HEADER_BYTES
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.operation import Operation
from tests.support.asgi import exchange_messages, send_request

TOKEN = "tökn-of-the-admin"


def raw(**headers: str) -> list[tuple[bytes, bytes]]:
    """The headers as bytes in UTF-8; an underscore stands for a hyphen."""
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]


@pytest.fixture
def secured(service: JobService) -> ASGIApp:
    """An application with an admin token."""
    return create_app(service=service, admin_token=TOKEN)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(raw(authorization=f"Bearer {TOKEN}"), id="bearer token"),
        pytest.param(raw(authorization=f"bearer  {TOKEN}"), id="lower-case scheme"),
        pytest.param(raw(x_admin_token=TOKEN), id="own header"),
        pytest.param(
            raw(x_admin_token=TOKEN, authorization="Bearer sk-test"), id="besides an API key"
        ),
    ],
)
def test_admin_token_gives_access(secured: ASGIApp, headers: list[tuple[bytes, bytes]]) -> None:
    assert send_request(secured, "GET /__admin/jobs", headers=headers).status_code == 200


REQUESTS = ["GET /__admin/", "GET /__admin/jobs", "POST /__admin/reset", "GET /__admin/unknown"]


@pytest.mark.parametrize(
    ("request_line", "headers"),
    [
        pytest.param(REQUESTS[0], raw(), id="no token"),
        pytest.param(REQUESTS[1], raw(authorization="Bearer sk-test"), id="API key"),
        pytest.param(REQUESTS[2], raw(authorization="Bearer"), id="scheme only"),
        pytest.param(REQUESTS[3], raw(authorization=f"Basic {TOKEN}"), id="another scheme"),
        pytest.param(REQUESTS[0], raw(authorization=TOKEN), id="no scheme"),
        pytest.param(REQUESTS[1], raw(x_admin_token=""), id="empty header"),
        pytest.param(REQUESTS[2], raw(x_admin_token=TOKEN[:-1]), id="prefix of the token"),
        pytest.param(REQUESTS[3], raw(x_admin_token=f"{TOKEN}x"), id="longer than the token"),
    ],
)
def test_request_without_the_admin_token_is_unauthorized(
    secured: ASGIApp, service: JobService, request_line: str, headers: list[tuple[bytes, bytes]]
) -> None:
    send_request(secured, "POST /v1/videos", {"prompt": "A lighthouse"})
    rejected = send_request(secured, request_line, headers=headers)
    assert (rejected.status_code, rejected.headers["www-authenticate"]) == (401, "Bearer")
    assert rejected.json()["error"].startswith("authorization: must be Bearer and the admin token")
    assert "tökn" not in rejected.text
    assert len(service.store) == 1


@pytest.mark.parametrize(
    "operation", admin_document().operations.values(), ids=admin_document().operations
)
def test_every_operation_except_health_requires_the_admin_token(
    secured: ASGIApp, operation: Operation
) -> None:
    path = operation.path.replace("{id}", "any")
    response = send_request(secured, f"{operation.method} /__admin{path}", headers={})
    assert response.status_code == (200 if operation.id == "getHealth" else 401)


def test_mocked_api_requires_no_admin_token(secured: ASGIApp) -> None:
    assert send_request(secured, "GET /v1/videos").status_code == 200


def test_empty_admin_token_is_an_error(service: JobService) -> None:
    with pytest.raises(ValueError, match=r"admin_token \(--admin-token\) must not be empty"):
        create_app(service=service, admin_token="")


OTHER_SITES = {
    "origin of another site": ({"origin": "http://evil.example"}, "origin: must be that of"),
    "null origin": ({"origin": "null"}, "origin: must be that of"),
    "origin with another port": ({"origin": "http://mock"}, "origin: must be that of"),
    "host of another site": ({"host": "evil.example"}, "host: must be localhost"),
    "host in capitals": ({"host": "Evil.Example.:81"}, "host: must be localhost"),
    "subdomain localhost": ({"host": "localhost.evil.example"}, "host: must be localhost"),
    "subdomain like an address": ({"host": "127.0.0.1.evil.example"}, "host: must be localhost"),
    "host and origin of another site": (
        {"host": "evil.example:81", "origin": "http://evil.example:81"},
        "host: must be localhost",
    ),
}


@pytest.mark.parametrize(
    ("request_line", "headers", "reason"),
    [
        (request_line, headers, reason)
        for request_line, (headers, reason) in zip(REQUESTS * 2, OTHER_SITES.values(), strict=True)
    ],
    ids=OTHER_SITES,
)
def test_web_page_of_another_site_has_no_access(
    app: ASGIApp, service: JobService, request_line: str, headers: dict[str, str], reason: str
) -> None:
    send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"})
    rejected = send_request(app, request_line, headers={**headers, "content-type": "text/plain"})
    assert rejected.status_code == 403
    assert rejected.json()["error"].startswith(reason)
    assert "(--admin-token)" in rejected.json()["error"]
    assert "access-control-allow-origin" not in rejected.headers
    assert len(service.store) == 1


@pytest.mark.parametrize(
    "headers", [headers for headers, _ in OTHER_SITES.values()], ids=OTHER_SITES
)
def test_admin_token_gives_access_from_any_site(secured: ASGIApp, headers: dict[str, str]) -> None:
    sent = raw(x_admin_token=TOKEN, **headers)
    assert send_request(secured, "POST /__admin/reset", headers=sent).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:4010", "localhost.", "mock.localhost:81", "mock", "testserver"),
        *("127.0.0.1:4010", "10.1.2.3", "[::1]:4010", "[::ffff:1.2.3.4]", "host.docker.internal"),
        "Mock.Corp.Example:4010",
    ],
)
def test_web_page_of_this_server_has_access(service: JobService, host: str) -> None:
    app = create_app(service=service, host="mock.corp.example")
    for headers in ({"host": host}, {"host": host, "origin": f"http://{host.lower()}"}):
        assert send_request(app, "POST /__admin/reset", headers=headers).status_code == 200


def test_health_check_accepts_any_host_name(app: ASGIApp) -> None:
    assert (
        send_request(app, "GET /__admin/health", headers={"host": "evil.example"}).status_code
        == 200
    )


def test_headers_over_the_limit_are_rejected(app: ASGIApp) -> None:
    rejected = send_request(
        app, "POST /__admin/reset", headers={"x-filler": "k" * MAX_HEADER_BYTES}
    )
    reason = f"the headers must have at most {MAX_HEADER_BYTES} bytes"
    assert (rejected.status_code, rejected.json()) == (400, {"error": reason})


@pytest.mark.parametrize(
    "path",
    [
        *("/__admin/unknown", "/__admin/jobs/", "/__admin/jobs//complete", "/__admin//jobs"),
        *("/__admin/a%0Ab", "/__admin/jobs/a/b/c", "/__admin/%00", "/__admin/faults/"),
    ],
)
def test_unknown_path_is_not_found(app: ASGIApp, path: str) -> None:
    missing = send_request(app, f"GET {path}")
    assert missing.status_code == 404
    assert missing.json()["error"].startswith(
        "path: must be one of those that GET /__admin/ lists, not '/"
    )


@pytest.mark.parametrize("path", ["/__administrator", "/__admins/jobs"])
def test_path_that_only_starts_like_the_prefix_belongs_to_the_mocked_api(
    app: ASGIApp, path: str
) -> None:
    missing = send_request(app, f"GET {path}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "unknown_endpoint")


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
def test_unsupported_method_is_rejected_with_the_allowed_ones(
    app: ASGIApp, request_line: str, allowed: str
) -> None:
    rejected = send_request(app, request_line)
    assert (rejected.status_code, rejected.headers["allow"]) == (405, allowed)
    assert rejected.headers["content-type"] == "application/json"
    if not request_line.startswith("HEAD"):
        method = request_line.split(" ")[0]
        assert rejected.json() == {"error": f"method: must be one of {allowed}, not {method}"}


def test_head_response_is_the_get_response_without_its_body(app: ASGIApp) -> None:
    got, head = send_request(app, "GET /__admin/health"), send_request(app, "HEAD /__admin/health")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == got.headers


@pytest.mark.parametrize("path", ["/__admin", "/__admin/"])
def test_root_lists_the_operations(app: ASGIApp, path: str) -> None:
    assert send_request(app, f"GET {path}").json() == {"paths": admin_document().index()}


@pytest.mark.parametrize("host", ["", "[", "a b", "x:y:z", "mock\\evil", "ü"])
def test_invalid_host_is_handled(service: JobService, host: str) -> None:
    scope = {"path": "/__admin/document", "headers": [(b"host", host.encode())]}
    sent, _ = exchange_messages(create_app(service=service), scope, [REQUEST])
    data: Json = orjson.loads(sent[1]["body"])
    assert data["servers"][0]["url"].endswith("/v1")


@pytest.mark.parametrize("query", [b"\xff", b"%ff=1", b"=", b"&&&", b"a=%00"])
def test_invalid_query_string_is_handled(service: JobService, query: bytes) -> None:
    scope = {"path": "/__admin/jobs", "query_string": query}
    sent, _ = exchange_messages(create_app(service=service), scope, [REQUEST])
    assert sent[0]["status"] in (200, 400)
    assert orjson.loads(sent[1]["body"]).keys() in ({"error"}, {"jobs", "more"})


REQUEST: Message = {"type": "http.request"}
UPLOAD = {"method": "POST", "path": "/__admin/faults"}


def test_body_over_the_limit_is_not_read_to_its_end(service: JobService) -> None:
    chunks: list[Message] = [{"type": "http.request", "body": bytes(2**18), "more_body": True}] * 10
    sent, unread = exchange_messages(create_app(service=service), UPLOAD, chunks)
    assert (sent[0]["status"], unread) == (400, 5)
    reason = f"the body must have at most {BODY_LIMIT} bytes"
    assert orjson.loads(sent[1]["body"]) == {"error": reason}
    assert service.faults.to_json() == []


def test_client_that_disconnects_during_its_upload_gets_no_response(service: JobService) -> None:
    beginning: Message = {"type": "http.request", "body": b'{"status"', "more_body": True}
    messages = [beginning, {"type": "http.disconnect"}]
    sent, _ = exchange_messages(create_app(service=service), UPLOAD, messages)
    assert (sent, service.faults.to_json()) == ([], [])


def test_shutdown_during_an_upload_responds_with_503(
    service: JobService,
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        raise asyncio.CancelledError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {**UPLOAD, "type": "http", "query_string": b"", "headers": []}
    asyncio.run(create_app(service=service)(scope, receive, send))
    reason = "the server stops before the request has arrived"
    assert (sent[0]["status"], orjson.loads(sent[1]["body"])) == (503, {"error": reason})


def test_control_api_can_be_mounted_below_another_path(service: JobService) -> None:
    inner = create_app(service=service)
    app = Starlette(routes=[Mount("/elsewhere", inner)])
    document = send_request(app, "GET /elsewhere/__admin/document").json()
    assert document["servers"][0]["url"] == "http://mock:81/elsewhere/v1"
    own = send_request(app, "GET /elsewhere/__admin/openapi.json").json()
    assert own["servers"][0]["url"] == "http://mock:81/elsewhere/__admin"


class FullStore(MemoryStore):
    """A store whose disk is full."""

    def clear(self) -> None:
        raise OSError("the disk is full")


def test_internal_error_is_returned_as_json_and_logged(
    document: Document, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(service=JobService(document, store=FullStore()))
    response = send_request(app, "POST /__admin/reset")
    assert response.status_code == 500
    assert response.json() == {"error": "internal error of the mock: the disk is full"}
    (record,) = caplog.records
    assert record.getMessage() == "POST '/__admin/reset'"


PAGE = {"origin": "https://dashboard.example"}
PREFLIGHT = {
    **PAGE,
    "access-control-request-method": "GET",
    "access-control-request-headers": "authorization, x-admin-token",
}


def test_cors_preflight_of_a_web_page_passes_with_an_admin_token(secured: ASGIApp) -> None:
    response = send_request(secured, "OPTIONS /__admin/jobs", headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    assert "x-admin-token" in response.headers["access-control-allow-headers"]


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("another", 401)])
def test_web_page_may_read_the_response_to_its_token(
    secured: ASGIApp, token: str, status: int
) -> None:
    headers = raw(x_admin_token=token, **PAGE)
    response = send_request(secured, "GET /__admin/jobs", headers=headers)
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == "*"


def test_cors_preflight_of_a_web_page_fails_without_an_admin_token(service: JobService) -> None:
    app = create_app(service=service)
    response = send_request(app, "OPTIONS /__admin/jobs", headers=PREFLIGHT)
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers
