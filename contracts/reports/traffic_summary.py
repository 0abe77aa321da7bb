"""A summary of the traffic of a check: retries, failures of the server, the slowest responses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from ...openapi import Document
from ...openapi.text import count_of
from ..check.pacing import is_retryable
from ..traffic.exchange import Exchange


@dataclass(frozen=True, slots=True)
class SlowResponse:
    """A response that took long.

    number: the number of the request, counted from 1
    operation_id: the operation
    seconds: the time from the request to the end of the response
    """

    number: int
    operation_id: str
    seconds: float

    def __str__(self) -> str:
        # In seconds, the responses of a fast server would all take 0.00.
        took = f"{self.seconds * 1000:.0f} ms" if self.seconds < 1 else f"{self.seconds:.2f} s"
        return f"{took} ({self.operation_id}, no. {self.number})"


@dataclass(frozen=True, slots=True)
class TrafficSummary:
    """The counts of a history.

    requests: the number of all requests
    retries: the number of requests that repeat a failed one
    server_errors: the number of responses by status, of 500 and above
    unanswered: the number of requests without a response
    slowest: the slowest responses, the slowest first; empty if the times are unknown
    """

    requests: int
    retries: int
    server_errors: Mapping[int, int]
    unanswered: int
    slowest: tuple[SlowResponse, ...]

    @property
    def counts(self) -> str:
        """The counts in words: "2 retries, 3 server errors (503)"."""
        total, statuses = sum(self.server_errors.values()), [*map(str, self.server_errors)]
        errors = count_of(total, "server error") + (f" ({', '.join(statuses)})" if total else "")
        texts = [count_of(self.retries, "retry", "retries"), errors]
        if self.unanswered:
            texts.append(f"{count_of(self.unanswered, 'request')} without a response")
        return ", ".join(texts)

    def __str__(self) -> str:
        return f"{self.counts}; slowest: {self.slowest[0]}" if self.slowest else self.counts


def summarize_traffic(document: Document, history: Sequence[Exchange]) -> TrafficSummary:
    """Return the summary of a history."""
    statuses = Counter(e.status for e in history if e.status is not None and e.status >= 500)
    answered = [(number, e) for number, e in enumerate(history, start=1) if e.reply and e.took]
    answered.sort(key=lambda entry: -entry[1].took)
    return TrafficSummary(
        requests=len(history),
        retries=_count_retries(document, history),
        server_errors=dict(sorted(statuses.items())),
        unanswered=sum(e.reply is None and e.was_recorded for e in history),
        slowest=tuple(SlowResponse(n, e.operation_id, e.took) for n, e in answered[:_MAX_SLOWEST]),
    )


def _count_retries(document: Document, history: Sequence[Exchange]) -> int:
    """Return the number of requests that are equal to an earlier one whose last try failed."""
    failed: dict[object, bool] = {}
    retries = 0
    for exchange in history:
        call = exchange.call
        parameters = tuple(call.path_parameters.items()), tuple(call.query)
        key = call.headers.get(document.credentials.header) if document.credentials else None
        request = call.operation_id, parameters, call.body, key
        retries += failed.get(request, False)
        failed[request] = is_retryable(exchange) or exchange.status == HTTPStatus.TOO_MANY_REQUESTS
    return retries


_MAX_SLOWEST = 3
