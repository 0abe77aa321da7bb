"""The gateway forwards exactly the request that it understood, and never shows the API key."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import quote

import pytest
from starlette.requests import Request
from starlette.responses import Response

from aisa_testkit.mock_server import SystemClock
from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import Contract
from aisa_testkit.pytest_plugin.gateway import Gateway
from aisa_testkit.pytest_plugin.live_budget import LiveBudget
from tests.support.asgi import send_request
from tests.support.stub_server import stub_server

LIVE_KEY = "sk-live/0123456789+abc"
JSON_HEADERS = {"authorization": "Bearer any", "content-type": "application/json"}


@dataclass
class Upstream:
    """A server in place of the live API, which keeps requests and returns `reply`."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: list[dict[str, bytes]] = field(default_factory=list)
    reply: bytes = b"{}"
    reply_headers: dict[str, str] = field(default_factory=dict)

    async def respond(self, request: Request) -> Response:
        target = request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode()
        self.requests.append((request.method, target, await request.body()))
        self.headers.append({k.decode(): v for k, v in request.scope["headers"]})
        return Response(self.reply, 400, self.reply_headers, "application/json")


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def budget() -> LiveBudget:
    return LiveBudget(Decimal(1), LIVE_KEY)


@pytest.fixture
def gateway(document: Document, upstream: Upstream, budget: LiveBudget) -> Iterator[Gateway]:
    with stub_server(upstream.respond) as url:
        yield gateway_to(document, url + "/v1", budget)


def gateway_to(document: Document, url: str, budget: LiveBudget) -> Gateway:
    journal = Contract().open_journal(document, SystemClock(), live=True)
    return Gateway(document, upstream=url, budget=budget, journal=journal)


@pytest.mark.parametrize(
    "request_line",
    [
        *("DELETE /v1/videos/%2e%2e", "GET /v1/videos/%2E", "DELETE /v1/videos/..%2Fmodels"),
        *("DELETE /v1/videos/x%2F..%2F..", "GET /videos", "GET /v1//videos", "GET /v1/models"),
    ],
)
def test_other_paths_are_not_forwarded(
    gateway: Gateway, upstream: Upstream, request_line: str
) -> None:
    assert send_request(gateway, request_line).status_code == 404
    assert not upstream.requests


def test_path_and_query_are_forwarded_in_one_spelling(gateway: Gateway, upstream: Upstream) -> None:
    send_request(gateway, "GET /v1/videos/%61b%2fc%3F?x=1&y&z=%41")
    assert upstream.requests == [("GET", "/v1/videos/ab%2Fc%3F?x=1&y=&z=A", b"")]


@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": "A", "seconds": "12", "seconds": "4"}',
        b'{"prompt": "A", "seconds": "12", "\\u0073econds": "4"}',
    ],
)
def test_create_with_a_duplicate_field_is_not_forwarded(
    gateway: Gateway, upstream: Upstream, budget: LiveBudget, body: bytes
) -> None:
    reply = send_request(gateway, "POST /v1/videos", content=body, headers=JSON_HEADERS)
    assert reply.status_code == 400
    assert "not sent: seconds: must be given once, not twice" in reply.text
    assert (len(upstream.requests), budget.spent) == (0, Decimal(0))


def test_compressed_create_is_forwarded_as_it_was_understood(
    gateway: Gateway, upstream: Upstream
) -> None:
    body = b'{"prompt": "A"}'
    headers = {**JSON_HEADERS, "content-encoding": "gzip"}
    send_request(gateway, "POST /v1/videos", content=gzip.compress(body), headers=headers)
    assert upstream.requests[0][2] == body
    assert "content-encoding" not in upstream.headers[0]
    reply = send_request(gateway, "POST /v1/videos", content=body, headers=headers)
    assert (reply.status_code, len(upstream.requests)) == (415, 1)


def test_create_with_two_media_types_is_not_forwarded(gateway: Gateway, upstream: Upstream) -> None:
    types = [b"application/json", b"multipart/form-data; boundary=b"]
    headers = [(b"authorization", b"Bearer any"), *((b"content-type", name) for name in types)]
    content = b'{"prompt": "A"}'
    reply = send_request(gateway, "POST /v1/videos", content=content, headers=headers)
    assert (reply.status_code, upstream.requests) == (400, [])


def test_header_beyond_ascii_is_forwarded(gateway: Gateway, upstream: Upstream) -> None:
    upstream.reply_headers = {"x-name": "caf\xe9"}
    headers = [(b"authorization", b"Bearer any"), (b"x-app", b"caf\xe9")]
    reply = send_request(gateway, "GET /v1/videos", headers=headers)
    assert upstream.headers[0]["x-app"] == b"caf\xe9"
    assert upstream.headers[0]["authorization"] == f"Bearer {LIVE_KEY}".encode()
    assert (b"x-name", b"caf\xe9") in reply.headers.raw


@pytest.mark.parametrize(
    "shown",
    [
        LIVE_KEY,
        LIVE_KEY.replace("/", "\\/"),
        "".join(f"\\u{ord(c):04x}" for c in LIVE_KEY),
        quote(LIVE_KEY, safe=""),
        b64encode(f"user:{LIVE_KEY}".encode()).decode(),
    ],
    ids=["plain", "escaped slash", "escaped characters", "URL", "base64"],
)
def test_response_with_the_live_key_is_redacted(
    gateway: Gateway, upstream: Upstream, shown: str
) -> None:
    upstream.reply = f'{{"error": "{shown}"}}'.encode()
    upstream.reply_headers = {"x-key": shown}
    reply = send_request(gateway, "GET /v1/videos")
    for text in (reply.text, reply.headers["x-key"]):
        assert "[*key*]" in text
        assert shown[4:-4] not in text


def test_live_key_that_is_invalid_in_a_header_is_not_shown_and_not_charged(
    document: Document, upstream: Upstream
) -> None:
    budget = LiveBudget(Decimal(1), "sk-live-before\na-line-break")
    with stub_server(upstream.respond) as url:
        gateway = gateway_to(document, url, budget)
        body = b'{"prompt": "A"}'
        reply = send_request(gateway, "POST /v1/videos", content=body, headers=JSON_HEADERS)
    assert reply.status_code == 424
    assert "sk-live" not in reply.text
    assert "line-break" not in reply.text
    assert (len(upstream.requests), budget.spent) == (0, Decimal(0))
