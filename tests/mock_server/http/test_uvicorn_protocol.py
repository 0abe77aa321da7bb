"""Answers over a socket that are late, slow or broken off, and what is left of them: nothing."""

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


class Scripted(Endpoint):
    """An endpoint that gives its `replies`, one after the other, to whatever it is asked."""

    def __init__(self, service: JobService, *replies: Reply) -> None:
        super().__init__(service)
        self.replies = deque(replies)

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        return self.replies.popleft()


class TellingClock(SystemClock):
    """Real time, and `holding` is set as soon as an answer is held back."""

    def __init__(self) -> None:
        super().__init__()
        self.holding = threading.Event()
        self.tell: Callable[[], object] = self.holding.set

    async def async_wait_before_response(self, seconds: float) -> None:
        self.tell()
        await super().async_wait_before_response(seconds)


@dataclass(frozen=True, slots=True)
class Server:
    """A server in the loop of the test, with what uvicorn counts."""

    port: int
    state: ServerState

    async def ended(self) -> None:
        """Returns when every request has come to its end; fails if a connection is left."""
        await asyncio.gather(*self.state.tasks)
        assert self.state.connections == set()


class Client:
    """A raw connection."""

    def __init__(self, link: socket.socket) -> None:
        self.link = link

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.link, data)

    async def receive(self, size: int = 65536) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.link, size)

    async def rest(self) -> tuple[bytes, bool]:
        """All that still comes, and whether the connection was reset at the end."""
        got = bytearray()
        try:
            while data := await self.receive():
                got += data
        except ConnectionResetError:
            return bytes(got), True
        return bytes(got), False

    def reset(self) -> None:
        """Leaves without a word."""
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.close()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a coroutine in a loop of either kind; what hangs, fails."""

    def run(story: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(asyncio.wait_for(story, SECONDS))

    return run


@pytest.fixture
def noise(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What uvicorn, asyncio and the mock have to complain of; uvicorn keeps its log to itself."""
    log = logging.getLogger("uvicorn.error")

    def listen() -> list[str]:
        if caplog.handler not in log.handlers:
            log.addHandler(caplog.handler)
        return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]

    listen()
    yield listen
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
async def client_of(server: Server, *, narrow: bool = False) -> AsyncIterator[Client]:
    with socket.socket() as link:
        link.setblocking(False)
        if narrow:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", server.port))
        yield Client(link)


def reply(delivery: Delivery | None, body: bytes = BODY, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "text/plain"}, body, delivery)


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("arrives", [-1, 0, 100, len(BODY), 2 * len(BODY)])
def test_a_connection_breaks_behind_the_bytes_that_are_to_arrive(
    service: JobService, run: Run, noise: Callable[[], list[str]], arrives: int, reset: bool
) -> None:
    async def story() -> None:
        endpoint = Scripted(service, reply(Delivery(bytes_delivered=arrives, reset=reset)))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET)
            got, was_reset = await client.rest()
            head, _, body = got.partition(b"\r\n\r\n")
            assert was_reset is reset
            assert body == BODY[: max(0, arrives)]
            assert head.startswith(b"HTTP/1.1 200 OK") is (arrives >= 0)
            assert (b"content-length: %d" % len(BODY) in head) is (arrives >= 0)
            await server.ended()

    run(story())
    assert noise() == []


@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_a_client_that_reads_slowly_gets_every_byte_before_the_break(
    service: JobService, run: Run, reset: bool
) -> None:
    large = bytes(8_000_000)

    async def story() -> None:
        endpoint = Scripted(service, reply(Delivery(bytes_delivered=7_999_999, reset=reset), large))
        async with serving(endpoint) as server, client_of(server, narrow=True) as client:
            await client.send(GET)
            got, was_reset = await client.rest()
            assert (len(got.partition(b"\r\n\r\n")[2]), was_reset) == (7_999_999, reset)
            await server.ended()

    run(story())


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        pytest.param(HEAD, Reply(200, {"content-length": "1024"}), id="HEAD"),
        pytest.param(GET, Reply(204), id="204"),
        pytest.param(GET, Reply(304, {"etag": '"x"'}), id="304"),
        pytest.param(GET, Reply(200), id="an empty body"),
    ],
)
@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(delay=5, body_seconds=5),
        Delivery(bytes_delivered=0),
        Delivery(bytes_delivered=9, reset=True),
    ],
    ids=["slow", "closed behind it", "reset behind it"],
)
def test_an_answer_without_a_body_arrives_as_a_whole(
    service: JobService,
    run: Run,
    noise: Callable[[], list[str]],
    asked: bytes,
    answer: Reply,
    delivery: Delivery,
) -> None:
    async def story() -> None:
        endpoint = Scripted(service, replace(answer, delivery=delivery), reply(None))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(asked)
            head = await client.receive()
            assert head.startswith(b"HTTP/1.1 %d " % answer.status)
            assert head.endswith(b"\r\n\r\n")
            assert b"chunked" not in head
            if delivery.is_incomplete:
                assert await client.rest() == (b"", delivery.reset)
            else:
                await client.send(GET)
                assert b"content-length: 1024\r\n" in await client.receive()
                client.link.close()
                assert isinstance(service.clock, ManualClock)
                assert service.clock.now() == 1_780_000_005

    run(story())
    assert noise() == []


