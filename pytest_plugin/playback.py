"""A mock that answers as a recording does, poll by poll."""

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
from ..openapi.json import Json
from ..openapi.operation import CREATING

Unanswered = Callable[[Call, str], None]


class RecordedScenarios(Scenarios):
    """The scenarios of a recording, which decides the outcome of each job."""

    def set_next(self, fate: JobOutcome) -> None:
        """Raise ValueError: the outcome of a job is recorded."""
        raise ValueError(_RECORDED)

    def use(self, name: str, *, next: int | None = None, share: float | None = None) -> None:
        """Raise ValueError: the outcome of a job is recorded."""
        raise ValueError(_RECORDED)


class Playback(JobService[ClockT]):
    """Answers each request with the next recorded answer to one that asked for the same, of those
    behind the last one that was given about the job.

    When there is none left, the last one is given again, but for what makes a job. `unanswered`
    hears of a request to which there is no answer, and why; it is refused as an unknown path is.
    """

    def __init__(
        self, document: Document, recording: Recording, *, clock: ClockT, unanswered: Unanswered
    ) -> None:
        super().__init__(document, clock=clock)
        self.scenarios = RecordedScenarios(document, random=Random())
        self._unanswered = unanswered
        self._recorded = [
            (matcher_for(document, exchange), exchange, exchange.reply)
            for exchange in recording.exchanges
            if exchange.reply is not None
        ]
        self._lock = Lock()
        # Where each job stands in the recording, and which answers have made one.
        self._reached: dict[str, int] = {}
        self._used: set[int] = set()
        self._seen: dict[str, dict[str, Json]] = {}

    def describe_all(self) -> list[dict[str, Json]]:
        """The fields of the jobs in the replies so far, the first job first."""
        with self._lock:
            return list(self._seen.values())

    def clear(self) -> None:
        """Start the recording again."""
        super().clear()
        with self._lock:
            self._reached.clear()
            self._used.clear()
            self._seen.clear()

    def perform(self, asked: AcceptedCall) -> Reply:
        """The next recorded answer to the call; raises Refusal if there is none."""
        sent = read_exchange(self.document, asked.call, None, at=self.clock.now())
        with self._lock:
            index = self._next(sent)
            if index is not None:
                self._remember(self._recorded[index][1], index)
        if index is None:
            known = (likeness for likeness, *_ in self._recorded)
            wrong = near_miss(matcher_for(self.document, sent), known)
            why = f"{asked.operation.id} is not in the recording: {wrong}"
            self._unanswered(asked.call, why)
            raise Refusal(Cause.ENDPOINT_UNKNOWN, why)
        return self._timed(self._recorded[index][2])

    def _next(self, asked: Exchange) -> int | None:
        """The place of the next answer in the recording."""
        wanted = matcher_for(self.document, asked)
        alike = [n for n, (likeness, *_) in enumerate(self._recorded) if likeness == wanted]
        if asked.operation.role in CREATING:
            return next((n for n in alike if n not in self._used), None)
        reached = self._reached.get(asked.job_id or "", max(self._reached.values(), default=-1))
        return next((n for n in alike if n > reached), alike[-1] if alike else None)

    def _remember(self, given: Exchange, index: int) -> None:
        self._used.add(index)
        if given.job_id is not None:
            self._reached[given.job_id] = max(index, self._reached.get(given.job_id, -1))
        for seen in jobs_in(self.document, given):
            self._seen[seen.job_id] = seen.job
            if given.operation.role is not JobRole.LIST:
                self._reached[seen.job_id] = max(index, self._reached.get(seen.job_id, -1))

    def _timed(self, reply: Reply) -> Reply:
        """The reply without what was true of its old way only, and with waits of this clock."""
        hint, headers = self.document.lifecycle.poll_hint, dict[str, str]()
        for name, value in reply.headers.items():
            if hint and name == hint.header and value.isdecimal():
                seconds = self.clock.wait_for(int(value) / hint.per_second)
                headers[name] = str(max(1, ceil(seconds * hint.per_second)))
            elif name not in _OF_THE_WAY:
                headers[name] = value
        return Reply(reply.status, self._waiting(reply.status, headers), reply.body)

    def _waiting(self, status: int, headers: Mapping[str, str]) -> dict[str, str]:
        retried = status == 429 or status >= 500
        return {**headers, **(self._errors.real_wait(headers) if retried else {})}


# The body is here as it was before it was encoded and cut for its way.
_OF_THE_WAY = {"connection", "content-encoding", "content-length", "date", "transfer-encoding"}
_RECORDED = "what becomes of a job is in the recording, and cannot be set"
