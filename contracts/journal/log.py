"""The requests that have come to one server, in their order, as far as there is room for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from ...openapi import Call, Delivery, Document, Reply
from ..traffic.exchange import Exchange, UnmatchedRequest, read_exchange

Item = Exchange | UnmatchedRequest


class Entry:
    """A request as it came: a call with its reply, None if the connection broke, or a stray.

    `number` counts from 1, `at` is the moment in Unix seconds on the clock of the server,
    `client_time` the same moment in the seconds that clients live in.
    """

    __slots__ = ("_read", "asked", "at", "client_time", "number", "reply", "size")

    # By position: one is made for every request, and names would take time.
    def __init__(
        self,
        number: int,
        at: float,
        client_time: float,
        asked: Call | UnmatchedRequest,
        reply: Reply | None,
    ) -> None:
        self.number, self.at, self.client_time, self.asked = number, at, client_time, asked
        self.reply = reply
        self._read: Exchange | None = None
        if isinstance(asked, UnmatchedRequest):
            self.size = len(asked.path)
        else:
            self.size = len(asked.body) + (0 if reply is None else len(reply.body))

    def mark_undelivered(self) -> None:
        """Nobody has seen the reply."""
        if self.reply is not None:
            self.reply = replace(self.reply, delivery=_LOST)
        self._read = None

    def read(self, document: Document, *, waits: bool) -> Item:
        """The request, read by the document; `waits` says whether the client's time is known."""
        if isinstance(self.asked, UnmatchedRequest):
            return self.asked
        read, client_time = self._read, self.client_time if waits else None
        if read is None or (read.client_time is not None) is not waits:
            read = read_exchange(
                document, self.asked, self.reply, at=self.at, client_time=client_time
            )
            self._read = read
        return read


class Log:
    """The requests to one server. It may be written and read by any threads.

    At most `requests` of them are kept, with `size` bytes in their bodies, and the oldest go first;
    None for no bound. `now` is the clock of the server, in Unix seconds, `client_time` the time of
    clients, in seconds, and `knows_client_waits` says whether they are known to wait by it.

    Nothing is read before somebody asks for it, since the log is written while a client waits.
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
        self._now, self._client_time, self._knows_client_waits = (
            now,
            client_time,
            knows_client_waits,
        )
        self._most = float("inf") if requests is None else requests
        self._room = float("inf") if size is None else size
        self._lock, self._entries = Lock(), deque[Entry]()
        self._size, self._total, self._cleared, self._changes = 0, 0, 0, 0

    def add(self, asked: Call | UnmatchedRequest, reply: Reply | None = None) -> Entry:
        """Writes down one more request."""
        entries = self._entries
        with self._lock:
            self._total += 1
            entry = Entry(self._total, self._now(), self._client_time(), asked, reply)
            entries.append(entry)
            self._size += entry.size
            while len(entries) > self._most or self._size > self._room:
                self._size -= entries.popleft().size
        return entry

    def undelivered(self, reply: Reply) -> None:
        """Notes that nobody has seen this very reply, if it is still kept."""
        with self._lock:
            for entry in reversed(self._entries):
                if entry.reply is reply:
                    entry.mark_undelivered()
                    self._changes += 1
                    return

    def clear(self) -> None:
        """Forgets every request, as if none had come; the numbers go on."""
        with self._lock:
            self._entries.clear()
            self._size, self._cleared = 0, self._total
            self._changes += 1

    def page(self) -> tuple[tuple[Entry, ...], int, int]:
        """The entries that are kept, the oldest first; how many requests have come, ever; and how
        many were forgotten for want of room.
        """
        with self._lock:
            entries, total = tuple(self._entries), self._total
            return entries, total, total - self._cleared - len(entries)

    @property
    def revision(self) -> tuple[int, int, bool]:
        """Something that changes whenever a judge would see something else."""
        return self._total, self._changes, self._knows_client_waits()

    def read(self, entry: Entry) -> Item:
        """An entry as a judge sees it."""
        return entry.read(self.document, waits=self._knows_client_waits())

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries that are kept, the oldest first."""
        return self.page()[0]

    @property
    def items(self) -> list[Item]:
        """What is kept as a judge sees it: a history of exchanges and strays."""
        return [self.read(entry) for entry in self.entries]

    @property
    def size(self) -> int:
        """How many bytes the bodies take up that are kept."""
        return self._size

    def __len__(self) -> int:
        """How many requests are kept."""
        return len(self._entries)


_LOST = Delivery(bytes_delivered=-1)
