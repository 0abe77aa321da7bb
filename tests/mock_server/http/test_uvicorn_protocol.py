"""Delayed, slow and broken responses over a socket."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx2
import pytest
import uvicorn
import uvloop
from uvicorn.server import ServerState

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, SystemClock
from aisa_testkit.mock_server.http.app import ApiApp
from aisa_testkit.mock_server.http.server import base_url, serve_app
from aisa_testkit.mock_server.http.uvicorn_protocol import BreakableProtocol
from aisa_testkit.openapi import Delivery, Document, Reply

BODY = bytes(range(256)) * 4
HOUR = 3600.0
SECONDS = 10
GET = b"GET /v1/videos HTTP/1.1\r\nhost: mock\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
Run: TypeAlias = Callable[[Coroutine[Any, Any, None]], None]


class ScriptedEndpoint(Endpoint):
    """An endpoint that returns its `replies` one after the other."""

    def __init__(self, service: JobService, *replies: Reply) -> None:
        super().__init__(service)
        self.replies = deque(replies)

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        return self.replies.popleft()


class ObservedClock(SystemClock):
    """Real time; calls `on_wait` (which sets `waiting`) when a response is delayed."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = threading.Event()
        self.on_wait: Callable[[], object] = self.waiting.set

    async def async_wait_before_response(self, seconds: float) -> None:
        self.on_wait()
        await super().async_wait_before_response(seconds)


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the event loop of the test, with the state of uvicorn."""

    port: int
    state: ServerState

    async def wait_until_idle(self) -> None:
        """Return when every request has ended; fail if a connection is open."""
        await asyncio.gather(*self.state.tasks)
        assert self.state.connections == set()


class Client:
    """A raw connection."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.connection, data)

    async def receive(self, size: int = 65536) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.connection, size)

    async def read_all(self) -> tuple[bytes, bool]:
        """All further bytes, and True if the connection was reset at the end."""
        received = bytearray()
        try:
            while data := await self.receive():
                received += data
        except ConnectionResetError:
            return bytes(received), True
        return bytes(received), False

    def close(self) -> None:
        """Close the connection by a TCP FIN."""
        self.connection.close()

    def reset(self) -> None:
        """Close the connection by a TCP RST."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine in an event loop, with a time-out."""

    def run(exchange: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(exchange, SECONDS))

    return run


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """The warnings and errors in the logs of uvicorn, asyncio and the mock."""
    log = logging.getLogger("uvicorn.error")

    def messages() -> list[str]:
        # uvicorn does not propagate its log.
        if caplog.handler not in log.handlers:
            log.addHandler(caplog.handler)
        return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]

    messages()
    yield messages
    log.removeHandler(caplog.handler)


@asynccontextmanager
async def serving(endpoint: Endpoint) -> AsyncIterator[Server]:
    config = uvicorn.Config(ApiApp(endpoint), ws="none", lifespan="off", log_config=None)
    state = ServerState()
    listener = await asyncio.get_running_loop().create_server(
        lambda: BreakableProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with listener:
        yield Server(listener.sockets[0].getsockname()[1], state)


@asynccontextmanager
async def client_of(server: Server, *, small_buffer: bool = False) -> AsyncIterator[Client]:
    with socket.socket() as connection:
        connection.setblocking(False)
        if small_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", server.port))
        yield Client(connection)


def reply(delivery: Delivery | None, body: bytes = BODY, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "text/plain"}, body, delivery)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("arrives", [-1, 0, 100, len(BODY), 2 * len(BODY)])
def test_connection_breaks_after_the_given_number_of_bytes(
    service: JobService, run: Run, logged: Callable[[], list[str]], arrives: int, reset: bool
) -> None:
    async def exchange() -> None:
        endpoint = ScriptedEndpoint(service, reply(Delivery(bytes_delivered=arrives, reset=reset)))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET)
            received, was_reset = await client.read_all()
            head, _, body = received.partition(b"\r\n\r\n")
            assert was_reset is reset
            assert body == BODY[: max(0, arrives)]
            assert head.startswith(b"HTTP/1.1 200 OK") is (arrives >= 0)
            assert (b"content-length: %d" % len(BODY) in head) is (arrives >= 0)
            await server.wait_until_idle()

    run(exchange())
    assert logged() == []


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_slow_reader_gets_every_byte_before_the_connection_breaks(
    service: JobService, run: Run, reset: bool
) -> None:
    large = bytes(8_000_000)

    async def exchange() -> None:
        endpoint = ScriptedEndpoint(
            service, reply(Delivery(bytes_delivered=7_999_999, reset=reset), large)
        )
        async with serving(endpoint) as server, client_of(server, small_buffer=True) as client:
            await client.send(GET)
            received, was_reset = await client.read_all()
            assert (len(received.partition(b"\r\n\r\n")[2]), was_reset) == (7_999_999, reset)
            await server.wait_until_idle()

    run(exchange())


