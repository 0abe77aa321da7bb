"""The requests to the mock as server-sent events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping

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

KEEP_ALIVE = b": still here\n\n"
SCOPE: Scope = {
    "type": "http",
    "method": "GET",
    "path": "/__admin/events",
    "query_string": b"",
    "headers": [],
}


class EventSource:
    """A journal that only notifies its listeners."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Json], None]] = []

    def notify(self, request: Json) -> None:
        for listener in self.listeners:
            listener(request)

    def answered(self, call: Call, reply: Reply) -> None:
        self.notify({"operation": call.operation_id, "status": reply.status})

    def unmatched(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> None:
        self.notify({"operation": None, "path": path})

    def invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.notify({"operation": None, "path": path})

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def requests(self, query: object) -> Json:
        raise AssertionError("the stream does not read the journal")

    har = verdict = requests

    def clear(self) -> None:
        """There is nothing to clear."""


class Reader:
    """A reader of events that receives one ASGI message at a time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.messages: asyncio.Queue[Message] = asyncio.Queue(maxsize=1)
        self.disconnected = asyncio.Event()

    async def read(self) -> Message:
        return await self.messages.get()

    async def run(self, scope: Scope = SCOPE) -> None:
        await self._app(scope, self._receive, self.messages.put)

    async def _receive(self) -> Message:
        await self.disconnected.wait()
        return {"type": "http.disconnect"}


@pytest.fixture
def source() -> EventSource:
    return EventSource()


@pytest.fixture
def app(service: JobService, source: EventSource) -> MockApp:
    return create_app(service=service, journal=source)  # type: ignore[arg-type]  # no requests


def events(messages: list[Message]) -> Iterator[Json]:
    for message in messages:
        kind, data, *rest = message["body"].split(b"\n")
        assert (kind, rest) == (b"event: request", [b"", b""])
        yield orjson.loads(data.removeprefix(b"data: "))


def test_each_request_is_an_event(app: MockApp, source: EventSource) -> None:
    async def read_events() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        start, first = await reader.read(), await reader.read()
        assert (start["status"], first["body"]) == (200, b": listening\n\n")
        headers = dict(start["headers"])
        assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
        assert b"content-length" not in headers
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            await client.get("/v1/videos")
            await client.get("/__admin/jobs")
            await client.get("/v2/unknown")
        received = [await reader.read(), await reader.read()]
        reader.disconnected.set()
        assert (await reader.read())["body"] == b""
        await running
        return received

    messages = asyncio.run(read_events())
    assert [*events(messages)] == [
        {"request": {"operation": "listVideos", "status": 401}, "lost": 0},
        {"request": {"operation": None, "path": "/v2/unknown"}, "lost": 0},
    ]
    assert source.listeners == []


def test_requests_of_other_threads_are_events(app: MockApp, source: EventSource) -> None:
    async def read_events() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        await reader.read()
        await reader.read()
        threads = [threading.Thread(target=source.notify, args=({"at": at},)) for at in range(5)]
        for thread in threads:
            thread.start()
        received = [await reader.read() for _ in threads]
        reader.disconnected.set()
        await reader.read()
        await running
        return received

    messages = asyncio.run(read_events())
    assert sorted(event["request"]["at"] for event in events(messages)) == [0, 1, 2, 3, 4]


def test_full_queue_drops_the_oldest_events_and_counts_them() -> None:
    wake_ups: list[None] = []
    queue = EventQueue(lambda: wake_ups.append(None), max_size=3)
    for number in range(10):
        queue.put(number)
    assert [queue.get(), queue.get()] == [(7, 7), (8, 0)]
    queue.put(10)
    assert [queue.get(), queue.get(), queue.get()] == [(9, 0), (10, 0), None]
    assert len(wake_ups) == 1
    queue.put(11)
    assert (len(wake_ups), queue.get()) == (2, (11, 0))


def test_reader_that_stops_reading_does_not_grow_the_queue(
    app: MockApp, source: EventSource
) -> None:
    async def read_events() -> Json:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        await reader.read()
        await reader.read()
        for number in range(10_000):
            source.notify(number)
        (first,) = events([await reader.read()])
        reader.disconnected.set()
        while (await reader.read()).get("more_body"):
            pass
        await running
        return first

    first = asyncio.run(read_events())
    assert first["lost"] == first["request"] > 9000


def test_idle_stream_sends_keep_alive_comments(source: EventSource) -> None:
    async def read_events() -> list[bytes]:
        # A keep-alive of 0 seconds needs no waiting.
        stream = EventStream(source, keep_alive=0)  # type: ignore[arg-type]  # no requests

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            await stream(scope, receive, send)

        reader = Reader(serve)
        running = asyncio.create_task(reader.run())
        await reader.read()
        bodies = [(await reader.read())["body"] for _ in range(3)]
        reader.disconnected.set()
        while (await reader.read()).get("more_body"):
            pass
        await running
        return bodies

    assert asyncio.run(read_events()) == [b": listening\n\n", KEEP_ALIVE, KEEP_ALIVE]


def test_stream_ends_when_the_application_is_replaced(app: MockApp, service: JobService) -> None:
    async def read_events() -> Message:
        reader = Reader(app)
        running = asyncio.create_task(reader.run())
        start, first = await reader.read(), await reader.read()
        assert (start["status"], first["body"]) == (200, b": listening\n\n")
        await asyncio.to_thread(app.replace_with, create_app(service=service))
        last = await reader.read()
        await running
        return last

    assert asyncio.run(read_events()) == {"type": "http.response.body", "body": b""}


def test_oserror_while_sending_ends_the_stream(app: MockApp, source: EventSource) -> None:
    async def read_events() -> None:
        reader = Reader(app)

        async def broken(message: Message) -> None:
            raise OSError("the client has disconnected")

        await app(SCOPE, reader._receive, broken)

    asyncio.run(read_events())
    assert source.listeners == []


def test_head_request_for_the_events_responds_at_once(app: MockApp, source: EventSource) -> None:
    async def read_events() -> list[Message]:
        reader = Reader(app)
        running = asyncio.create_task(reader.run({**SCOPE, "method": "HEAD"}))
        messages = [await reader.read(), await reader.read()]
        await running
        return messages

    start, body = asyncio.run(read_events())
    assert (start["status"], body["body"]) == (200, b"")
    assert dict(start["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert source.listeners == []


def test_events_arrive_over_a_socket_until_the_server_stops(
    app: MockApp, source: EventSource, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx2.Client() as client:
        with serve_app(app) as listener:
            host, port = listener.getsockname()
            url = f"http://{host}:{port}"
            stream = client.stream("GET", f"{url}/__admin/events")
            response = stream.__enter__()
            received = response.iter_lines()
            assert next(received) == ": listening"
            client.get(f"{url}/v1/videos")
            assert [next(received), next(received)] == ["", "event: request"]
        rest = [*received]
        stream.__exit__(None, None, None)
    assert rest == ['data: {"request":{"operation":"listVideos","status":401},"lost":0}', ""]
    assert source.listeners == []
    assert caplog.records == []
