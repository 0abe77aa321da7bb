"""The requests as server-sent events: who hears of what, and that no reader costs anything."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import httpx2
import orjson
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aisa_testkit.mock_server import JobService, create_app
from aisa_testkit.mock_server.http.admin.event_stream import EventQueue, EventStream
from aisa_testkit.mock_server.http.app import MockApp
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Call, Reply
from aisa_testkit.openapi.json import Json

HEARTBEAT = b": still here\n\n"
SCOPE: Scope = {
    "type": "http",
    "method": "GET",
    "path": "/__admin/events",
    "query_string": b"",
    "headers": [],
}


class Radio:
    """Tells its listeners of each request."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Json], None]] = []

    def say(self, request: Json) -> None:
        for listener in self.listeners:
            listener(request)

    def answered(self, call: Call, reply: Reply) -> None:
        self.say({"operation": call.operation_id, "status": reply.status})

    def unmatched(self, method: str, path: str) -> None:
        self.say({"operation": None, "path": path})

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def requests(self, query: object) -> Json:
        raise AssertionError("nobody asks here")

    har = verdict = requests

    def clear(self) -> None:
        """Keeps nothing anyway."""


class Reader:
    """A reader of the events, who takes one piece at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.pieces: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self.gone = asyncio.Event()

    async def read(self) -> Message:
        return await self.pieces.get()

    async def run(self, scope: Scope = SCOPE) -> None:
        await self._app(scope, self._receive, self.pieces.put)

    async def _receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
def radio() -> Radio:
    return Radio()


@pytest.fixture
def app(service: JobService, radio: Radio) -> MockApp:
    return create_app(service=service, journal=radio)  # type: ignore[arg-type]  # it only tells


def events(pieces: list[Message]) -> Iterator[Json]:
    for piece in pieces:
        kind, data, *rest = piece["body"].split(b"\n")
        assert (kind, rest) == (b"event: request", [b"", b""])
        yield orjson.loads(data.removeprefix(b"data: "))


def test_each_request_is_told_as_it_is_answered(app: MockApp, radio: Radio) -> None:
    async def follow() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        start, hello = await reader.read(), await reader.read()
        assert (start["status"], hello["body"]) == (200, b": listening\n\n")
        headers = dict(start["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert b"content-length" not in headers
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            await client.get("/v1/videos")
            await client.get("/__admin/jobs")
            await client.get("/v2/nowhere")
        told = [await reader.read(), await reader.read()]
        reader.gone.set()
        assert (await reader.read())["body"] == b""
        await running
        return told

    told = asyncio.run(follow())
    assert [*events(told)] == [
        {"request": {"operation": "listVideos", "status": 401}, "lost": 0},
        {"request": {"operation": None, "path": "/v2/nowhere"}, "lost": 0},
    ]
    assert radio.listeners == []


def test_requests_are_told_of_that_other_threads_made(app: MockApp, radio: Radio) -> None:
    async def follow() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        await reader.read()
        await reader.read()
        threads = [threading.Thread(target=radio.say, args=({"at": at},)) for at in range(5)]
        for thread in threads:
            thread.start()
        told = [await reader.read() for _ in threads]
        reader.gone.set()
        await reader.read()
        await running
        return told

    told = asyncio.run(follow())
    assert sorted(event["request"]["at"] for event in events(told)) == [0, 1, 2, 3, 4]


def test_a_slow_reader_loses_the_oldest_and_is_told_how_many() -> None:
    woken: list[None] = []
    tail = EventQueue(lambda: woken.append(None), max_size=3)
    for number in range(10):
        tail.put(number)
    assert [tail.get(), tail.get()] == [(7, 7), (8, 0)]
    tail.put(10)
    assert [tail.get(), tail.get(), tail.get()] == [(9, 0), (10, 0), None]
    assert len(woken) == 1
    tail.put(11)
    assert (len(woken), tail.get()) == (2, (11, 0))


def test_a_reader_that_takes_nothing_does_not_make_the_stream_grow(
    app: MockApp, radio: Radio
) -> None:
    async def follow() -> Json:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        await reader.read()
        await reader.read()
        for number in range(10_000):
            radio.say(number)
        (first,) = events([await reader.read()])
        reader.gone.set()
        while (await reader.read()).get("more_body"):
            pass
        await running
        return first

    first = asyncio.run(follow())
    assert first["lost"] == first["request"] > 9000


def test_a_comment_keeps_an_idle_line_alive(radio: Radio) -> None:
    async def follow() -> list[bytes]:
        # The stream waits for no time at all.
        stream = EventStream(radio, keep_alive=0)  # type: ignore[arg-type]  # it only tells

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await stream(scope, receive, send)

        reader = Reader(serve)
        running = asyncio.create_task(reader.run())
        await reader.read()
        bodies = [(await reader.read())["body"] for _ in range(3)]
        reader.gone.set()
        while (await reader.read()).get("more_body"):
            pass
        await running
        return bodies

    assert asyncio.run(follow()) == [b": listening\n\n", HEARTBEAT, HEARTBEAT]


def test_a_stream_ends_when_its_application_becomes_another_one(
    app: MockApp, service: JobService
) -> None:
    async def follow() -> Message:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        start, hello = await reader.read(), await reader.read()
        assert (start["status"], hello["body"]) == (200, b": listening\n\n")
        await asyncio.to_thread(app.replace_with, create_app(service=service))
        last = await reader.read()
        await running
        return last

    assert asyncio.run(follow()) == {"type": "http.response.body", "body": b""}


def test_a_server_that_says_that_nobody_reads_ends_the_stream(app: MockApp, radio: Radio) -> None:
    async def follow() -> None:
        reader = Reader(app)

        async def broken(message: Message) -> None:
            raise OSError("the client is gone")

        await app(SCOPE, reader._receive, broken)

    asyncio.run(follow())
    assert radio.listeners == []


def test_a_head_request_for_the_events_is_answered_at_once(app: MockApp, radio: Radio) -> None:
    async def follow() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run({**SCOPE, "method": "HEAD"}))
        pieces = [await reader.read(), await reader.read()]
        await running
        return pieces

    start, body = asyncio.run(follow())
    assert (start["status"], body["body"]) == (200, b"")
    assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert radio.listeners == []


def test_the_events_are_read_over_a_socket_until_the_server_stops(
    app: MockApp, radio: Radio, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx2.Client() as client:
        with serve_app(app) as listener:
            host, port = listener.getsockname()
            url = f"http://{host}:{port}"
            lines = client.stream("GET", f"{url}/__admin/events")
            response = lines.__enter__()
            read = response.iter_lines()
            assert next(read) == ": listening"
            client.get(f"{url}/v1/videos")
            assert [next(read), next(read)] == ["", "event: request"]
        rest = [*read]
        lines.__exit__(None, None, None)
    assert rest == ['data: {"request":{"operation":"listVideos","status":401},"lost":0}', ""]
    assert radio.listeners == []
    assert caplog.records == []
