"""Offers to switch to another protocol, which the mock ignores."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.client import HTTPResponse

import orjson
import pytest

from aisa_testkit.mock_server import VideoServer

JSON = b'{"prompt": "A ferry", "seconds": "8"}'
CHUNKED = b"5\r\n" + JSON[:5] + b"\r\n%x\r\n" % len(JSON[5:]) + JSON[5:] + b"\r\n0\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(JSON)
H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
OFFERS = {
    "h2c": H2C,
    "websocket": b"Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
    "TLS": b"upgrade: TLS/1.0\r\nconnection: upgrade\r\n",
    "several": b"Connection: upgrade\r\nUpgrade: h2c, TLS/1.2\r\nUpgrade: foo/2\r\n",
}


def post(offer: bytes, framing: bytes = LENGTH, body: bytes = JSON) -> bytes:
    """A request that creates a job and makes an offer."""
    head = b"POST /v1/videos HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-test\r\n"
    return head + offer + b"Content-Type: application/json\r\n" + framing + b"\r\n" + body


@pytest.fixture
def connection(server: VideoServer) -> Iterator[socket.socket]:
    port = int(server.base_url.rpartition(":")[2].partition("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def receive(connection: socket.socket) -> tuple[int, object]:
    """The status and the JSON of one response."""
    response = HTTPResponse(connection)
    response.begin()
    return response.status, orjson.loads(response.read())


def assert_job(response: tuple[int, object]) -> None:
    status, job = response
    assert isinstance(job, dict), job
    assert (status, job.get("seconds")) == (200, "8")


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())
@pytest.mark.parametrize("body", [(LENGTH, JSON), (b"Transfer-Encoding: chunked\r\n", CHUNKED)])
@pytest.mark.parametrize("cut", [None, 30, -len(JSON), -3])
def test_offer_is_ignored_and_the_body_is_read(
    connection: socket.socket, offer: bytes, body: tuple[bytes, bytes], cut: int | None
) -> None:
    request = post(offer, *body)
    for segment in (request[:cut], request[cut:] if cut else b""):
        connection.sendall(segment)
    assert_job(receive(connection))
    connection.sendall(post(b""))
    assert_job(receive(connection))


def test_offer_that_arrives_byte_by_byte_is_ignored(connection: socket.socket) -> None:
    for byte in post(H2C):
        connection.sendall(bytes([byte]))
    assert_job(receive(connection))


@pytest.mark.parametrize(
    ("first", "last"), [(H2C, H2C), (b"", H2C), (H2C, b"")], ids=["both", "second", "first"]
)
def test_pipelined_offers_are_ignored(connection: socket.socket, first: bytes, last: bytes) -> None:
    # The second request closes the connection, so that both responses can be read at once.
    connection.sendall(post(first) + post(last + b"Connection: close\r\n"))
    received = b""
    while data := connection.recv(65536):
        received += data
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert received.count(b'"seconds":"8"') == 2


def test_offer_of_a_request_without_a_body_is_ignored(connection: socket.socket) -> None:
    get = b"GET /v1/videos/none HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-test\r\n"
    connection.sendall(get + H2C + b"\r\n")
    assert receive(connection)[0] == 404


def test_connect_is_answered(connection: socket.socket) -> None:
    connection.sendall(b"CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
