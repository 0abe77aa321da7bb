"""All that came to one mock in one test, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..contracts import ClientVerdict, Exchange, UnmatchedKind, UnmatchedRequest
from ..contracts import Journal as Requests
from ..contracts.journal.known_keys import redacted
from ..contracts.journal.log import Entry, Item
from ..contracts.traffic.job_views import jobs_in
from ..mock_server import Clock
from ..openapi import Call, Document, Reply


class InfiniteLoop(BaseException):
    """A client asks for the same again and again, and nothing will ever change.

    It would keep the test from ending. So this is no Exception, which a client might catch to try
    once more.
    """


class MockJournal:
    """The requests to one server, in their order; raises InfiniteLoop when they would never end.

    `live` says that it is no mock, so that its answers are to be judged, too. `keys` are those that
    the server knows; like all that come, they are told nobody. `kept` are the requests since the
    last reset.
    """

    def __init__(
        self, document: Document, clock: Clock, *, live: bool = False, keys: Iterable[str] = ()
    ) -> None:
        self.document, self.live = document, live
        self.kept = Requests(
            document,
            now=clock.now,
            client_time=clock.client_time,
            knows_client_waits=lambda: clock.knows_client_waits,
            keys=keys,
            # A test is short, so that nothing in it is forgotten.
            requests=None,
            size=None,
        )
        self._before: list[tuple[Entry, ...]] = []
        self._not_sent: set[Entry] = set()
        self._same: dict[tuple[str, str | None], _Same] = {}

    @property
    def revision(self) -> object:
        """Something that changes whenever there is something else to judge."""
        return self.kept.log.revision

    @property
    def requests(self) -> list[Exchange]:
        """The calls of operations since the last reset."""
        return [item for item in self.kept.log.items if isinstance(item, Exchange)]

    @property
    def histories(self) -> Sequence[Sequence[Item]]:
        """Everything that came in, cut where the mock was reset."""
        return [[*map(self.kept.log.read, entries)] for entries in self._entries]

    @property
    def verdict(self) -> ClientVerdict:
        """What is to be said of the clients, by their requests since the last reset."""
        return self.kept.judge()

    def judged(self) -> Iterator[tuple[int, list[Item]]]:
        """The histories as a judge may see them, without keys; each with its first number."""
        for entries in self._entries:
            yield entries[0].number if entries else 1, self.kept.judged(entries)

    def answers(self) -> Iterator[list[Item]]:
        """The histories without keys, with those answers alone that are the server's own."""
        for entries in self._entries:
            redaction = self.kept.keys.redaction(entries)
            items = ((entry, self.kept.log.read(entry)) for entry in entries)
            yield [
                UnmatchedRequest(item.operation.method, item.path, kind=UnmatchedKind.BLOCKED)
                if isinstance(item, Exchange) and entry in self._not_sent
                else redacted(redaction, item)
                for entry, item in items
            ]

    def answered(self, call: Call, reply: Reply | None, *, sent: bool = True) -> None:
        """A call was answered, or broke off without a reply; or it was not even sent, and answered
        in the place of the server.
        """
        entry = self.kept.add(call, reply)
        if not sent:
            self._not_sent.add(entry)
        exchange = self.kept.log.read(entry)
        if isinstance(exchange, Exchange):
            self._stop_if_endless(exchange)

    def unmatched(self, method: str, path: str) -> None:
        """A request came in that means no operation."""
        self.kept.unmatched(method, path)

    def undelivered(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end."""
        self.kept.undelivered(reply)

    def blocked(self, method: str, url: str, why: str) -> None:
        """A request was not let out."""
        self.kept.add(UnmatchedRequest(method, url, why, UnmatchedKind.BLOCKED))

    def unrecorded(self, call: Call, why: str) -> None:
        """A request came in to which a recording has no answer."""
        operation = self.document.operations[call.operation_id]
        path = self.document.base_path + operation.path
        self.kept.add(UnmatchedRequest(operation.method, path, why, UnmatchedKind.NOT_RECORDED))

    def start_new_history(self) -> None:
        """Begins a new history, as after a reset."""
        self._before.append(self.kept.log.entries)
        self.kept.clear()
        self._same.clear()

    @property
    def _entries(self) -> list[tuple[Entry, ...]]:
        return [*self._before, self.kept.log.entries]

    def _stop_if_endless(self, exchange: Exchange) -> None:
        """Counts how often the same was asked for in vain: the answer was the same, and no time
        passed in which it could change, or it never does; or far more often, whatever time passed.
        """
        reply, key = exchange.reply, (exchange.operation_id, exchange.job_id)
        said = (reply.status, reply.body if exchange.accepted else b"") if reply else None
        moment = self._moment(exchange)
        before = self._same.get(key)
        alike = before is not None and before.said == said
        self._same[key] = same = _Same(
            said,
            moment,
            before.count + 1 if before and alike else 1,
            before.at_once + 1 if before and alike and before.moment == moment else 1,
        )
        if same.at_once < LIMIT and same.count < LIMIT_IN_TIME:
            return
        what = f" for {exchange.job_id}" if exchange.job_id else ""
        count = f"{max(same.at_once, same.count)} times"
        why = f"{exchange.operation_id}{what} " + (
            f"was answered {count} in the same way, status {reply.status}"
            if reply
            else f"broke off {count}"
        )
        why = self.kept.keys.redaction(()).redact_text(why)
        self.kept.add(
            UnmatchedRequest(exchange.operation.method, exchange.path, why, UnmatchedKind.ENDLESS)
        )
        raise InfiniteLoop(f"{why}: infinite loop")

    def _moment(self, exchange: Exchange) -> float | None:
        """When the answer was given, None for one that time does not change."""
        ended = any(seen.state.ends for seen in jobs_in(self.document, exchange))
        return None if ended or not exchange.accepted else exchange.at


@dataclass(frozen=True, slots=True)
class _Same:
    """The last answer to a request, None if it broke off, when it was given, how often it was given
    in a row, and how often of that at this moment.
    """

    said: tuple[int, bytes] | None
    moment: float | None
    count: int
    at_once: int


LIMIT = 500
# A job of which nothing is told for so many polls in a row is one that has stalled.
LIMIT_IN_TIME = 2000