@pytest.mark.parametrize(
    ("request_bytes", "response"),
    [
        pytest.param(HEAD, Reply(200, {"content-length": "1024"}), id="HEAD"),
        pytest.param(GET, Reply(204), id="204"),
        pytest.param(GET, Reply(304, {"etag": '"x"'}), id="304"),
        pytest.param(GET, Reply(200), id="empty body"),
    ],
)
@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(delay=5, body_seconds=5),
        Delivery(bytes_delivered=0),
        Delivery(bytes_delivered=9, reset=True),
    ],
    ids=["slow", "closed after it", "reset after it"],
)
def test_response_without_a_body_is_sent_completely(
    service: JobService,
    run: Run,
    logged: Callable[[], list[str]],
    request_bytes: bytes,
    response: Reply,
    delivery: Delivery,
) -> None:
    async def exchange() -> None:
        endpoint = ScriptedEndpoint(service, replace(response, delivery=delivery), reply(None))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(request_bytes)
            head = await client.receive()
            assert head.startswith(b"HTTP/1.1 %d " % response.status)
            assert head.endswith(b"\r\n\r\n")
            assert b"chunked" not in head
            if delivery.is_incomplete:
                assert await client.read_all() == (b"", delivery.reset)
            else:
                await client.send(GET)
                assert b"content-length: 1024\r\n" in await client.receive()
                client.connection.close()
                assert isinstance(service.clock, ManualClock)
                assert service.clock.now() == 1_780_000_005

    run(exchange())
    assert logged() == []


def test_latency_and_slow_body_pass_on_the_clock(
    service: JobService, clock: ManualClock, run: Run
) -> None:
    async def exchange() -> None:
        endpoint = ScriptedEndpoint(
            service, reply(Delivery(delay=HOUR, body_seconds=60)), reply(None)
        )
        async with serving(endpoint) as server, client_of(server) as client:
            start = clock.now()
            await client.send(GET + GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            received, was_reset = await client.read_all()
            assert clock.now() - start == pytest.approx(HOUR + 60)
            assert (received.count(BODY), received.count(b"HTTP/1.1 200 OK")) == (2, 2)
            assert not was_reset
            await server.wait_until_idle()

    run(exchange())


DELAYED = Delivery(delay=HOUR)
SLOW = Delivery(body_seconds=HOUR)
LOST = Delivery(delay=HOUR, bytes_delivered=-1, reset=True)


@pytest.mark.parametrize(
    ("delivery", "request_bytes", "disconnect"),
    [
        pytest.param(DELAYED, GET, Client.reset, id="delayed, RST"),
        pytest.param(DELAYED, GET + GET, Client.close, id="delayed, pipelined, FIN"),
        pytest.param(SLOW, GET, Client.close, id="slow, FIN"),
        pytest.param(SLOW, GET + GET, Client.reset, id="slow, pipelined, RST"),
        pytest.param(LOST, GET, Client.close, id="lost, FIN"),
        pytest.param(LOST, GET + GET, Client.reset, id="lost, pipelined, RST"),
    ],
)
def test_delayed_response_ends_when_its_client_disconnects(
    document: Document,
    run: Run,
    logged: Callable[[], list[str]],
    delivery: Delivery,
    request_bytes: bytes,
    disconnect: Callable[[Client], None],
) -> None:
    async def exchange() -> None:
        clock, waiting = ObservedClock(), asyncio.Event()
        clock.on_wait = waiting.set
        endpoint = ScriptedEndpoint(JobService(document, clock=clock), reply(delivery))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(request_bytes)
            await waiting.wait()
            disconnect(client)
            await server.wait_until_idle()

    run(exchange())
    assert logged() == []


def test_pipelined_request_after_a_broken_response_gets_no_response(
    service: JobService, run: Run, logged: Callable[[], list[str]]
) -> None:
    async def exchange() -> None:
        endpoint = ScriptedEndpoint(service, reply(Delivery(bytes_delivered=0)), reply(None))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET + GET)
            received, _ = await client.read_all()
            assert received.count(b"HTTP/1.1") == 1
            assert len(endpoint.replies) == 1
            await server.wait_until_idle()

    run(exchange())
    assert logged() == []


