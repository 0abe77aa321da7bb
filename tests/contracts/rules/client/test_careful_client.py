"""A client that follows the advice of the vendor has no violations, whatever failures it meets."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.contracts.traffic.job_views import jobs_in
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Delivery, Document, JobRole, Reply
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.jobs.sources import FromRequest
from tests.support.operations import find_operation, only_kind, poll_hints

ENDINGS = (Meaning.SUCCESS, Meaning.FAILURE)
Steps = Generator[float, None, None]
MAX_ATTEMPTS, MAX_POLLING_SECONDS = 4, 290.0


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of one request.

    status: an error status, 0 for none
    retry_after: the wait that an error asks for; with `breaks`, the request is not processed
    breaks: True if the connection breaks
    unreadable: True if the body of the response is not JSON
    delay: the seconds until the response is received
    """

    status: int = 0
    retry_after: int | None = None
    breaks: bool = False
    unreadable: bool = False
    delay: float = 0


class Simulation:
    """A server in process, the clock of its clients, and the history of their requests."""

    def __init__(self, document: Document, failures: Sequence[Failure]) -> None:
        self.document, self.clock = document, ManualClock(1_780_000_000)
        self.history: list[Exchange] = []
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1))
        self._failures = iter(failures)

    def run(self, workers: Sequence[Steps]) -> None:
        """Run all workers concurrently, each after its sleep."""
        order = count()
        sleeping = [(0.0, next(order), worker) for worker in workers]
        while sleeping:
            time, _, worker = heappop(sleeping)
            self.clock.sleep(max(0.0, time - self.clock.client_time()))
            slept = next(worker, None)
            if slept is not None:
                heappush(sleeping, (time + slept, next(order), worker))

    def send(self, call: Call) -> Exchange:
        failure = next(self._failures, Failure())
        reply: Reply | None
        if failure.status:
            reply = self._error(failure)
        elif failure.retry_after is not None and failure.breaks:
            reply = None
        else:
            reply = self._with_poll_hint(self.service.answer(call))
            if failure.unreadable:
                reply = replace(reply, body=b"<html>", replaced=reply)
            if failure.breaks:
                reply = replace(reply, delivery=Delivery(bytes_delivered=0))
        if reply and failure.delay:
            delivery = replace(reply.delivery or Delivery(), delay=failure.delay)
            reply = replace(reply, delivery=delivery)
        now, client_time = self.clock.now(), self.clock.client_time()
        self.history.append(
            read_exchange(self.document, call, reply, at=now, client_time=client_time)
        )
        return self.history[-1]

    def _error(self, failure: Failure) -> Reply:
        header = self.document.envelope.retry_seconds
        headers = (
            {header: str(failure.retry_after)} if header and failure.retry_after is not None else {}
        )
        return Reply(failure.status, headers, b"{}")

    def _with_poll_hint(self, reply: Reply) -> Reply:
        """The response with the poll hint of a mock in real time."""
        hints = {
            header: str(2 * units)
            for header, units in poll_hints(self.document).items()
            if header and header in reply.headers
        }
        return replace(reply, headers={**reply.headers, **hints})


class GivenUp(Exception):
    """A worker has given up."""


