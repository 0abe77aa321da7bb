"""The log of the journal: the latest requests to one server, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from ...openapi import Call, Document, Reply
from ..traffic.exchange import UnmatchedRequest
from .entry import Entry, LoggedRequest


class Log:
    """The latest requests to one server; safe for use by several threads.

    Requests are only parsed when they are read, because they are logged while a client waits.

    Args:
        document: the document of the API.
        now: the clock of the server, in Unix seconds.
        client_time: the clock of the clients, in seconds.
        knows_client_waits: returns True if the clients wait by that clock.
        requests: the number of requests to keep, the oldest are dropped; None for all.
        size: the bytes of bodies to keep, None for all.
    """

    def __init__(
        self,
        document: Document,
        *,
        now: Callable[[], float],
        client_time: Callable[[], float] = lambda: 0.0,
        knows_client_waits: Callable[[], bool] = lambda: False,
        requests: int | None = None,
        size: int | None = None,
    ) -> None:
        self.document = document
        self._now, self._client_time = now, client_time
        self._knows_client_waits = knows_client_waits
        self._max_requests = float("inf") if requests is None else requests
        self._max_size = float("inf") if size is None else size
        self._lock, self._entries = Lock(), deque[Entry]()
        self._size, self._total, self._total_when_cleared, self._changes = 0, 0, 0, 0
        self._restarts: list[int] = []

    def add(self, request: Call | UnmatchedRequest, reply: Reply | None = None) -> Entry:
        """Log a request, and return its entry."""
        entries = self._entries
        with self._lock:
            self._total += 1
            entry = Entry(self._total, self._now(), self._client_time(), request, reply)
            entries.append(entry)
            self._size += entry.size
            while len(entries) > self._max_requests or self._size > self._max_size:
                self._size -= entries.popleft().size
        return entry

    def mark_undelivered(self, reply: Reply) -> None:
        """Record that this reply object did not reach the client, if it is still kept."""
        with self._lock:
            for entry in reversed(self._entries):
                if entry.reply is reply:
                    entry.mark_undelivered()
                    self._changes += 1
                    return

    def note_restart(self) -> None:
        """Record that the client is started again after the requests so far."""
        with self._lock:
            self._restarts.append(self._total)
            self._changes += 1

    @property
    def restarts(self) -> tuple[int, ...]:
        """The numbers of the last requests before each restart of the client, in their order."""
        with self._lock:
            return tuple(self._restarts)

    def clear(self) -> None:
        """Drop all requests; the numbers continue."""
        with self._lock:
            self._entries.clear()
            self._size, self._total_when_cleared = 0, self._total
            self._changes += 1

    def snapshot(self) -> tuple[tuple[Entry, ...], int, int]:
        """Return the entries from the oldest on, and two numbers of requests.

        The first number counts all requests, the second one those dropped for lack of space.
        """
        with self._lock:
            entries, total = tuple(self._entries), self._total
            return entries, total, total - self._total_when_cleared - len(entries)

    @property
    def revision(self) -> tuple[int, int, bool]:
        """A value that changes whenever the result of a check may change."""
        return self._total, self._changes, self._knows_client_waits()

    def read(self, entry: Entry) -> LoggedRequest:
        """Return the request of an entry as the rules check it."""
        return entry.read(self.document, knows_client_waits=self._knows_client_waits())

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries from the oldest on."""
        return self.snapshot()[0]

    @property
    def requests(self) -> list[LoggedRequest]:
        """The requests as the rules check them, from the oldest on."""
        return [self.read(entry) for entry in self.entries]

    @property
    def size(self) -> int:
        """The bytes of the bodies that are kept."""
        return self._size

    def __len__(self) -> int:
        """Return the number of requests that are kept."""
        return len(self._entries)
