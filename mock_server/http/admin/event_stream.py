"""Requests to the mock as server-sent events."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import Lock

import anyio
import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ....openapi.json import Json
from ...observers import RequestJournal
from ..delivery import Connection, connection_of

MAX_QUEUED = 256
KEEP_ALIVE_SECONDS = 15.0


class EventQueue:
    """The queued events of one reader. A full queue drops its oldest event.

    Args:
        on_ready: Called when an empty queue gets an event, in the thread that put it there.
        max_size: The number of events that the queue holds.
    """

    def __init__(self, on_ready: Callable[[], object], *, max_size: int = MAX_QUEUED) -> None:
        self._on_ready, self._lock = on_ready, Lock()
        self._requests: deque[Json] = deque(maxlen=max_size)
        self._dropped = 0

    def put(self, request: Json) -> None:
        """Add a request; drops the oldest one if the queue is full."""
        with self._lock:
            was_empty = not self._requests
            self._dropped += len(self._requests) == self._requests.maxlen
            self._requests.append(request)
        if was_empty:
            self._on_ready()

    def get(self) -> tuple[Json, int] | None:
        """Return the oldest request and how many were dropped before it; None if it is empty."""
        with self._lock:
            if not self._requests:
                return None
            dropped, self._dropped = self._dropped, 0
            return self._requests.popleft(), dropped


class EventStream(Response):
    """A stream of events for one reader, until the reader disconnects, the server stops or `end`
    is called. Must be created in the event loop of the server.

    Args:
        journal: The journal whose requests become events.
        keep_alive: The seconds without an event after which a comment is sent.
    """

    media_type = "text/event-stream"

    def __init__(self, journal: RequestJournal, *, keep_alive: float = KEEP_ALIVE_SECONDS) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-store"
        self._journal, self._keep_alive = journal, keep_alive
        self._wake_up, self._ended = asyncio.Event(), False
        self._loop = asyncio.get_running_loop()

    def end(self) -> None:
        """End the stream; safe to call from any thread."""
        self._ended = True
        self._loop.call_soon_threadsafe(self._wake_up.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._subscribed() as queue:
            async with anyio.create_task_group() as group:
                group.start_soon(self._wait_for_disconnect, connection_of(scope), receive)
                # Some servers report a disconnected reader by an OSError.
                with suppress(OSError):
                    await self._send_events(queue, send)
                group.cancel_scope.cancel()

    @contextmanager
    def _subscribed(self) -> Iterator[EventQueue]:
        queue = EventQueue(partial(self._loop.call_soon_threadsafe, self._wake_up.set))
        unsubscribe = self._journal.listen(queue.put)
        try:
            yield queue
        finally:
            unsubscribe()

    async def _send_events(self, queue: EventQueue, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for chunk in self._chunks(queue):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _wait_for_disconnect(self, connection: Connection | None, receive: Receive) -> None:
        """End the stream when the reader has disconnected or the server stops."""
        if connection is not None:
            await connection.wait_until_closing()
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
        self._ended = True
        self._wake_up.set()

    async def _chunks(self, queue: EventQueue) -> AsyncIterator[bytes]:
        # Sent at once: from this comment on, the reader misses no request.
        yield b": listening\n\n"
        while not self._ended:
            self._wake_up.clear()
            while not self._ended and (event := queue.get()) is not None:
                yield _encode(*event)
            with anyio.move_on_after(self._keep_alive) as idle:
                await self._wake_up.wait()
            if idle.cancelled_caught:
                yield b": still here\n\n"


def _encode(request: Json, lost: int) -> bytes:
    data = orjson.dumps({"request": request, "lost": lost})
    return b"event: request\ndata: %b\n\n" % data
