"""MockControls.end_job: a test ends a pending job."""

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
)
from aisa_testkit.mock_server.webhooks.signature import new_secret
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from aisa_testkit.openapi.jobs import Meaning
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.source import parse_source
from tests.support.documents import renderings_text
from tests.support.planned_jobs import plan

START = 1_780_000_000
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')


def create_job(service: JobService, *, scenario: str = "completes") -> str:
    headers = {**HEADERS, "x-mock-scenario": scenario}
    job_id: str = orjson.loads(
        service.answer(Call("createVideo", headers=headers, body=CREATE.body)).body
    )["id"]
    return job_id


def send(service: JobService, operation: str, job: str) -> Reply:
    return service.answer(Call(operation, {"video_id": job}, headers=HEADERS))


def retrieve(service: JobService, job: str) -> Json:
    return orjson.loads(send(service, "getVideo", job).body)


@pytest.mark.parametrize("elapsed", [0, 0.25, 2, 5, 9.999, 1 / 3])
@pytest.mark.parametrize("scenario", ["completes", "fails", "stalls", "slow", "jumps"])
def test_end_job_with_success_completes_the_job(
    service: JobService, clock: ManualClock, elapsed: float, scenario: str
) -> None:
    job = create_job(service, scenario=scenario)
    clock.advance(elapsed if scenario != "fails" else elapsed / 2)
    now = clock.now()
    MockControls(service).end_job(job, success=True)
    ended = retrieve(service, job)
    assert (ended["status"], ended["progress"], ended["error"]) == ("completed", 100, None)
    assert int(now) - 1 <= ended["completed_at"] <= now
    assert ended["completed_at"] >= ended["created_at"]
    assert send(service, "getVideoContent", job).status == 200
    clock.advance(1000)
    assert retrieve(service, job) == ended


@pytest.mark.parametrize("code", [None, "generation_failed", "out_of_gpu"])
def test_end_job_with_failure_sets_the_code(
    service: JobService, clock: ManualClock, code: str | None
) -> None:
    job = create_job(service)
    clock.advance(5)
    MockControls(service).end_job(job, success=False, code=code)
    failed = retrieve(service, job)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == (code or "moderation_blocked")
    assert (failed["completed_at"], failed["expires_at"]) == (None, None)
    assert send(service, "getVideoContent", job).status == 409
    assert send(service, "deleteVideo", job).status == 200


@pytest.mark.parametrize("elapsed", [0, 1.999, 2, 3, 6, 9.5, 9.999])
@pytest.mark.parametrize("scenario", ["completes", "stalls", "slow", "jumps", "fails"])
def test_end_job_with_failure_does_not_decrease_progress(
    service: JobService, clock: ManualClock, elapsed: float, scenario: str
) -> None:
    job = create_job(service, scenario=scenario)
    clock.advance(elapsed * 0.6 if scenario == "fails" else elapsed)
    before = retrieve(service, job)["progress"]
    MockControls(service).end_job(job, success=False)
    after = retrieve(service, job)["progress"]
    assert after in (before, 1)
    assert after >= before


@pytest.mark.parametrize(
    ("failed_at", "progress"), [(None, 50), (0, 1), (1, 1), (72, 72), (99, 99)]
)
def test_failed_at_is_the_progress_of_the_failed_job(
    document: Document, failed_at: int | None, progress: int
) -> None:
    progression = plan(document, outcome=JobOutcome(outcome="failed", failed_at=failed_at))
    assert (
        progression.phases[-2].progress_to,
        progression.phases[-1].progress_from,
        progression.phases[-1].progress_to,
    ) == (progress,) * 3


def test_end_job_keeps_the_expiry_of_the_scenario(service: JobService, clock: ManualClock) -> None:
    job = create_job(service, scenario="expires")
    clock.advance(5)
    MockControls(service).end_job(job, success=True)
    ended = retrieve(service, job)
    assert ended["expires_at"] - ended["created_at"] in (64, 65)
    clock.advance(60)
    assert send(service, "getVideoContent", job).status == 404


def test_end_job_does_not_affect_other_jobs(service: JobService, clock: ManualClock) -> None:
    before_get, second = create_job(service), create_job(service)
    clock.advance(5)
    before = retrieve(service, second)
    MockControls(service).end_job(before_get, success=True)
    assert retrieve(service, second) == before


def test_end_job_of_an_unknown_job_is_a_key_error(service: JobService) -> None:
    with pytest.raises(KeyError, match="nobody"):
        MockControls(service).end_job("nobody", success=True)