@pytest.mark.parametrize(
    "full", [False, True], ids=["before the buffer is full", "when the buffer is full"]
)
def test_shutdown_does_not_wait_for_a_client_that_does_not_read_before_a_reset(
    service: JobService, run: Run, logged: Callable[[], list[str]], full: bool
) -> None:
    delivery = Delivery(body_seconds=9, bytes_delivered=7_999_999, reset=True)

    async def exchange() -> None:
        endpoint = ScriptedEndpoint(service, reply(delivery, bytes(8_000_000)))
        async with serving(endpoint) as server, client_of(server, small_buffer=True) as client:
            await client.send(GET)
            assert (await client.receive(4)) == b"HTTP"
            (connection,) = server.state.connections
            assert isinstance(connection, BreakableProtocol)
            while full and not connection.flow.write_paused:
                await asyncio.sleep(0)
            connection.shutdown()
            await server.wait_until_idle()

    run(exchange())
    assert logged() == []


@pytest.mark.parametrize(
    ("delivery", "outcome"),
    [
        pytest.param(Delivery(delay=HOUR), BODY, id="delayed"),
        pytest.param(Delivery(body_seconds=HOUR), BODY, id="slow"),
        pytest.param(Delivery(delay=HOUR, bytes_delivered=-1), b"closed", id="lost"),
    ],
)
def test_shutdown_ends_the_delays_of_open_responses(
    document: Document, logged: Callable[[], list[str]], delivery: Delivery, outcome: bytes
) -> None:
    clock, outcomes = ObservedClock(), []
    endpoint = ScriptedEndpoint(JobService(document, clock=clock), reply(delivery))

    def request(url: str) -> None:
        try:
            outcomes.append(httpx2.get(f"{url}/videos", timeout=None).content)
        except httpx2.RemoteProtocolError:
            outcomes.append(b"closed")

    with serve_app(ApiApp(endpoint)) as listener:
        logged()  # starting the server has configured its log
        client = threading.Thread(target=request, args=[base_url(listener, document)])
        client.start()
        clock.waiting.wait()
    client.join()
    assert outcomes == [outcome]
    assert logged() == []


def asgi_get(endpoint: Endpoint, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """The response of the application without a socket."""

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(ApiApp(endpoint))
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            return await client.get("/v1/videos", headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("arrives", [-1, 9])
def test_asgi_server_without_connection_extension_raises_connection_reset_error(
    service: JobService, arrives: int
) -> None:
    endpoint = ScriptedEndpoint(service, reply(Delivery(bytes_delivered=arrives)))
    with pytest.raises(ConnectionResetError, match="this ASGI server cannot close connections"):
        asgi_get(endpoint)


def test_latency_passes_on_any_asgi_server(service: JobService, clock: ManualClock) -> None:
    start = clock.now()
    endpoint = ScriptedEndpoint(service, reply(Delivery(delay=9, body_seconds=1)))
    assert asgi_get(endpoint).content == BODY
    assert clock.now() - start == pytest.approx(10)


def test_delayed_response_has_cors_headers(service: JobService) -> None:
    endpoint = ScriptedEndpoint(service, reply(Delivery(delay=9)))
    response = asgi_get(endpoint, {"origin": "https://page.example"})
    assert (response.headers["access-control-allow-origin"], response.content) == ("*", BODY)


def test_broken_response_has_cors_headers(service: JobService, run: Run) -> None:
    async def exchange() -> None:
        endpoint = ScriptedEndpoint(service, reply(Delivery(bytes_delivered=7)))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET.replace(b"host:", b"origin: https://page.example\r\nhost:"))
            received, _ = await client.read_all()
            assert b"access-control-allow-origin: *\r\n" in received
            assert received.endswith(b"\r\n\r\n" + BODY[:7])
            await server.wait_until_idle()

    run(exchange())
