"""Detection of clients that repeat a request forever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..contracts import Exchange
from ..contracts.traffic.job_views import jobs_in
from ..openapi import Document

MAX_REPEATS_AT_ONCE: Final = 500
# A job that shows no change in so many polls is stalled.
MAX_REPEATS: Final = 2000


class LoopDetector:
    """Counts how often each request of each job got the same response in a row.

    A loop is infinite after MAX_REPEATS_AT_ONCE equal responses between which no time passed, or
    for which time does not matter. It is infinite after MAX_REPEATS equal responses in any case.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._repeats: dict[tuple[str, str | None], _Repeats] = {}

    def find_loop(self, exchange: Exchange) -> str:
        """Count one more exchange; return a description of the infinite loop, "" if none."""
        reply, key = exchange.reply, (exchange.operation_id, exchange.job_id)
        response = (reply.status, reply.body if exchange.accepted else b"") if reply else None
        time, before = self._time_that_matters(exchange), self._repeats.get(key)
        same = before is not None and before.response == response
        self._repeats[key] = repeats = _Repeats(
            response=response,
            time=time,
            count=before.count + 1 if before and same else 1,
            at_once=before.at_once + 1 if before and same and before.time == time else 1,
        )
        if repeats.at_once < MAX_REPEATS_AT_ONCE and repeats.count < MAX_REPEATS:
            return ""
        job = f" for {exchange.job_id}" if exchange.job_id else ""
        times = f"{max(repeats.at_once, repeats.count)} times in a row"
        result = f"got the same {reply.status} response" if reply else "lost the connection"
        return f"{exchange.operation_id}{job} {result} {times}"

    def clear(self) -> None:
        """Forget all exchanges."""
        self._repeats.clear()

    def _time_that_matters(self, exchange: Exchange) -> float | None:
        """Return the time of the response; None if the response does not change with time."""
        ended = any(view.state.meaning.is_terminal for view in jobs_in(self._document, exchange))
        return None if ended or not exchange.accepted else exchange.at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repeats:
    """How often a request got the same response.

    response: the last status and body, None if the connection broke
    time: the time of that response in Unix seconds, None if it does not change with time
    count: equal responses in a row
    at_once: equal responses in a row, all at this time
    """

    response: tuple[int, bytes] | None
    time: float | None
    count: int
    at_once: int
