"""The requests to a mock in a test, as the control API tells of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..openapi import Call, Reply
from ..openapi.json import Json
from .journal import MockJournal


class WatchedTraffic:
    """What the control API asks of a journal, so that programs in any language are told what a test
    in Python is told. To clear it is to begin a new history, as after a reset.
    """

    def __init__(self, journal: MockJournal) -> None:
        self._journal, self._kept = journal, journal.kept

    def answered(self, call: Call, reply: Reply) -> None:
        """A call was answered."""
        self._journal.answered(call, reply)

    def unmatched(self, method: str, path: str) -> None:
        """A request meant no operation."""
        self._journal.unmatched(method, path)

    def undelivered(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end."""
        self._journal.undelivered(reply)

    def requests(self, query: Mapping[str, str]) -> Json:
        """A page of the requests that a query means; raises ValueError for one that cannot be."""
        return self._kept.requests(query)

    def har(self, query: Mapping[str, str]) -> bytes:
        """The same requests, all of them, as HAR 1.2."""
        return self._kept.har(query)

    def verdict(self) -> Json:
        """What the clients did wrong since the last reset, advice and what is allowed included."""
        return self._kept.verdict()

    def clear(self) -> None:
        """Begins a new history."""
        self._journal.start_new_history()

    def listen(self, listener: Callable[[Json], None]) -> Callable[[], None]:
        """Calls the listener with each request as it is answered, until the callable that this
        gives is called.
        """
        return self._kept.listen(listener)
