"""The journal of one mock, or of the live API, in one test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..contracts import (
    ClientVerdict,
    Exchange,
    Journal,
    UnmatchedKind,
    UnmatchedRequest,
    Violation,
)
from ..contracts.journal.entry import Entry, LoggedRequest
from ..contracts.journal.known_keys import redacted
from ..mock_server import Clock
from ..openapi import Call, Document, Reply
from .call_site import find_call_site
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

    Attributes:
        in_process: True if the thread of the client reaches the journal, so that the place in the
            program is known.
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
        self.live, self.in_process = live, False
        self._call_sites: dict[int, str] = {}  # by the number of the request
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

    def add(self, request: Call | UnmatchedRequest, reply: Reply | None = None) -> Entry:
        """Store a request of any kind, with the place that sent it, and return its entry."""
        entry = super().add(request, reply)
        if self.in_process:
            self._call_sites[entry.number] = find_call_site()
        return entry

    def with_call_site(self, violation: Violation) -> Violation:
        """Return the violation with the places that broke the rule, as far as known."""
        sites = (self._call_sites.get(number) for number in violation.found_in)
        places = list(dict.fromkeys(site for site in sites if site))
        if len(places) > _MAX_PLACES:
            places[_MAX_PLACES:] = [f"{len(places) - _MAX_PLACES} more places"]
        return replace(violation, sent_from=" and ".join(places))

    def client_verdict(self) -> ClientVerdict:
        """Return the verdict on the clients, with the places that sent the requests."""
        verdict = super().client_verdict()
        return replace(
            verdict, violations=tuple(self.with_call_site(v) for v in verdict.violations)
        )

    def blocked(self, method: str, url: str, reason: str) -> None:
        """Record a request that was not sent."""
        self.add(UnmatchedRequest(method, url, reason, UnmatchedKind.BLOCKED))

    def connection_blocked(self, address: str, reason: str) -> None:
        """Record a connection that this thread did not open, in HTTP's own words for one."""
        request = UnmatchedRequest("CONNECT", address, reason, UnmatchedKind.BLOCKED)
        entry = super().add(request)
        self._call_sites[entry.number] = find_call_site()

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


_MAX_PLACES = 3
