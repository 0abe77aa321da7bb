"""Servers that die and clients that leave: the other side learns of it, and goes on."""

from __future__ import annotations

import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
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
    """`aisa-testkit serve`, in a process of its own."""

    process: subprocess.Popen[str]
    base_url: str

    def kill(self) -> None:
        """Ends it as a crash does: without a word to anybody."""
        self.process.kill()
        self.process.wait()

    def end(self) -> tuple[int, str]:
        """Its exit code and all that it wrote to stderr, once a signal has stopped it."""
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors

    def finished_job(self) -> str:
        """The path of the largest file that there is."""
        fields = {"prompt": "A lighthouse", "seconds": "12", "size": "1024x1792"}
        with httpx2.Client(headers=HEADERS, timeout=SECONDS) as client:
            job = client.post(f"{self.base_url}/videos", json=fields).json()
            url = httpx2.URL(f"{self.base_url}/videos/{job['id']}/content")
            while client.get(url).status_code != 200:
                pass
        return url.path


@contextmanager
def serving(*options: str) -> Iterator[Server]:
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
    """A connection in small pieces, of which only few are under way: the system takes in no whole
    file at once, neither here nor at the server.
    """
    url = httpx2.URL(server.base_url)
    with socket.socket() as narrow:
        narrow.settimeout(SECONDS)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 500)
        narrow.connect((url.host, url.port))
        connection = HTTPConnection(url.host)
        connection.sock = narrow
        yield connection


def idle(server: Server, connection: HTTPConnection) -> None:
    """Keeps a connection open whose request has been answered."""
    connection.request("GET", "/v1/videos", headers=HEADERS)
    assert connection.getresponse().read()


def upload(server: Server, connection: HTTPConnection) -> None:
    """Sends the first half of a form."""
    connection.putrequest("POST", "/v1/videos")
    for name, value in {**FORM, "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(FIRST_HALF + SECOND_HALF)))
    connection.endheaders()
    # The server asks for the body when it begins to read it, so the upload is under way.
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 ")
    connection.send(FIRST_HALF)


def download(server: Server, connection: HTTPConnection) -> None:
    """Reads the beginning of a file."""
    connection.request("GET", server.finished_job(), headers=HEADERS)
    assert connection.sock.recv(1000).startswith(b"HTTP/1.1 200 ")


Act = Callable[[Server, HTTPConnection], None]


def test_killed_server_is_a_transport_error_during_an_upload() -> None:
    def slow(server: Server) -> Iterator[bytes]:
        yield FIRST_HALF
        server.kill()
        yield SECOND_HALF

    with (
        serving() as server,
        httpx2.Client(timeout=SECONDS) as client,
        pytest.raises(httpx2.TransportError) as caught,
    ):
        client.post(f"{server.base_url}/videos", headers=FORM, content=slow(server))
    assert not isinstance(caught.value, httpx2.TimeoutException)


def test_killed_server_is_an_incomplete_read_during_a_download() -> None:
    with serving("--speed", "1000") as server, connection_to(server) as connection:
        connection.request("GET", server.finished_job(), headers=HEADERS)
        response = connection.getresponse()
        assert len(response.read(1000)) == 1000
        server.kill()
        with pytest.raises(IncompleteRead):
            response.read()


@pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")
def test_killed_server_is_a_connection_error_for_the_sdk() -> None:
    answers = []

    def count(response: httpx2.Response) -> None:
        answers.append(response.status_code)
        if len(answers) == 4:
            server.kill()

    with (
        serving() as server,
        httpx2.Client(event_hooks={"response": [count]}, timeout=SECONDS) as http_client,
    ):
        client = openai.OpenAI(
            base_url=server.base_url, api_key="sk-test", max_retries=0, http_client=http_client
        )
        video = client.videos.create(prompt="A lighthouse")
        with pytest.raises(openai.APIConnectionError) as caught:
            client.videos.poll(video.id, poll_interval_ms=1)
    assert answers == [200] * 4
    assert not isinstance(caught.value, openai.APITimeoutError)


@pytest.mark.parametrize("act", [idle, upload, download])
def test_server_survives_clients_that_disconnect(act: Act) -> None:
    with serving("--speed", "1000", "--strict") as server:
        for linger in (False, True):
            with connection_to(server) as connection:
                act(server, connection)
                if not linger:
                    # Without time to linger, the connection is reset instead of closed.
                    no_time = struct.pack("ii", 1, 0)
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_time)
            with httpx2.Client(headers=HEADERS, timeout=SECONDS) as client:
                assert client.get(f"{server.base_url}/videos").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == (0, "")


SIGNALS = [
    pytest.param(signal.SIGINT, id="interrupted"),
    pytest.param(signal.SIGTERM, id="terminated"),
]


@pytest.mark.parametrize("number", SIGNALS)
def test_server_stops_on_a_signal_right_after_its_start(number: signal.Signals) -> None:
    with serving() as server:
        server.process.send_signal(number)
        assert server.end() == (0, "")


@pytest.mark.parametrize("number", SIGNALS)
def test_upload_is_completed_before_the_server_stops(number: signal.Signals) -> None:
    with serving() as server, connection_to(server) as connection:
        upload(server, connection)
        server.process.send_signal(number)
        connection.send(SECOND_HALF)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 200 ")
        assert server.end() == (0, "")


@pytest.mark.parametrize("acts", [[idle], [upload, download]], ids=["idle", "busy"])
def test_server_stops_despite_open_connections(acts: list[Act]) -> None:
    # Both signals at once: a server waits some seconds for its busy clients.
    with ExitStack() as stack:
        servers = [stack.enter_context(serving("--speed", "1000")) for _ in range(2)]
        for server, act in product(servers, acts):
            act(server, stack.enter_context(connection_to(server)))
        for server, number in zip(servers, (signal.SIGINT, signal.SIGTERM), strict=True):
            server.process.send_signal(number)
        for code, errors in (server.end() for server in servers):
            assert code == 0
            # uvicorn says that it does not wait any longer; that is all there is to say.
            assert errors == "" or re.fullmatch(r"ERROR: +Cancel [0-9]+ running task.*\n", errors)
