"""The requests to the mock as server-sent events: each as it is answered."""

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

WAITING = 256
KEEP_ALIVE_SECONDS = 15.0


class Tail:
    """The requests that one reader has still to be told of: the last ones, and how many older ones
    it was too slow for.

    `wake` is called, in whatever thread, when there is something to take and was nothing before.
    """

    def __init__(self, wake: Callable[[], object], *, waiting: int = WAITING) -> None:
        self._wake, self._lock = wake, Lock()
        self._requests: deque[Json] = deque(maxlen=waiting)
        self._lost = 0

    def hear(self, request: Json) -> None:
        """Keeps one more request, in the place of the oldest if the reader has too many already."""
        with self._lock:
            first = not self._requests
            self._lost += len(self._requests) == self._requests.maxlen
            self._requests.append(request)
        if first:
            self._wake()

    def take(self) -> tuple[Json, int] | None:
        """The oldest request, and how many before it were lost; None if there is none."""
        with self._lock:
            if not self._requests:
                return None
            lost, self._lost = self._lost, 0
            return self._requests.popleft(), lost


class EventStream(Response):
    """The requests as one reader is told of them, until it goes, the server stops or somebody ends
    it. It is made where the server's loop runs.

    Whenever nothing was told for `keep_alive` seconds, a comment is.
    """

    media_type = "text/event-stream"

    def __init__(self, journal: RequestJournal, *, keep_alive: float = KEEP_ALIVE_SECONDS) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["cache-control"] = "no-store"
        self._journal, self._keep_alive = journal, keep_alive
        self._news, self._ended = asyncio.Event(), False
        self._loop = asyncio.get_running_loop()

    def end(self) -> None:
        """Has the stream come to its end; in whatever thread."""
        self._ended = True
        self._loop.call_soon_threadsafe(self._news.set)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._listening() as tail:
            async with anyio.create_task_group() as group:
                group.start_soon(self._watch, connection_of(scope), receive)
                # Some servers say by an OSError that nobody reads any more.
                with suppress(OSError):
                    await self._tell(tail, send)
                group.cancel_scope.cancel()

    @contextmanager
    def _listening(self) -> Iterator[Tail]:
        tail = Tail(partial(self._loop.call_soon_threadsafe, self._news.set))
        stop = self._journal.listen(tail.hear)
        try:
            yield tail
        finally:
            stop()

    async def _tell(self, tail: Tail, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for chunk in self._chunks(tail):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _watch(self, wire: Connection | None, receive: Receive) -> None:
        """Ends the stream when nobody reads it any more, or the server stops."""
        if wire is not None:
            await wire.over()
        else:
            while (await receive())["type"] != "http.disconnect":
                pass
        self._ended = True
        self._news.set()

    async def _chunks(self, tail: Tail) -> AsyncIterator[bytes]:
        # At once, so that the reader knows from when on it hears everything.
        yield b": listening\n\n"
        while not self._ended:
            self._news.clear()
            while not self._ended and (taken := tail.take()) is not None:
                yield _event(*taken)
            with anyio.move_on_after(self._keep_alive) as idle:
                await self._news.wait()
            if idle.cancelled_caught:
                yield b": still here\n\n"


def _event(request: Json, lost: int) -> bytes:
    data = orjson.dumps({"request": request, "lost": lost})
    return b"event: request\ndata: %b\n\n" % data
