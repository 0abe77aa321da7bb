"""A client that does everything right is never blamed, whatever becomes of its requests."""

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
from aisa_testkit.openapi import Call, Delivery, Document, Ending, JobRole, Reply
from aisa_testkit.openapi.pointer import get

Steps = Generator[float, None, None]
ATTEMPTS, PATIENCE = 4, 290.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request: an error status with the wait that it asks for, or the
    connection breaks, before or after the server has done what was asked; or the answer is spoiled.
    It is there after `delay` seconds.
    """

    status: int = 0
    asks: int | None = None
    breaks: bool = False
    spoiled: bool = False
    delay: float = 0


class World:
    """A server in process, the life of its clients, and all that passes between them."""

    def __init__(self, document: Document, fates: Sequence[Fate]) -> None:
        self.document, self.clock = document, ManualClock()
        self.history: list[Exchange] = []
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1))
        self._fates = iter(fates)

    def live(self, workers: Sequence[Steps]) -> None:
        """Lets all workers go on at once, each as soon as it has slept."""
        order = count()
        sleeping = [(0.0, next(order), worker) for worker in workers]
        while sleeping:
            moment, _, worker = heappop(sleeping)
            self.clock.sleep(max(0.0, moment - self.clock.client_time()))
            slept = next(worker, None)
            if slept is not None:
                heappush(sleeping, (moment + slept, next(order), worker))

    def send(self, call: Call) -> Exchange:
        fate = next(self._fates, Fate())
        reply: Reply | None
        if fate.status:
            reply = self._failure(fate)
        elif fate.asks is not None and fate.breaks:
            reply = None
        else:
            reply = self._hinting(self.service.answer(call))
            if fate.spoiled:
                reply = replace(reply, body=b"<html>", replaced=reply)
            if fate.breaks:
                reply = replace(reply, delivery=Delivery(bytes_delivered=0))
        if reply and fate.delay:
            delivery = replace(reply.delivery or Delivery(), delay=fate.delay)
            reply = replace(reply, delivery=delivery)
        now, client_time = self.clock.now(), self.clock.client_time()
        self.history.append(
            read_exchange(self.document, call, reply, at=now, client_time=client_time)
        )
        return self.history[-1]

    def _failure(self, fate: Fate) -> Reply:
        header = self.document.envelope.retry_seconds
        asked = {header: str(fate.asks)} if header and fate.asks is not None else {}
        return Reply(fate.status, asked, b"{}")

    def _hinting(self, reply: Reply) -> Reply:
        """The answer as it would be if a second were a second."""
        hint = self.document.lifecycle.poll_hint
        if hint is None or hint.header not in reply.headers:
            return reply
        return replace(
            reply, headers={**reply.headers, hint.header: str(2 * hint.units_per_second)}
        )


class GivenUp(Exception):
    """It is no use to ask any more."""


class Worker:
    """One that makes a job and follows it to its end, by the vendor's advice."""

    def __init__(self, world: World, prompt: str, *, jitter: float) -> None:
        self._world, self._prompt, self._jitter = world, prompt, jitter
        self._last: Exchange | None = None
        self._job_id = ""

    def work(self) -> Steps:
        """Sleeps for as many seconds as it yields."""
        with suppress(GivenUp):
            yield from self._make()
            yield from self._follow()

    def _follow(self) -> Steps:
        end, slept = None, 0.0
        while end is None and slept < PATIENCE:
            yield from self._insist(self._call(JobRole.RETRIEVE))
            end = self._end()
            if end is None:
                slept += 2
                yield 2
        if end is Ending.SUCCESS:
            yield from self._insist(self._call(JobRole.CONTENT))
        if end:
            yield from self._insist(self._call(JobRole.DELETE))

    def _make(self) -> Steps:
        """Asks for the job; before it asks again it looks whether there is one."""
        for attempt in range(ATTEMPTS):
            made = self._world.send(self._call(JobRole.CREATE))
            yield made.took
            self._job_id = self._shown(made)
            if self._job_id:
                return
            yield self._wait(made, attempt)
            if made.status != 429:
                yield from self._insist(self._call(JobRole.LIST))
                self._job_id = self._shown(self._last)
                if self._job_id:
                    return
        raise GivenUp

    def _insist(self, call: Call) -> Steps:
        """Asks until there is an answer; raises GivenUp when it is time to."""
        for attempt in range(ATTEMPTS):
            self._last = self._world.send(call)
            yield self._last.took
            status = self._last.status
            if status is not None and status != 429 and status < 500 and not self._unreadable():
                return
            yield self._wait(self._last, attempt)
        raise GivenUp

    def _wait(self, failed: Exchange, attempt: int) -> float:
        header = self._world.document.envelope.retry_seconds
        asked = failed.reply.headers.get(header or "") if failed.reply else None
        return float(asked) if asked else 2**attempt * self._jitter

    def _call(self, role: JobRole) -> Call:
        document = self._world.document
        operation = document.by_role[role]
        body = operation.bodies.get("application/json")
        fields = {body.schema.raw["required"][0]: self._prompt} if body else None
        names = dict.fromkeys(operation.template.parameters, self._job_id)
        return build_call(document, operation, fields, key="k", path_parameters=names)

    def _shown(self, exchange: Exchange | None) -> str:
        """The job of this worker in an answer, known by its prompt; empty if it is not there."""
        document = self._world.document
        for seen in jobs_in(document, exchange) if exchange else ():
            echo = document.lifecycle.echoes[0]
            if get(seen.job, echo.at) == self._prompt:
                return seen.job_id
        return ""

    def _unreadable(self) -> bool:
        last = self._last
        return bool(last and last.accepted and last.reply and last.reply.body == b"<html>")

    def _end(self) -> Ending | None:
        seen = jobs_in(self._world.document, self._last) if self._last else ()
        return seen[0].state.ends if seen else None


FATES = st.builds(
    Fate,
    st.sampled_from([0, 0, 0, 429, 500, 503]),
    st.none() | st.integers(0, 20),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 0, 0.25, 3, 40]),
)


@pytest.mark.parametrize("which", ["document", "other_document"], ids=["videos", "renderings"])
@given(
    fates=st.lists(FATES, max_size=40),
    workers=st.integers(1, 3),
    jitter=st.floats(0.75, 1.25),
    ends=st.lists(st.sampled_from(Ending), max_size=4),
)
def test_a_careful_client_is_never_blamed(
    request: pytest.FixtureRequest,
    which: str,
    fates: list[Fate],
    workers: int,
    jitter: float,
    ends: list[Ending],
) -> None:
    world = World(request.getfixturevalue(which), fates)
    for end in ends:
        MockControls(world.service).next_job(outcome=world.document.lifecycle.final_states(end)[0])
    world.live([Worker(world, f"No. {n}", jitter=jitter).work() for n in range(workers)])
    assert check_client(world.document, world.history) == ()


def test_the_same_client_in_a_hurry_is_blamed(document: Document) -> None:
    """So that the test above can fail."""
    fates = [Fate(), Fate(), Fate(status=429, asks=5), Fate(status=429, asks=5)]
    world = World(document, fates)
    world.live([Worker(world, "x", jitter=1).work()])
    assert check_client(document, world.history) == ()
    hurried = [replace(e, client_time=(e.client_time or 0) / 10) for e in world.history]
    assert {v.code for v in check_client(document, hurried)} == {"AV722", "AV731"}
