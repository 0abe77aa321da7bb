"""All that came to one mock in one test, in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..contracts import Exchange, Stray, StrayKind, read_exchange
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
        self._histories: list[list[Exchange | Stray]] = [[]]
        self._not_sent: list[Exchange] = []
        self._same: dict[tuple[str, str | None], tuple[tuple[object, ...], int]] = {}

    def __len__(self) -> int:
        """How many requests there were."""
        return sum(map(len, self._histories))

    @property
    def requests(self) -> list[Exchange]:
        """The calls of operations since the last reset."""
        return [item for item in self._histories[-1] if isinstance(item, Exchange)]

    @property
    def histories(self) -> Sequence[Sequence[Exchange | Stray]]:
        """Everything that came in, cut where the mock was reset."""
        return self._histories

    def answers(self) -> Iterator[list[Exchange | Stray]]:
        """The histories, with those answers alone that are the server's own."""
        for history in self._histories:
            yield [
                Stray(item.operation.method, item.path, kind=StrayKind.NOT_LET_OUT)
                if isinstance(item, Exchange) and item in self._not_sent
                else item
                for item in history
            ]

    def answered(self, call: Call, reply: Reply | None, *, sent: bool = True) -> None:
        """A call was answered, or broke off without a reply; or it was not even sent, and answered
        in the place of the server.
        """
        exchange = read_exchange(self.document, call, reply, at=self._clock.now())
        self._histories[-1].append(exchange)
        if not sent:
            self._not_sent.append(exchange)
        self._stop_if_endless(exchange)

    def missed(self, method: str, path: str) -> None:
        """A request came in that means no operation."""
        self._histories[-1].append(Stray(method, path))

    def blocked(self, method: str, url: str, why: str) -> None:
        """A request was not let out."""
        self._histories[-1].append(Stray(method, url, why, StrayKind.NOT_LET_OUT))

    def unrecorded(self, call: Call, why: str) -> None:
        """A request came in to which a recording has no answer."""
        operation = self.document.operations[call.operation_id]
        path = self.document.base_path + operation.path
        self._histories[-1].append(Stray(operation.method, path, why, StrayKind.NOT_RECORDED))

    def cut(self) -> None:
        """Begins a new history, as after a reset."""
        self._histories.append([])
        self._same.clear()

    def _stop_if_endless(self, exchange: Exchange) -> None:
        """Counts how often the same was asked for in vain: the answer was the same, and no time
        passed in which it could change, or it is one that never changes.
        """
        reply = exchange.reply
        if reply is None:
            return
        key = (exchange.operation_id, exchange.job_id)
        said = reply.status, reply.body if exchange.accepted else b"", self._moment(exchange)
        count = self._same[key][1] + 1 if self._same.get(key, ((), 0))[0] == said else 1
        self._same[key] = said, count
        if count >= LIMIT:
            what = f" for {exchange.job_id}" if exchange.job_id else ""
            why = f"{exchange.operation_id}{what} was answered {count} times in the same way"
            self._histories[-1].append(
                Stray(exchange.operation.method, exchange.path, why, StrayKind.ENDLESS)
            )
            raise Runaway(f"{why}, status {reply.status}: a loop that never ends")

    def _moment(self, exchange: Exchange) -> float | None:
        """When the answer was given, None for one that time does not change."""
        ended = any(seen.state.ends for seen in sightings(self.document, exchange))
        return None if ended or not exchange.accepted else exchange.at


LIMIT = 500
