"""All that came to one mock in one test, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..contracts import ClientVerdict, Exchange, Stray, StrayKind
from ..contracts.journal.judging import judge_clients
from ..contracts.journal.log import Entry, Item, Log
from ..contracts.sighting import sightings
from ..mock_server import Clock
from ..openapi import Call, Document, Reply


class Runaway(BaseException):
    """A client asks for the same again and again, and nothing will ever change.

    It would keep the test from ending. So this is no Exception, which a client might catch to try
    once more.
    """


class Journal:
    """The requests to one server, in their order; raises Runaway when they would never end.

    `live` says that it is no mock, so that its answers are to be judged, too.
    """

    def __init__(self, document: Document, clock: Clock, *, live: bool = False) -> None:
        self.document, self.live, self._clock = document, live, clock
        # One for each history: a test is short, so that nothing in it is forgotten.
        self._logs = [self._log()]
        self._not_sent: set[Entry] = set()
        self._same: dict[tuple[str, str | None], _Same] = {}

    def __len__(self) -> int:
        """How many requests there were."""
        return sum(map(len, self._logs))

    @property
    def requests(self) -> list[Exchange]:
        """The calls of operations since the last reset."""
        return [item for item in self._logs[-1].items if isinstance(item, Exchange)]

    @property
    def histories(self) -> Sequence[Sequence[Item]]:
        """Everything that came in, cut where the mock was reset."""
        return [log.items for log in self._logs]

    @property
    def verdict(self) -> ClientVerdict:
        """What is to be said of the clients, by their requests since the last reset."""
        return judge_clients(self.document, self._logs[-1].items)

    def answers(self) -> Iterator[list[Item]]:
        """The histories, with those answers alone that are the server's own."""
        for log in self._logs:
            yield [
                Stray(item.operation.method, item.path, kind=StrayKind.NOT_LET_OUT)
                if isinstance(item, Exchange) and entry in self._not_sent
                else item
                for entry, item in ((entry, log.read(entry)) for entry in log.entries)
            ]

    def answered(self, call: Call, reply: Reply | None, *, sent: bool = True) -> None:
        """A call was answered, or broke off without a reply; or it was not even sent, and answered
        in the place of the server.
        """
        log = self._logs[-1]
        entry = log.add(call, reply)
        if not sent:
            self._not_sent.add(entry)
        exchange = log.read(entry)
        if isinstance(exchange, Exchange):
            self._stop_if_endless(exchange)

    def missed(self, method: str, path: str) -> None:
        """A request came in that means no operation."""
        self._logs[-1].add(Stray(method, path))

    def untaken(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end."""
        self._logs[-1].untaken(reply)

    def blocked(self, method: str, url: str, why: str) -> None:
        """A request was not let out."""
        self._logs[-1].add(Stray(method, url, why, StrayKind.NOT_LET_OUT))

    def unrecorded(self, call: Call, why: str) -> None:
        """A request came in to which a recording has no answer."""
        operation = self.document.operations[call.operation_id]
        path = self.document.base_path + operation.path
        self._logs[-1].add(Stray(operation.method, path, why, StrayKind.NOT_RECORDED))

    def cut(self) -> None:
        """Begins a new history, as after a reset."""
        self._logs.append(self._log())
        self._same.clear()

    def _log(self) -> Log:
        clock = self._clock
        return Log(
            self.document,
            now=clock.now,
            lived=clock.lived,
            tells_waits=lambda: clock.tells_waits,
        )

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
        self._logs[-1].add(Stray(exchange.operation.method, exchange.path, why, StrayKind.ENDLESS))
        raise Runaway(f"{why}: a loop that never ends")

    def _moment(self, exchange: Exchange) -> float | None:
        """When the answer was given, None for one that time does not change."""
        ended = any(seen.state.ends for seen in sightings(self.document, exchange))
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
