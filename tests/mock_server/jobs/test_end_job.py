"""A job that a test ends before its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
import pytest

from aisa_testkit.mock_server import (
    Job,
    JobOutcome,
    JobService,
    ManualClock,
    MemoryStore,
    MockControls,
    RandomIds,
    plan_progression,
)
from aisa_testkit.mock_server.webhooks.signature import new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.openapi import Call, Document, Ending, Reply
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')


def made(service: JobService, *, scenario: str = "completes") -> str:
    headers = {**HEADERS, "x-mock-scenario": scenario}
    job_id: str = orjson.loads(
        service.answer(Call("createVideo", headers=headers, body=CREATE.body)).body
    )["id"]
    return job_id


def ask(service: JobService, operation: str, job: str) -> Reply:
    return service.answer(Call(operation, {"video_id": job}, headers=HEADERS))


def seen(service: JobService, job: str) -> Json:
    return orjson.loads(ask(service, "getVideo", job).body)


@pytest.mark.parametrize("elapsed", [0, 0.25, 2, 5, 9.999, 1 / 3])
@pytest.mark.parametrize("scenario", ["completes", "fails", "stalls", "slow", "jumps"])
def test_a_job_that_is_ended_well_is_finished_at_once_and_for_ever(
    service: JobService, clock: ManualClock, elapsed: float, scenario: str
) -> None:
    job = made(service, scenario=scenario)
    clock.advance(elapsed if scenario != "fails" else elapsed / 2)
    now = clock.now()
    MockControls(service).end_job(job, success=True)
    ended = seen(service, job)
    assert (ended["status"], ended["progress"], ended["error"]) == ("completed", 100, None)
    assert int(now) - 1 <= ended["completed_at"] <= now
    assert ended["completed_at"] >= ended["created_at"]
    assert ask(service, "getVideoContent", job).status == 200
    clock.advance(1000)
    assert seen(service, job) == ended


@pytest.mark.parametrize("code", [None, "generation_failed", "out_of_gpu"])
def test_a_job_that_is_ended_badly_tells_why(
    service: JobService, clock: ManualClock, code: str | None
) -> None:
    job = made(service)
    clock.advance(5)
    MockControls(service).end_job(job, success=False, code=code)
    failed = seen(service, job)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == (code or "moderation_blocked")
    assert (failed["completed_at"], failed["expires_at"]) == (None, None)
    assert ask(service, "getVideoContent", job).status == 409
    assert ask(service, "deleteVideo", job).status == 200


@pytest.mark.parametrize("elapsed", [0, 1.999, 2, 3, 6, 9.5, 9.999])
@pytest.mark.parametrize("scenario", ["completes", "stalls", "slow", "jumps", "fails"])
def test_progress_does_not_fall_when_a_job_is_ended_badly(
    service: JobService, clock: ManualClock, elapsed: float, scenario: str
) -> None:
    job = made(service, scenario=scenario)
    clock.advance(elapsed * 0.6 if scenario == "fails" else elapsed)
    before = seen(service, job)["progress"]
    MockControls(service).end_job(job, success=False)
    after = seen(service, job)["progress"]
    assert after in (before, 1)
    assert after >= before


@pytest.mark.parametrize(("reached", "kept"), [(None, 50), (0, 1), (1, 1), (72, 72), (99, 99)])
def test_a_failure_keeps_the_progress_that_was_reached(
    document: Document, reached: int | None, kept: int
) -> None:
    plan = plan_progression(document.lifecycle, {}, JobOutcome(outcome="failed", failed_at=reached))
    assert (
        plan.phases[-2].progress_to,
        plan.phases[-1].progress_from,
        plan.phases[-1].progress_to,
    ) == (kept,) * 3


def test_a_job_that_expires_keeps_its_files_no_longer_when_it_is_ended_early(
    service: JobService, clock: ManualClock
) -> None:
    job = made(service, scenario="expires")
    clock.advance(5)
    MockControls(service).end_job(job, success=True)
    ended = seen(service, job)
    assert ended["expires_at"] - ended["created_at"] in (64, 65)
    clock.advance(60)
    assert ask(service, "getVideoContent", job).status == 404


def test_the_other_jobs_go_on(service: JobService, clock: ManualClock) -> None:
    first, second = made(service), made(service)
    clock.advance(5)
    before = seen(service, second)
    MockControls(service).end_job(first, success=True)
    assert seen(service, second) == before


def test_an_unknown_job_cannot_be_ended(service: JobService) -> None:
    with pytest.raises(KeyError, match="nobody"):
        MockControls(service).end_job("nobody", success=True)


@pytest.mark.parametrize("success", [True, False])
def test_a_job_that_has_ended_cannot_be_ended_again(
    service: JobService, clock: ManualClock, success: bool
) -> None:
    job = made(service)
    MockControls(service).end_job(job, success=success)
    before = seen(service, job)
    for again in (True, False):
        with pytest.raises(ValueError, match=f"^{job} has ended already$"):
            MockControls(service).end_job(job, success=again)
    assert seen(service, job) == before
    other = made(service)
    clock.advance(10)
    with pytest.raises(ValueError, match="has ended already"):
        MockControls(service).end_job(other, success=False)


def test_a_success_has_no_reason(service: JobService) -> None:
    job = made(service)
    with pytest.raises(ValueError, match="'completed' has no failure code 'x'"):
        MockControls(service).end_job(job, success=True, code="x")
    assert seen(service, job)["status"] == "queued"


def test_an_ended_job_makes_room_for_another(document: Document) -> None:
    service = JobService(
        document, clock=ManualClock(), ids=RandomIds(1), strict=True, limits={"in_flight": 1}
    )
    job = made(service)
    assert service.answer(CREATE).status == 429
    MockControls(service).end_job(job, success=False)
    assert service.answer(CREATE).status == 200


@pytest.mark.parametrize("ending", Ending)
def test_a_job_of_another_document_ends_in_the_first_state_of_its_kind(
    other_document: Document, ending: Ending
) -> None:
    service = JobService(other_document, clock=ManualClock(), ids=RandomIds(1), strict=True)
    headers = {"x-render-key": "k", "content-type": "application/json"}
    reply = service.answer(Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}'))
    place = {"ref": orjson.loads(reply.body)["job"]["ref"]}
    MockControls(service).end_job(place["ref"], success=ending is Ending.SUCCESS)
    phase = orjson.loads(service.answer(Call("rendering", place, headers=headers)).body)["job"]
    expected = {Ending.SUCCESS: "ready", Ending.FAILURE: "spoilt"}
    assert phase["phase"]["word"] == expected[ending]


class Rival(MemoryStore):
    """A store in which somebody else is faster, once."""

    def __init__(self) -> None:
        super().__init__()
        self.first: Callable[[Job], None] | None = None

    def get(self, job_id: str) -> Job | None:
        job = super().get(job_id)
        first, self.first = self.first, None
        if job and first:
            first(job)
        return job


def test_of_two_who_end_a_job_the_second_is_told_so_and_its_end_is_not_sent(
    document: Document,
) -> None:
    sent: list[str] = []

    def receive(headers: Mapping[str, str], body: bytes) -> None:
        sent.append(orjson.loads(body)["type"])

    clock, store = ManualClock(), Rival()
    webhooks = Webhooks(document, clock=clock, receiver=receive, secret=new_secret())
    service = JobService(document, clock=clock, ids=RandomIds(1), store=store, webhooks=webhooks)
    job = made(service)
    clock.advance(5)
    store.first = lambda other: MockControls(service).end_job(other.id, success=True)
    with pytest.raises(ValueError, match=f"^{job} has ended already$"):
        MockControls(service).end_job(job, success=False)
    assert seen(service, job)["status"] == "completed"
    clock.advance(100)
    webhooks.deliver()
    assert sent == ["video.completed"]


def test_a_job_that_is_gone_meanwhile_cannot_be_ended(document: Document) -> None:
    store = Rival()
    service = JobService(document, clock=ManualClock(), ids=RandomIds(1), store=store)
    job = made(service)
    store.first = lambda other: store.remove(other.id)
    with pytest.raises(KeyError, match=job):
        MockControls(service).end_job(job, success=True)
    assert store.get(job) is None