@pytest.mark.parametrize("success", [True, False])
def test_end_job_of_an_ended_job_is_a_value_error(
    service: JobService, clock: ManualClock, success: bool
) -> None:
    job = create_job(service)
    MockControls(service).end_job(job, success=success)
    before = retrieve(service, job)
    for again in (True, False):
        with pytest.raises(ValueError, match=f"^{job} has ended already$"):
            MockControls(service).end_job(job, success=again)
    assert retrieve(service, job) == before
    other = create_job(service)
    clock.advance(10)
    with pytest.raises(ValueError, match="has ended already"):
        MockControls(service).end_job(other, success=False)


def test_end_job_with_success_rejects_a_code(service: JobService) -> None:
    job = create_job(service)
    with pytest.raises(ValueError, match="'completed' has no failure code 'x'"):
        MockControls(service).end_job(job, success=True, code="x")
    assert retrieve(service, job)["status"] == "queued"


def test_end_job_frees_a_slot_of_the_in_flight_limit(document: Document) -> None:
    service = JobService(
        document,
        clock=ManualClock(1_780_000_000),
        ids=RandomIds(1),
        strict=True,
        limits={"in_flight": 1},
    )
    job = create_job(service)
    assert service.answer(CREATE).status == 429
    MockControls(service).end_job(job, success=False)
    assert service.answer(CREATE).status == 200


@pytest.mark.parametrize("meaning", [Meaning.SUCCESS, Meaning.FAILURE])
def test_end_job_uses_the_first_final_state_of_the_document(
    other_document: Document, meaning: Meaning
) -> None:
    service = JobService(
        other_document, clock=ManualClock(1_780_000_000), ids=RandomIds(1), strict=True
    )
    headers = {"x-render-key": "k", "content-type": "application/json"}
    reply = service.answer(Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}'))
    place = {"ref": orjson.loads(reply.body)["job"]["ref"]}
    MockControls(service).end_job(place["ref"], success=meaning is Meaning.SUCCESS)
    phase = orjson.loads(service.answer(Call("rendering", place, headers=headers)).body)["job"]
    expected = {Meaning.SUCCESS: "ready", Meaning.FAILURE: "spoilt"}
    assert phase["phase"]["word"] == expected[meaning]


def test_end_job_with_failure_needs_a_failure_state() -> None:
    root = parse_source(renderings_text(), name="renderings").data
    kind = root["x-jobs"]["rendering"]
    kind["states"] = {"waiting": "pending", "ready": "success"}
    kind["fields"] = {"/job/order/scene": {"request": "/scene"}}
    text = orjson.dumps(root).decode()
    service = JobService(parse_document(text), clock=ManualClock(1_780_000_000))
    headers = {"x-render-key": "k", "content-type": "application/json"}
    reply = service.answer(Call("submitRendering", headers=headers, body=b'{"scene": "A teapot"}'))
    with pytest.raises(ValueError, match="this document has no failure state"):
        MockControls(service).end_job(orjson.loads(reply.body)["job"]["ref"], success=False)


class RacingStore(MemoryStore):
    """A store that changes a job between its look-up and its replacement, once."""

    def __init__(self) -> None:
        super().__init__()
        self.before_get: Callable[[Job], None] | None = None

    def get(self, job_id: str) -> Job | None:
        job = super().get(job_id)
        before_get, self.before_get = self.before_get, None
        if job and before_get:
            before_get(job)
        return job


def test_concurrent_end_job_fails_and_sends_no_webhook(
    document: Document,
) -> None:
    sent: list[str] = []

    def receive(headers: Mapping[str, str], body: bytes) -> None:
        sent.append(orjson.loads(body)["type"])

    clock, store = ManualClock(1_780_000_000), RacingStore()
    webhooks = Webhooks(document, clock=clock, receiver=receive, secret=new_secret())
    service = JobService(document, clock=clock, ids=RandomIds(1), store=store, webhooks=webhooks)
    job = create_job(service)
    clock.advance(5)
    store.before_get = lambda other: MockControls(service).end_job(other.id, success=True)
    with pytest.raises(ValueError, match=f"^{job} has ended already$"):
        MockControls(service).end_job(job, success=False)
    assert retrieve(service, job)["status"] == "completed"
    clock.advance(100)
    webhooks.deliver()
    assert sent == ["video.completed"]


def test_end_job_of_a_concurrently_deleted_job_is_a_key_error(document: Document) -> None:
    store = RacingStore()
    service = JobService(document, clock=ManualClock(1_780_000_000), ids=RandomIds(1), store=store)
    job = create_job(service)
    store.before_get = lambda other: store.remove(other.id)
    with pytest.raises(KeyError, match=job):
        MockControls(service).end_job(job, success=True)
    assert store.get(job) is None
