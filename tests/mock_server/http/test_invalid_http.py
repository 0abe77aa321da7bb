"""Requests that are not valid HTTP or end early: the response, and the entry in the journal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse

import orjson
import pytest

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi.json import Json

HEAD = b"POST /v1/videos HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-test\r\n"
UPLOAD = HEAD + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n"
CHUNKED = HEAD + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
ENDED = "the client ended the connection"


class MockServer:
    """A server with a journal."""

    def __init__(self, service: JobService, journal: Journal, port: int) -> None:
        self.service, self.journal, self.port = service, journal, port

    @contextmanager
    def connect(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            yield connection

    @property
    def invalid(self) -> list[list[Json]]:
        """Method, path, status and reason of the requests in the journal."""
        return [
            [request.get(name) for name in ("method", "path", "status", "invalid")]
            for request in self.journal.requests({})["requests"]
        ]


@contextmanager
def serve(service: JobService) -> Iterator[MockServer]:
    journal = Journal(service.document, now=service.clock.now)
    with serve_app(create_app(service=service, journal=journal)) as listener:
        yield MockServer(service, journal, listener.getsockname()[1])


@pytest.fixture
def mock(service: JobService) -> Iterator[MockServer]:
    with serve(service) as mock:
        yield mock


def read_error(connection: socket.socket) -> tuple[int, str]:
    """The status and the message of a response, after which the connection is closed."""
    response = HTTPResponse(connection)
    response.begin()
    error = orjson.loads(response.read())["error"]
    assert connection.recv(1) == b""
    return response.status, error["message"]


@pytest.mark.parametrize(
    ("sent", "method", "path", "reason"),
    [
        (b"hello\r\n\r\n", "?", "?", "Invalid method encountered"),
        (b"\x16\x03\x01\x02\x00\x01", "?", "?", "the client uses TLS, but the URL of the mock"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI", "*", ""),
        (b"CONNECT api:443 HTTP/1.1\r\nHost: api\r\n\r\n", "CONNECT", "api:443", "CONNECT"),
        (b"POST /v1/videos HTTP/1.1\r\nbad header\r\n\r\n", "POST", "/v1/videos", "Invalid header"),
        (b"POST /__admin/reset HTTP/1.1\r\na\0: b\r\n\r\n", "POST", "/__admin/reset", "Invalid "),
    ],
    ids=["text", "TLS", "HTTP/2", "CONNECT", "header without a colon", "control API"],
)
def test_invalid_head_is_answered_and_in_the_journal(
    mock: MockServer, sent: bytes, method: str, path: str, reason: str
) -> None:
    with mock.connect() as connection:
        connection.sendall(sent)
        status, message = read_error(connection)
    assert (status, message.startswith(reason)) == (400, True), message
    ((*entry, invalid),) = mock.invalid
    assert entry == [method, path, 400]
    assert invalid == message


@pytest.mark.parametrize(
    ("sent", "path", "reason"),
    [
        (b"POST /v1/vid", "/v1/vid", ENDED),
        (HEAD, "/v1/videos", ENDED),
        (UPLOAD, "/v1/videos", f"{ENDED} after 0 of 99 bytes of the body"),
        (UPLOAD + b'{"prompt": "x"}', "/v1/videos", f"{ENDED} after 15 of 99 bytes of the body"),
        (CHUNKED + b"\r\n3\r\nabc", "/v1/videos", f"{ENDED} after 3 bytes of the body"),
    ],
    ids=["request line", "headers", "no body", "part of the body", "chunk"],
)
def test_request_that_ends_early_is_answered_and_in_the_journal(
    mock: MockServer, sent: bytes, path: str, reason: str
) -> None:
    with mock.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert read_error(connection) == (400, reason)
    assert mock.invalid == [["POST", path, 400, reason]]
    assert len(mock.service.store) == 0


def test_malformed_chunk_is_answered_and_in_the_journal(mock: MockServer) -> None:
    with mock.connect() as connection:
        connection.sendall(CHUNKED + b"\r\nxyz\r\n")
        status, message = read_error(connection)
    assert status == 400
    assert message.endswith("after 0 bytes of the body")
    assert mock.invalid == [["POST", "/v1/videos", 400, message]]


def test_invalid_request_after_a_valid_one_is_answered(mock: MockServer) -> None:
    valid = b"GET /v1/videos HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-test\r\n\r\n"
    with mock.connect() as connection:
        connection.sendall(valid + b"hello\r\n\r\n")
        received = b""
        while data := connection.recv(65536):
            received += data
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 400 ") == 1


@pytest.mark.parametrize(("version", "status"), [(b"1.1", 400), (b"1.0", 200)])
def test_only_http_1_1_needs_the_header_host(mock: MockServer, version: bytes, status: int) -> None:
    with mock.connect() as connection:
        connection.sendall(b"GET /v1/videos HTTP/%s\r\n" % version)
        connection.sendall(b"Authorization: Bearer k\r\nConnection: close\r\n\r\n")
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == status
    invalid = [["GET", "/v1/videos", 400, "the header Host is missing"]]
    assert mock.invalid == (invalid if status == 400 else [["GET", "/v1/videos", 200, None]])


@pytest.mark.parametrize(
    ("hosts", "reason"),
    [
        ([b"mock", b"mock"], "the header Host must be given once, not 2 times"),
        ([b"mock", b"evil", b""], "the header Host must be given once, not 3 times"),
        ([b"a b"], "the header Host must be a name and a port, not 'a b'"),
        ([b"user@mock"], "the header Host must be a name and a port, not 'user@mock'"),
        ([b"mock:80:80"], "the header Host must be a name and a port, not 'mock:80:80'"),
    ],
    ids=["twice", "three times", "blank", "user", "two ports"],
)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("path", ["/v1/videos", "/__admin/health"])
def test_invalid_host_is_rejected(
    mock: MockServer, hosts: list[bytes], reason: str, version: bytes, path: str
) -> None:
    lines = b"".join(b"Host: %s\r\n" % host for host in hosts)
    with mock.connect() as connection:
        connection.sendall(b"GET %s HTTP/%s\r\n" % (path.encode(), version) + lines)
        connection.sendall(b"Authorization: Bearer k\r\nConnection: close\r\n\r\n")
        assert read_error(connection) == (400, reason)
    assert mock.invalid == [["GET", path, 400, reason]]


@pytest.mark.parametrize(
    "host", [b"", b"mock", b"my_mock:4010", b"[::1]:80", b"[fe80::1%25eth0]", b"127.0.0.1:"]
)
def test_valid_host_is_accepted(mock: MockServer, host: bytes) -> None:
    with mock.connect() as connection:
        connection.sendall(b"GET /v1/videos HTTP/1.1\r\nHost: %s\r\n" % host)
        connection.sendall(b"Authorization: Bearer k\r\nConnection: close\r\n\r\n")
        response = HTTPResponse(connection)
        response.begin()
        assert response.status == 200


@pytest.mark.parametrize("path", ["/__admin/health", "/v1/videos"])
def test_every_path_needs_the_header_host(mock: MockServer, path: str) -> None:
    with mock.connect() as connection:
        connection.sendall(b"GET %s HTTP/1.1\r\nConnection: close\r\n\r\n" % path.encode())
        assert read_error(connection) == (400, "the header Host is missing")


ADMIN_HEAD = b"POST /__admin/faults HTTP/1.1\r\nHost: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (ADMIN_HEAD + b'Content-Length: 99\r\n\r\n{"', ENDED),
        (ADMIN_HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "Invalid character in chunk"),
    ],
    ids=["incomplete body", "malformed chunk"],
)
def test_broken_upload_to_the_control_api_is_answered(
    mock: MockServer, sent: bytes, reason: str
) -> None:
    with mock.connect() as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        response = HTTPResponse(connection)
        response.begin()
        error = orjson.loads(response.read())["error"]
        assert connection.recv(1) == b""
    assert (response.status, error.startswith(f"the body: {reason}")) == (400, True), error
    assert mock.service.faults.to_json() == []


def test_upload_to_the_control_api_at_the_stop_of_the_server_gets_503(service: JobService) -> None:
    with serve(service) as mock, mock.connect() as connection:
        connection.sendall(ADMIN_HEAD + b"Content-Length: 99\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        stopped = connection.dup()
    with stopped:
        response = HTTPResponse(stopped)
        response.begin()
        assert orjson.loads(response.read()) == {"error": "the body: the server stops"}
    assert response.status == 503


def test_trailer_is_not_a_header(mock: MockServer) -> None:
    head = CHUNKED.replace(b"Authorization: Bearer sk-test\r\n", b"")
    body = b"2\r\n{}\r\n0\r\nAuthorization: Bearer sk-test\r\n\r\n"
    with mock.connect() as connection:
        connection.sendall(head + b"Connection: close\r\n\r\n" + body)
        assert read_error(connection)[0] == 401


def test_upload_at_the_stop_of_the_server_is_answered_with_503(service: JobService) -> None:
    with serve(service) as mock, mock.connect() as connection:
        connection.sendall(UPLOAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        mock_server = mock
        stopped = connection.dup()
    with stopped:
        response = HTTPResponse(stopped)
        response.begin()
        message = orjson.loads(response.read())["error"]["message"]
    assert response.status == 503
    assert mock_server.invalid == [["POST", "/v1/videos", 503, message]]


def test_verdict_does_not_report_a_broken_upload(mock: MockServer) -> None:
    with mock.connect() as connection:
        connection.sendall(UPLOAD)
        connection.shutdown(socket.SHUT_WR)
        read_error(connection)
    assert mock.journal.client_verdict().violations == ()
