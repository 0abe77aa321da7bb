"""A mock that replays the responses of a recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from random import Random
from threading import Lock

from ..contracts import Exchange, read_exchange
from ..contracts.traffic.job_views import jobs_in
from ..contracts.traffic.matching import matcher_for, near_miss
from ..contracts.traffic.recording import Recording
from ..mock_server import JobOutcome, JobService
from ..mock_server.accepted_call import AcceptedCall
from ..mock_server.clock import ClockT
from ..mock_server.errors import Refusal
from ..mock_server.faults.scenarios import Scenarios
from ..openapi import Call, Cause, Document, JobRole, Reply
from ..openapi.jobs import Part
from ..openapi.jobs.sources import RetryHint
from ..openapi.json import Json

OnUnrecorded = Callable[[Call, str], None]


class RecordedScenarios(Scenarios):
    """The scenarios of a recording, which decides the outcome of each job."""

    def set_next(self, outcome: JobOutcome) -> None:
        """Raise ValueError: the outcome of a job is recorded."""
        raise ValueError(_RECORDED)

    def use(self, name: str, *, next: int | None = None, share: float | None = None) -> None:
        """Raise ValueError: the outcome of a job is recorded."""
        raise ValueError(_RECORDED)


class Playback(JobService[ClockT]):
    """Returns the next recorded response to the same request about the same job.

    The last recorded response is repeated, except for creates. A request without a recorded
    response gets the error of an unknown path.

    Args:
        document: the document of the recorded server.
        recording: the recorded exchanges.
        clock: the clock of the mock, which adapts the recorded waits.
        on_unrecorded: called with each request that has no recorded response, and the reason.
    """

    def __init__(
        self,
        document: Document,
        recording: Recording,
        *,
        clock: ClockT,
        on_unrecorded: OnUnrecorded,
    ) -> None:
        super().__init__(document, clock=clock)
        self.scenarios = RecordedScenarios(document, random=Random())
        self._on_unrecorded = on_unrecorded
        self._recorded = [
            (matcher_for(document, exchange), exchange, exchange.reply)
            for exchange in recording.exchanges
            if exchange.reply is not None
        ]
        self._poll_hints = _poll_hints(document)
        self._lock = Lock()
        # Indexes of recorded exchanges: the last one returned about each job, and all returned.
        self._positions: dict[str, int] = {}
        self._used: set[int] = set()
        self._jobs: dict[str, dict[str, Json]] = {}

    def describe_all(self) -> list[dict[str, Json]]:
        """Return the jobs in the responses so far, the oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def clear(self) -> None:
        """Restart the recording."""
        super().clear()
        with self._lock:
            self._positions.clear()
            self._used.clear()
            self._jobs.clear()

    def perform(self, accepted: AcceptedCall) -> Reply:
        """Return the next recorded response to the call; raises Refusal if there is none."""
        request = read_exchange(self.document, accepted.call, None, at=self.clock.now())
        with self._lock:
            index = self._next_index(request)
            if index is not None:
                self._record_position(self._recorded[index][1], index)
        if index is None:
            matchers = (matcher for matcher, *_ in self._recorded)
            difference = near_miss(matcher_for(self.document, request), matchers)
            reason = f"{accepted.operation.id} is not in the recording: {difference}"
            self._on_unrecorded(accepted.call, reason)
            raise Refusal(Cause.ENDPOINT_UNKNOWN, reason)
        return self._adapt_headers(self._recorded[index][2])

    def _next_index(self, request: Exchange) -> int | None:
        """Return the index of the exchange with the next response; None if there is none."""
        wanted = matcher_for(self.document, request)
        same = [n for n, (matcher, *_) in enumerate(self._recorded) if matcher == wanted]
        if request.role is JobRole.CREATE:
            return next((n for n in same if n not in self._used), None)
        newest = max(self._positions.values(), default=-1)
        position = self._positions.get(request.job_id or "", newest)
        return next((n for n in same if n > position), same[-1] if same else None)

    def _record_position(self, exchange: Exchange, index: int) -> None:
        self._used.add(index)
        job_ids = set() if exchange.job_id is None else {exchange.job_id}
        for view in jobs_in(self.document, exchange):
            self._jobs[view.job_id] = view.job
            if exchange.role is not JobRole.LIST:
                job_ids.add(view.job_id)
        for job_id in job_ids:
            self._positions[job_id] = max(index, self._positions.get(job_id, -1))

    def _adapt_headers(self, reply: Reply) -> Reply:
        """Return the reply without the headers of its transport, and with waits of this clock."""
        headers = dict[str, str]()
        for name, value in reply.headers.items():
            units = self._poll_hints.get(name)
            if units and value.isdecimal():
                seconds = self.clock.wait_for(int(value) / units)
                headers[name] = str(max(1, ceil(seconds * units)))
            elif name not in _TRANSPORT_HEADERS:
                headers[name] = value
        return Reply(reply.status, self._with_retry_headers(reply.status, headers), reply.body)

    def _with_retry_headers(self, status: int, headers: Mapping[str, str]) -> dict[str, str]:
        retryable = status == 429 or status >= 500
        return {**headers, **(self._errors.real_wait_header(headers) if retryable else {})}


def _poll_hints(document: Document) -> dict[str, int]:
    """Return the headers that ask for a wait before the next poll, and their units per second."""
    return {
        field.place.name: 1000 if field.source.unit == "milliseconds" else 1
        for kind in document.kinds.values()
        for create in kind.creates
        for field in create.fields
        if isinstance(field.source, RetryHint) and field.place.part is Part.HEADER
    }


# A recorded body is decoded and complete, so these headers are not valid for it.
_TRANSPORT_HEADERS = {
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "transfer-encoding",
}
_RECORDED = "the outcome of a job is in the recording and cannot be set"
