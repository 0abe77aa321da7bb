"""The requests that have come to one server, in their order, as far as there is room for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from threading import Lock

from ...openapi import Call, Delivery, Document, Reply
from ..traffic.exchange import Exchange, Stray, read_exchange

Item = Exchange | Stray


class Entry:
    """A request as it came: a call with its reply, None if the connection broke, or a stray.

    `number` counts from 1, `at` is the moment in Unix seconds on the clock of the server, `lived`
    the same moment in the seconds that clients live in.
    """

    __slots__ = ("_read", "asked", "at", "lived", "number", "reply", "size")

    # By position: one is made for every request, and names would take time.
    def __init__(
        self, number: int, at: float, lived: float, asked: Call | Stray, reply: Reply | None
    ) -> None:
        self.number, self.at, self.lived, self.asked = number, at, lived, asked
        self.reply = reply
        self._read: Exchange | None = None
        if isinstance(asked, Stray):
            self.size = len(asked.path)
        else:
            self.size = len(asked.body) + (0 if reply is None else len(reply.body))

    def lose(self) -> None:
        """Nobody has seen the reply."""
        if self.reply is not None:
            self.reply = replace(self.reply, delivery=_LOST)
        self._read = None

    def read(self, document: Document, *, waits: bool) -> Item:
        """The request, read by the document; `waits` says whether the client's time is known."""
        if isinstance(self.asked, Stray):
            return self.asked
        read, lived = self._read, self.lived if waits else None
        if read is None or (read.lived is not None) is not waits:
            read = read_exchange(document, self.asked, self.reply, at=self.at, lived=lived)
            self._read = read
        return read


class Log:
    """The requests to one server. It may be written and read by any threads.

    At most `requests` of them are kept, with `size` bytes in their bodies, and the oldest go first;
    None for no bound. `now` is the clock of the server, in Unix seconds, `lived` the time of
    clients, in seconds, and `tells_waits` says whether they are known to wait by it.

    Nothing is read before somebody asks for it, since the log is written while a client waits.
    """

    def __init__(
        self,
        document: Document,
        *,
        now: Callable[[], float],
        lived: Callable[[], float] = lambda: 0.0,
        tells_waits: Callable[[], bool] = lambda: False,
        requests: int | None = None,
        size: int | None = None,
    ) -> None:
        self.document = document
        self._now, self._lived, self._tells_waits = now, lived, tells_waits
        self._most = float("inf") if requests is None else requests
        self._room = float("inf") if size is None else size
        self._lock, self._entries = Lock(), deque[Entry]()
        self._size, self._total, self._cleared, self._changes = 0, 0, 0, 0

    def add(self, asked: Call | Stray, reply: Reply | None = None) -> Entry:
        """Writes down one more request."""
        entries = self._entries
        with self._lock:
            self._total += 1
            entry = Entry(self._total, self._now(), self._lived(), asked, reply)
            entries.append(entry)
            self._size += entry.size
            while len(entries) > self._most or self._size > self._room:
                self._size -= entries.popleft().size
        return entry

    def untaken(self, reply: Reply) -> None:
        """Notes that nobody has seen this very reply, if it is still kept."""
        with self._lock:
            for entry in reversed(self._entries):
                if entry.reply is reply:
                    entry.lose()
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
        return self._total, self._changes, self._tells_waits()

    def read(self, entry: Entry) -> Item:
        """An entry as a judge sees it."""
        return entry.read(self.document, waits=self._tells_waits())

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


_LOST = Delivery(arrives=-1)
