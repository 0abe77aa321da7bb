"""Time limits for the head and the body of a request, and for the wait for one."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse

import orjson
import pytest

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.mock_server.http.server import serve_app
from tests.support.serve_process import serve_process

LIMIT = 0.05
HEAD = b"POST /v1/videos HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-test\r\n"
UPLOAD = HEAD + b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{}"


@contextmanager
def connect(service: JobService, journal: Journal) -> Iterator[socket.socket]:
    """A connection to a server with a short time limit."""
    app = create_app(service=service, journal=journal, body_limit=1000)
    with (
        serve_app(app, request_timeout=LIMIT) as listener,
        socket.create_connection(listener.getsockname(), timeout=10) as connection,
    ):
        yield connection


@pytest.fixture
def journal(service: JobService) -> Journal:
    return Journal(service.document, now=service.clock.now)


@pytest.fixture
def connection(service: JobService, journal: Journal) -> Iterator[socket.socket]:
    with connect(service, journal) as connection:
        yield connection


def drip(connection: socket.socket, data: bytes) -> None:
    """Send bytes one by one until the server disconnects."""
    try:
        while True:
            connection.sendall(data)
    except OSError:
        pass


@pytest.mark.parametrize("sent", [b"", b"\r\n"], ids=["silent", "empty lines"])
def test_connection_without_a_request_is_closed(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    assert connection.recv(1) == b""


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"POST /v1/videos", "the head has not arrived within 0.05 seconds"),
        (HEAD, "the head has not arrived within 0.05 seconds"),
        (UPLOAD, "a time limit of 0.1 seconds ended the upload after 2 of 99 bytes of the body"),
    ],
    ids=["request line", "headers", "body"],
)
def test_request_that_does_not_arrive_in_time_gets_408(
    connection: socket.socket, journal: Journal, sent: bytes, reason: str
) -> None:
    connection.sendall(sent)
    response = HTTPResponse(connection)
    response.begin()
    message = orjson.loads(response.read())["error"]["message"]
    assert (response.status, message) == (408, reason)
    assert connection.recv(1) == b""
    (request,) = journal.requests({})["requests"]
    assert (request["path"], request["status"], request["invalid"]) == ("/v1/videos", 408, reason)


def test_slow_upload_to_the_control_api_gets_408(connection: socket.socket) -> None:
    connection.sendall(b"POST /__admin/faults HTTP/1.1\r\nHost: localhost\r\n")
    connection.sendall(b"Content-Length: 99\r\n\r\n{")
    response = HTTPResponse(connection)
    response.begin()
    error = orjson.loads(response.read())["error"]
    assert (response.status, error) == (
        408,
        "the body: a time limit of 0.1 seconds ended the upload",
    )


@pytest.mark.parametrize(
    ("start", "data"),
    [(HEAD + b"X-Drip: ", b"x"), (b"", b"\r\n"), (UPLOAD.replace(b"99", b"999999999"), b"x")],
    ids=["head", "empty lines", "body that was rejected"],
)
def test_client_that_sends_slowly_without_an_end_is_disconnected(
    connection: socket.socket, start: bytes, data: bytes
) -> None:
    connection.sendall(start)
    drip(connection, data)


def test_request_in_several_pieces_within_the_limit_is_answered(
    service: JobService, journal: Journal
) -> None:
    app = create_app(service=service, journal=journal)
    with (
        serve_app(app) as listener,
        socket.create_connection(listener.getsockname(), timeout=10) as connection,
    ):
        for _ in range(2):
            for piece in (HEAD[:30], HEAD[30:], b"Content-Length: 2\r\n\r\n{", b"}"):
                connection.sendall(piece)
            response = HTTPResponse(connection)
            response.begin()
            assert response.read()
            assert response.status == 400


@pytest.mark.skipif(sys.platform != "linux", reason="limits the files of another process")
def test_silent_connections_that_use_up_all_files_end_in_time() -> None:
    import resource

    with serve_process("--request-timeout", "1") as server, ExitStack() as stack:
        # A mock has about 20 open files.
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (100, 100))
        address = server.url.removeprefix("http://").partition("/")[0].split(":")
        silent = [
            stack.enter_context(socket.create_connection((address[0], int(address[1])), timeout=30))
            for _ in range(256)
        ]
        for connection in silent:
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert server.request("GET", "/videos").status_code == 200
        assert server.next_error().endswith("Closed a connection without a request after 1 seconds")