class Worker:
    """A worker that creates a job and follows it to its end, by the advice of the vendor."""

    def __init__(self, simulation: Simulation, prompt: str, *, jitter: float) -> None:
        self._simulation, self._prompt, self._jitter = simulation, prompt, jitter
        self._last: Exchange | None = None
        self._job_id = ""

    def work(self) -> Steps:
        """Yield the seconds to sleep between the requests."""
        with suppress(GivenUp):
            yield from self._create()
            yield from self._follow()

    def _follow(self) -> Steps:
        end, slept = None, 0.0
        while end is None and slept < MAX_POLLING_SECONDS:
            yield from self._send_with_retries(self._call(JobRole.POLL))
            end = self._end()
            if end is None:
                slept += 2
                yield 2
        if end is Meaning.SUCCESS:
            yield from self._send_with_retries(self._call(JobRole.RESULT))
        if end:
            yield from self._send_with_retries(self._call(JobRole.DELETE))

    def _create(self) -> Steps:
        """Create the job; look for it in the list before a retry."""
        for attempt in range(MAX_ATTEMPTS):
            created = self._simulation.send(self._call(JobRole.CREATE))
            yield created.took
            self._job_id = self._job_in(created)
            if self._job_id:
                return
            yield self._wait(created, attempt)
            if created.status != 429:
                yield from self._send_with_retries(self._call(JobRole.LIST))
                self._job_id = self._job_in(self._last)
                if self._job_id:
                    return
        raise GivenUp

    def _send_with_retries(self, call: Call) -> Steps:
        """Send a request until it succeeds; raises GivenUp after too many attempts."""
        for attempt in range(MAX_ATTEMPTS):
            self._last = self._simulation.send(call)
            yield self._last.took
            status = self._last.status
            if status is not None and status != 429 and status < 500 and not self._unreadable():
                return
            yield self._wait(self._last, attempt)
        raise GivenUp

    def _wait(self, failed: Exchange, attempt: int) -> float:
        header = self._simulation.document.envelope.retry_seconds
        retry_after = failed.reply.headers.get(header or "") if failed.reply else None
        return float(retry_after) if retry_after else 2**attempt * self._jitter

    def _call(self, role: JobRole) -> Call:
        document = self._simulation.document
        operation = find_operation(document, role)
        body = operation.bodies.get("application/json")
        fields = {body.schema.raw["required"][0]: self._prompt} if body else None
        names = dict.fromkeys(operation.template.parameters, self._job_id)
        return build_call(document, operation, fields, key="k", path_parameters=names)

    def _job_in(self, exchange: Exchange | None) -> str:
        """The id of this worker's job in a response, by its prompt; empty if it is missing."""
        document = self._simulation.document
        for view in jobs_in(document, exchange) if exchange else ():
            echo = next(f for f in view.kind.fields if isinstance(f.source, FromRequest))
            if view.value_at(echo.place.path) == self._prompt:
                return view.job_id
        return ""

    def _unreadable(self) -> bool:
        last = self._last
        return bool(last and last.accepted and last.reply and last.reply.body == b"<html>")

    def _end(self) -> Meaning | None:
        views = jobs_in(self._simulation.document, self._last) if self._last else ()
        meaning = views[0].state.meaning if views else None
        return meaning if meaning and meaning.is_terminal else None


FAILURES = st.builds(
    Failure,
    st.sampled_from([0, 0, 0, 429, 500, 503]),
    st.none() | st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 0, 0.25, 3, 40]),
)


@pytest.mark.parametrize("fixture", ["document", "other_document"], ids=["videos", "renderings"])
@given(
    failures=st.lists(FAILURES, max_size=40),
    workers=st.integers(1, 3),
    jitter=st.floats(0.75, 1.25),
    ends=st.lists(st.sampled_from(ENDINGS), max_size=4),
)
def test_careful_client_has_no_violations(
    request: pytest.FixtureRequest,
    fixture: str,
    failures: list[Failure],
    workers: int,
    jitter: float,
    ends: list[Meaning],
) -> None:
    simulation = Simulation(request.getfixturevalue(fixture), failures)
    for end in ends:
        MockControls(simulation.service).next_job(
            outcome=only_kind(simulation.document).lifecycle.named(end)[0]
        )
    simulation.run([Worker(simulation, f"No. {n}", jitter=jitter).work() for n in range(workers)])
    assert check_client(simulation.document, simulation.history) == ()


def test_hasty_client_has_violations(document: Document) -> None:
    """Proves that the test above can fail."""
    failures = [Failure(), Failure(), *[Failure(status=429, retry_after=5)] * 2]
    simulation = Simulation(document, failures)
    simulation.run([Worker(simulation, "x", jitter=1).work()])
    assert check_client(document, simulation.history) == ()
    hasty = [replace(e, client_time=(e.client_time or 0) / 10) for e in simulation.history]
    assert {v.code for v in check_client(document, hasty)} == {"AV722", "AV731"}