def test_a_late_and_slow_answer_takes_its_time_on_the_clock(
    service: JobService, clock: ManualClock, run: Run
) -> None:
    async def story() -> None:
        endpoint = Scripted(service, reply(Delivery(delay=HOUR, body_seconds=60)), reply(None))
        async with serving(endpoint) as server, client_of(server) as client:
            start = clock.now()
            await client.send(GET + GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
            got, was_reset = await client.rest()
            assert clock.now() - start == pytest.approx(HOUR + 60)
            assert (got.count(BODY), got.count(b"HTTP/1.1 200 OK")) == (2, 2)
            assert not was_reset
            await server.ended()

    run(story())


@pytest.mark.parametrize("leave", [Client.reset, lambda client: client.link.close()])
@pytest.mark.parametrize("asked", [GET, GET + GET], ids=["one request", "two in a row"])
@pytest.mark.parametrize(
    "delivery",
    [
        Delivery(delay=HOUR),
        Delivery(body_seconds=HOUR),
        Delivery(delay=HOUR, bytes_delivered=-1, reset=True),
    ],
    ids=["late", "slow", "lost"],
)
def test_nothing_is_left_of_an_answer_whose_client_is_gone(
    document: Document,
    run: Run,
    noise: Callable[[], list[str]],
    delivery: Delivery,
    asked: bytes,
    leave: Callable[[Client], None],
) -> None:
    async def story() -> None:
        clock, holding = TellingClock(), asyncio.Event()
        clock.tell = holding.set
        endpoint = Scripted(JobService(document, clock=clock), reply(delivery))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(asked)
            await holding.wait()
            leave(client)
            await server.ended()

    run(story())
    assert noise() == []


def test_what_was_asked_behind_a_broken_answer_is_not_answered(
    service: JobService, run: Run, noise: Callable[[], list[str]]
) -> None:
    async def story() -> None:
        endpoint = Scripted(service, reply(Delivery(bytes_delivered=0)), reply(None))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET + GET)
            got, _ = await client.rest()
            assert got.count(b"HTTP/1.1") == 1
            assert len(endpoint.replies) == 1
            await server.ended()

    run(story())
    assert noise() == []


@pytest.mark.parametrize("full", [False, True], ids=["before it fills up", "when it is full"])
def test_a_reset_waits_no_longer_for_a_client_that_does_not_read_once_the_server_stops(
    service: JobService, run: Run, noise: Callable[[], list[str]], full: bool
) -> None:
    delivery = Delivery(body_seconds=9, bytes_delivered=7_999_999, reset=True)

    async def story() -> None:
        endpoint = Scripted(service, reply(delivery, bytes(8_000_000)))
        async with serving(endpoint) as server, client_of(server, narrow=True) as client:
            await client.send(GET)
            assert (await client.receive(4)) == b"HTTP"
            (connection,) = server.state.connections
            assert isinstance(connection, BreakableProtocol)
            while full and not connection.flow.write_paused:
                await asyncio.sleep(0)
            connection.shutdown()
            await server.ended()

    run(story())
    assert noise() == []


@pytest.mark.parametrize(
    ("delivery", "outcome"),
    [
        pytest.param(Delivery(delay=HOUR), BODY, id="late"),
        pytest.param(Delivery(body_seconds=HOUR), BODY, id="slow"),
        pytest.param(Delivery(delay=HOUR, bytes_delivered=-1), b"closed", id="lost"),
    ],
)
def test_a_server_that_stops_holds_nothing_back(
    document: Document, noise: Callable[[], list[str]], delivery: Delivery, outcome: bytes
) -> None:
    clock, outcomes = TellingClock(), []
    endpoint = Scripted(JobService(document, clock=clock), reply(delivery))

    def ask(url: str) -> None:
        try:
            outcomes.append(httpx2.get(f"{url}/videos", timeout=None).content)
        except httpx2.RemoteProtocolError:
            outcomes.append(b"closed")

    with serve_app(ApiApp(endpoint)) as listener:
        noise()  # the server has set up its log anew
        client = threading.Thread(target=ask, args=[base_url(listener, document)])
        client.start()
        clock.holding.wait()
    client.join()
    assert outcomes == [outcome]
    assert noise() == []


def asgi_get(endpoint: Endpoint, headers: Mapping[str, str] | None = None) -> httpx2.Response:
    """The answer of the application where no socket is between."""

    async def ask() -> httpx2.Response:
        transport = httpx2.ASGITransport(ApiApp(endpoint))
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            return await client.get("/v1/videos", headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("arrives", [-1, 9])
def test_a_server_that_cannot_break_connections_is_told_in_words(
    service: JobService, arrives: int
) -> None:
    endpoint = Scripted(service, reply(Delivery(bytes_delivered=arrives)))
    with pytest.raises(ConnectionResetError, match="this ASGI server cannot close connections"):
        asgi_get(endpoint)


def test_time_passes_by_any_server(service: JobService, clock: ManualClock) -> None:
    start = clock.now()
    endpoint = Scripted(service, reply(Delivery(delay=9, body_seconds=1)))
    assert asgi_get(endpoint).content == BODY
    assert clock.now() - start == pytest.approx(10)


def test_a_browser_is_let_see_what_comes_late(service: JobService) -> None:
    endpoint = Scripted(service, reply(Delivery(delay=9)))
    answer = asgi_get(endpoint, {"origin": "https://page.example"})
    assert (answer.headers["access-control-allow-origin"], answer.content) == ("*", BODY)


def test_an_answer_to_a_browser_breaks_off_too(service: JobService, run: Run) -> None:
    async def story() -> None:
        endpoint = Scripted(service, reply(Delivery(bytes_delivered=7)))
        async with serving(endpoint) as server, client_of(server) as client:
            await client.send(GET.replace(b"host:", b"origin: https://page.example\r\nhost:"))
            got, _ = await client.rest()
            assert b"access-control-allow-origin: *\r\n" in got
            assert got.endswith(b"\r\n\r\n" + BODY[:7])
            await server.ended()

    run(story())
