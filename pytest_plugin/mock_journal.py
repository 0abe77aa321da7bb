"""The journal of one mock, or of the live API, in one test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..contracts import Exchange, Journal, UnmatchedKind, UnmatchedRequest
from ..contracts.journal.entry import Entry, LoggedRequest
from ..contracts.journal.known_keys import redacted
from ..mock_server import Clock
from ..openapi import Call, Document, Reply
from .errors import InfiniteLoop
from .loop_detector import LoopDetector


class MockJournal(Journal):
    """All requests of one test to one server; `answered` raises InfiniteLoop for endless loops.

    A reset of the mock clears the journal: this starts a new history, and the earlier ones are
    still checked.

    Args:
        document: the document of the server.
        clock: the clock of the server.
        live: True for the live API, whose responses are checked as well.
        keys: the API keys that the server knows; they are redacted everywhere.
    """

    def __init__(
        self, document: Document, clock: Clock, *, live: bool = False, keys: Iterable[str] = ()
    ) -> None:
        super().__init__(
            document,
            now=clock.now,
            client_time=clock.client_time,
            knows_client_waits=lambda: clock.knows_client_waits,
            keys=keys,
            # A test is short, so all requests are kept.
            requests=None,
            size=None,
        )
        self.live = live
        self._earlier: list[tuple[Entry, ...]] = []
        self._not_sent: set[Entry] = set()
        self._loops = LoopDetector(document)

    @property
    def revision(self) -> object:
        """A value that changes whenever there is something new to check."""
        return self.log.revision

    @property
    def unused(self) -> bool:
        """True if there never was a request."""
        return not any(self._entries())

    @property
    def exchanges(self) -> list[Exchange]:
        """The requests to documented operations since the last reset."""
        return [item for item in self.log.requests if isinstance(item, Exchange)]

    def histories(self) -> list[list[LoggedRequest]]:
        """Return all requests, in one history for each reset."""
        return [[*map(self.log.read, entries)] for entries in self._entries()]

    def client_histories(self) -> Iterator[tuple[int, list[LoggedRequest]]]:
        """Yield the histories for the client rules: the first number, and the redacted requests."""
        for entries in self._entries():
            yield entries[0].number if entries else 1, self.requests_for_rules(entries)

    def server_histories(self) -> Iterator[list[LoggedRequest]]:
        """Yield the redacted histories for the server rules, only with the server's responses."""
        for entries in self._entries():
            redaction = self.keys.redaction(entries)
            items = ((entry, self.log.read(entry)) for entry in entries)
            yield [
                UnmatchedRequest(item.operation.method, item.path, kind=UnmatchedKind.BLOCKED)
                if isinstance(item, Exchange) and entry in self._not_sent
                else redacted(redaction, item)
                for entry, item in items
            ]

    def answered(self, call: Call, reply: Reply | None, *, sent: bool = True) -> None:
        """Record a call with its reply, None if the connection broke.

        Args:
            call: the request.
            reply: the response.
            sent: False if the call was not sent to the server, and the reply is not the server's.
        """
        entry = self.add(call, reply)
        if not sent:
            self._not_sent.add(entry)
        exchange = self.log.read(entry)
        if isinstance(exchange, Exchange) and (loop := self._loops.find_loop(exchange)):
            self._stop_loop(exchange, loop)

    def blocked(self, method: str, url: str, reason: str) -> None:
        """Record a request that was not sent."""
        self.add(UnmatchedRequest(method, url, reason, UnmatchedKind.BLOCKED))

    def connection_blocked(self, address: str, reason: str) -> None:
        """Record a connection that was not opened, in HTTP's own words for one."""
        self.blocked("CONNECT", address, reason)

    def not_recorded(self, call: Call, reason: str) -> None:
        """Record a request to which a recording has no response."""
        operation = self.document.operations[call.operation_id]
        path = self.document.base_path + operation.path
        self.add(UnmatchedRequest(operation.method, path, reason, UnmatchedKind.NOT_RECORDED))

    def clear(self) -> None:
        """Start a new history, after a reset of the mock."""
        self._earlier.append(self.log.entries)
        super().clear()
        self._loops.clear()

    def _entries(self) -> list[tuple[Entry, ...]]:
        return [*self._earlier, self.log.entries]

    def _stop_loop(self, exchange: Exchange, loop: str) -> None:
        loop = self.keys.redaction(()).redact_text(loop)
        self.add(
            UnmatchedRequest(
                exchange.operation.method, exchange.path, loop, UnmatchedKind.INFINITE_LOOP
            )
        )
        raise InfiniteLoop(loop)
