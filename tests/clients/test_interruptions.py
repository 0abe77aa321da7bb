"""Killed servers and disconnected clients: the other side notices and continues."""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, IncompleteRead
from itertools import product

import httpx2
import openai
import pytest

SECONDS = 10
HEADERS = {"Authorization": "Bearer sk-test"}
FORM = {**HEADERS, "Content-Type": "multipart/form-data; boundary=x"}
FIRST_HALF = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nA lighthouse '
SECOND_HALF = b"in a storm\r\n--x--\r\n"


@dataclass(frozen=True, slots=True)
class Server:
    """`aisa-testkit serve` in a separate process."""

    process: subprocess.Popen[str]
    base_url: str

    def kill(self) -> None:
        """Kill the process, like a crash."""
        self.process.kill()
        self.process.wait()

    def end(self) -> tuple[int, str]:
        """Return the exit code and stderr after a signal has stopped the process."""
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors

    def finished_job(self) -> str:
        """Create a job with the largest file and return the path of the file."""
        fields = {"prompt": "A lighthouse", "seconds": "12", "size": "1024x1792"}
        with httpx2.Client(headers=HEADERS, timeout=SECONDS) as client:
            job = client.post(f"{self.base_url}/videos", json=fields).json()
            url = httpx2.URL(f"{self.base_url}/videos/{job['id']}/content")
            while client.get(url).status_code != 200:
                pass
        return url.path


@contextmanager
def serve(*options: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Server(process, process.stdout.readline().split()[-1])
        finally:
            process.kill()


@contextmanager
def connection_to(server: Server) -> Iterator[HTTPConnection]:
    """Open a connection with small buffers, so that no whole file fits into them."""
    url = httpx2.URL(server.base_url)
    with socket.socket() as small:
        small.settimeout(SECONDS)
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        small.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 500)
        small.connect((url.host, url.port))
        connection = HTTPConnection(url.host)
        connection.sock = small
        yield connection


def idle(server: Server, connection: HTTPConnection) -> None:
    """Keep a connection open after a response."""
    connection.request("GET", "/v1/videos", headers=HEADERS)
    assert connection.getresponse().read()


def upload(server: Server, connection: HTTPConnection) -> None:
    """Send the first half of a form."""
    connection.putrequest("POST", "/v1/videos")
    for name, value in {**FORM, "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(FIRST_HALF + SECOND_HALF)))
    connection.endheaders()
    # The server sends 100 when it starts to read the body, so the upload has started.
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.send(FIRST_HALF)


def download(server: Server, connection: HTTPConnection) -> None:
    """Read the start of a file."""
    connection.request("GET", server.finished_job(), headers=HEADERS)
    assert connection.sock.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_killed_server_is_a_transport_error_during_an_upload() -> None:
    def slow(server: Server) -> Iterator[bytes]:
        yield FIRST_HALF
        server.kill()
        yield SECOND_HALF

    with (
        serve() as server,
        httpx2.Client(timeout=SECONDS) as client,
        pytest.raises(httpx2.TransportError) as caught,
    ):
        client.post(f"{server.base_url}/videos", headers=FORM, content=slow(server))
    assert not isinstance(caught.value, httpx2.TimeoutException)


def test_killed_server_is_an_incomplete_read_during_a_download() -> None:
    with serve("--speed", "1000") as server, connection_to(server) as connection:
        connection.request("GET", server.finished_job(), headers=HEADERS)
        response = connection.getresponse()
        assert len(response.read(1000)) == 1000
        server.kill()
        with pytest.raises(IncompleteRead):
            response.read()


@pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")
def test_killed_server_is_a_connection_error_for_the_sdk() -> None:
    statuses = []

    def count(response: httpx2.Response) -> None:
        statuses.append(response.status_code)
        if len(statuses) == 4:
            server.kill()

    with (
        serve() as server,
        openai.DefaultHttpxClient(
            event_hooks={"response": [count]}, timeout=SECONDS
        ) as http_client,
    ):
        client = openai.OpenAI(
            base_url=server.base_url, api_key="sk-test", max_retries=0, http_client=http_client
        )
        video = client.videos.create(prompt="A lighthouse")
        with pytest.raises(openai.APIConnectionError) as caught:
            client.videos.poll(video.id, poll_interval_ms=1)
    assert statuses == [200] * 4
    assert not isinstance(caught.value, openai.APITimeoutError)


def test_server_survives_clients_that_disconnect() -> None:
    with serve("--speed", "1000", "--strict") as server:
        for action, reset in product((idle, upload, download), (True, False)):
            with connection_to(server) as connection:
                action(server, connection)
                if reset:
                    # A connection with a linger time of 0 is reset instead of closed.
                    no_time = struct.pack("ii", 1, 0)
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
            with httpx2.Client(headers=HEADERS, timeout=SECONDS) as client:
                assert client.get(f"{server.base_url}/videos").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == (0, "")


SIGNALS = [
    pytest.param(signal.SIGINT, id="SIGINT"),
    pytest.param(signal.SIGTERM, id="SIGTERM"),
]


@pytest.mark.parametrize("number", SIGNALS)
def test_server_stops_on_a_signal_right_after_its_start(number: signal.Signals) -> None:
    with serve() as server:
        server.process.send_signal(number)
        assert server.end() == (0, "")


@pytest.mark.parametrize("number", SIGNALS)
def test_upload_is_completed_before_the_server_stops(number: signal.Signals) -> None:
    with serve() as server, connection_to(server) as unused, connection_to(server) as connection:
        idle(server, unused)
        upload(server, connection)
        server.process.send_signal(number)
        connection.send(SECOND_HALF)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 ")
        assert server.end() == (0, "")


def test_server_stops_despite_unfinished_requests() -> None:
    # Both signals in parallel, because a server waits some seconds for busy clients.
    with ExitStack() as stack:
        servers = [stack.enter_context(serve("--speed", "1000")) for _ in range(2)]
        for server, action in product(servers, (upload, download)):
            action(server, stack.enter_context(connection_to(server)))
        for server, number in zip(servers, (signal.SIGINT, signal.SIGTERM), strict=True):
            server.process.send_signal(number)
        for code, errors in (server.end() for server in servers):
            assert code == 0
            # uvicorn logs that it no longer waits, and nothing else.
            assert errors == "" or re.fullmatch(r"ERROR: +Cancel [0-9]+ running task.*\n", errors)
