"""All that came to one mock in one test, in its order."""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts import Exchange, Stray, read_exchange
from ..mock_server import Clock
from ..openapi import Call, Document, Reply


class Runaway(BaseException):
    """A client asks for the same again and again, and nothing will ever change.

    It would keep the test from ending. So this is no Exception, which a client might catch to try
    once more.
    """


class Journal:
    """The requests to one mock, in their order; raises Runaway when they would never end."""

    def __init__(self, document: Document, clock: Clock) -> None:
        self.document, self._clock = document, clock
        self._histories: list[list[Exchange | Stray]] = [[]]
        self._same: dict[tuple[str, str | None], tuple[Reply | None, float, int]] = {}

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

    def answered(self, call: Call, reply: Reply | None) -> None:
        """A call was answered, or broke off without a reply."""
        exchange = read_exchange(self.document, call, reply, at=self._clock.now())
        self._histories[-1].append(exchange)
        self._stop_if_stuck(exchange)

    def missed(self, method: str, path: str) -> None:
        """A request came in that means no operation."""
        self._histories[-1].append(Stray(method, path))

    def blocked(self, method: str, url: str, why: str) -> None:
        """A request was not let out."""
        self._histories[-1].append(Stray(method, url, why))

    def cut(self) -> None:
        """Begins a new history, as after a reset."""
        self._histories.append([])
        self._same.clear()

    def _stop_if_stuck(self, exchange: Exchange) -> None:
        """Counts how often a job was asked for in vain, without any time passing."""
        key, reply, now = (exchange.operation_id, exchange.job_id), exchange.reply, exchange.at
        if exchange.job_id is None or reply is None:
            return
        last, moment, count = self._same.get(key, (None, now, 0))
        unchanged = last is not None and (last.status, last.body) == (reply.status, reply.body)
        count = count + 1 if unchanged and moment == now else 1
        self._same[key] = (reply, now, count)
        if count >= LIMIT:
            raise Runaway(
                f"{exchange.operation_id} for {exchange.job_id} was answered {count} times in the"
                f" same way, status {reply.status}, while the clock stood still: a loop that never"
                " ends"
            )


LIMIT = 1000
