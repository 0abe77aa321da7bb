"""The words in which a test steers a mock and looks at its jobs."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, TickingClock
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.json import Json

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
OTHER_HEADERS = {"x-render-key": "sk-test", "content-type": "application/json"}


def create(steering: MockControls, prompt: str = "A lighthouse in a storm") -> Json:
    call = Call("createVideo", headers=HEADERS, body=orjson.dumps({"prompt": prompt}))
    return orjson.loads(steering.service.answer(call).body)


@pytest.fixture
def steering(service: JobService) -> MockControls:
    return MockControls(service)


@pytest.fixture
def other_steering(other_document: Document) -> MockControls:
    return MockControls(JobService(other_document, clock=ManualClock(), strict=True))


def test_the_document_and_the_clock_are_those_of_the_service(
    steering: MockControls, document: Document, clock: ManualClock
) -> None:
    assert steering.document is document
    assert steering.clock is clock


def test_jobs_stand_as_a_client_would_see_them_the_oldest_first(
    steering: MockControls, clock: ManualClock
) -> None:
    assert steering.jobs == []
    first = create(steering, "The first")
    clock.advance(5)
    create(steering, "The second")
    assert [(job.prompt, job.status) for job in steering.jobs] == [
        ("The first", "in_progress"),
        ("The second", "queued"),
    ]
    clock.advance(5)
    assert (steering.jobs[0].id, steering.jobs[0].status) == (first["id"], "completed")


def test_all_jobs_are_shown_however_many_a_page_of_the_list_would_hold(
    steering: MockControls,
) -> None:
    made = [create(steering)["id"] for _ in range(120)]
    assert [job.id for job in steering.jobs] == made


def test_to_look_at_jobs_is_no_poll(document: Document) -> None:
    clock = TickingClock()
    steering = MockControls(JobService(document, clock=clock))
    create(steering)
    before = clock.now()
    assert [steering.jobs[0].status for _ in range(9)] == ["queued"] * 9
    assert clock.now() == before


def test_what_lies_deeper_in_a_job_is_reached_by_dots(other_steering: MockControls) -> None:
    other_steering.next_job(outcome="spoilt", code="no_light", seconds=1)
    order = orjson.dumps({"scene": "A teapot", "frames": 9})
    other_steering.service.answer(Call("submitRendering", headers=OTHER_HEADERS, body=order))
    assert other_steering.jobs[0].job.phase.trouble is None
    other_steering.clock.advance(1)
    (ticket,) = other_steering.jobs
    assert (ticket.kind, ticket.job.phase.word) == ("ticket", "spoilt")
    assert ticket.job.phase.trouble.why == "no_light"
    assert (ticket.job.order.scene, ticket.job.order.frames) == ("A teapot", 9)


def test_what_was_set_is_for_one_job_each_in_its_order(
    steering: MockControls, clock: ManualClock
) -> None:
    steering.next_job(outcome="failed", code="moderation_blocked", seconds=3)
    steering.next_job(seconds=60)
    for _ in range(3):
        create(steering)
    clock.advance(3)
    failed, slow, usual = steering.jobs
    assert (failed.status, failed.error.code) == ("failed", "moderation_blocked")
    clock.advance(7)
    failed, slow, usual = steering.jobs
    assert (slow.status, usual.status) == ("queued", "completed")
    clock.advance(50)
    assert steering.jobs[1].status == "completed"


@pytest.mark.parametrize(
    ("fate", "named"),
    [
        ({"outcome": "finished"}, "finished"),
        ({"outcome": "queued"}, "queued"),
        ({"outcome": "completed", "code": "moderation_blocked"}, "moderation_blocked"),
        ({"seconds": -1}, "-1"),
        ({"seconds": float("nan")}, "nan"),
    ],
    ids=[
        "unknown state",
        "state that ends nothing",
        "reason of a success",
        "negative time",
        "no time",
    ],
)
def test_what_cannot_become_of_a_job_is_refused_at_once(
    steering: MockControls, clock: ManualClock, fate: dict[str, Json], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        steering.next_job(**fate)
    create(steering)
    clock.advance(10)
    assert steering.jobs[0].status == "completed"


def test_errors_are_those_of_the_service(steering: MockControls) -> None:
    steering.fail("createVideo", status=429, code="quota_exceeded", times=2, retry_after=4)
    assert [create(steering)["error"]["code"] for _ in range(2)] == ["quota_exceeded"] * 2
    assert create(steering)["status"] == "queued"
    with pytest.raises(ValueError, match="'makeVideo'"):
        steering.fail("makeVideo", status=500)


def test_reset_forgets_jobs_and_plans_but_time_and_ids_go_on(
    steering: MockControls, clock: ManualClock
) -> None:
    before = create(steering)
    steering.next_job(outcome="failed")
    steering.fail("createVideo", status=500)
    clock.advance(100)
    steering.reset()
    assert (steering.jobs, clock.now()) == ([], before["created_at"] + 100)
    after = create(steering)
    clock.advance(10)
    (job,) = steering.jobs
    assert (job.id, job.status) == (after["id"], "completed")
    assert job.id != before["id"]
