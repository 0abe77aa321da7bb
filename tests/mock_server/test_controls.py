"""MockControls: next_job, fail, reset and the jobs of a mock."""

from __future__ import annotations

from typing import Any, assert_type

import orjson
import pytest

from aisa_testkit.mock_server import (
    Clock,
    JobFields,
    JobService,
    ManualClock,
    MockControls,
    MovableClock,
    RandomIds,
    SystemClock,
    TickingClock,
    serve_in_thread,
)
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.json import Json
from aisa_testkit.pytest_plugin import mock_videos

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
OTHER_HEADERS = {"x-render-key": "sk-test", "content-type": "application/json"}


def create(controls: MockControls, prompt: str = "A lighthouse in a storm") -> Json:
    call = Call("createVideo", headers=HEADERS, body=orjson.dumps({"prompt": prompt}))
    return orjson.loads(controls.service.answer(call).body)


@pytest.fixture
def controls(service: JobService) -> MockControls:
    return MockControls(service)


@pytest.fixture
def other_controls(other_document: Document) -> MockControls[ManualClock]:
    return MockControls(JobService(other_document, clock=ManualClock(1_780_000_000), strict=True))


def test_document_and_clock_are_those_of_the_service(
    controls: MockControls, document: Document, clock: ManualClock
) -> None:
    assert controls.document is document
    assert controls.clock is clock


def test_jobs_are_as_a_client_sees_them_oldest_first(
    controls: MockControls, clock: ManualClock
) -> None:
    assert controls.jobs == []
    first = create(controls, "The first")
    clock.advance(5)
    create(controls, "The second")
    assert [(job.prompt, job.status) for job in controls.jobs] == [
        ("The first", "in_progress"),
        ("The second", "queued"),
    ]
    clock.advance(5)
    assert (controls.jobs[0].id, controls.jobs[0].status) == (first["id"], "completed")


def test_jobs_are_not_limited_to_one_page(
    controls: MockControls,
) -> None:
    made = [create(controls)["id"] for _ in range(120)]
    assert [job.id for job in controls.jobs] == made


def test_reading_jobs_is_not_a_poll(document: Document) -> None:
    clock = TickingClock(1_780_000_000)
    controls = MockControls(JobService(document, clock=clock))
    create(controls)
    before = clock.now()
    assert [controls.jobs[0].status for _ in range(9)] == ["queued"] * 9
    assert clock.now() == before


def test_nested_fields_of_a_job_are_attributes(
    other_controls: MockControls[ManualClock],
) -> None:
    other_controls.next_job(outcome="spoilt", code="no_light", seconds=1)
    order = orjson.dumps({"scene": "A teapot", "frames": 9})
    other_controls.service.answer(Call("submitRendering", headers=OTHER_HEADERS, body=order))
    assert other_controls.jobs[0].job.phase.trouble is None
    other_controls.clock.advance(1)
    (ticket,) = other_controls.jobs
    assert (ticket.kind, ticket.job.phase.word) == ("ticket", "spoilt")
    assert ticket.job.phase.trouble.why == "no_light"
    assert (ticket.job.order.scene, ticket.job.order.frames) == ("A teapot", 9)


def test_next_job_calls_are_for_one_job_each_in_order(
    controls: MockControls, clock: ManualClock
) -> None:
    controls.next_job(outcome="failed", code="moderation_blocked", seconds=3)
    controls.next_job(seconds=60)
    for _ in range(3):
        create(controls)
    clock.advance(3)
    failed, slow, usual = controls.jobs
    assert (failed.status, failed.error.code) == ("failed", "moderation_blocked")
    clock.advance(7)
    failed, slow, usual = controls.jobs
    assert (slow.status, usual.status) == ("queued", "completed")
    clock.advance(50)
    assert controls.jobs[1].status == "completed"


@pytest.mark.parametrize(
    ("outcome", "named"),
    [
        ({"outcome": "finished"}, "finished"),
        ({"outcome": "queued"}, "queued"),
        ({"outcome": "completed", "code": "moderation_blocked"}, "moderation_blocked"),
        ({"seconds": -1}, "-1"),
        ({"seconds": float("nan")}, "nan"),
        ({"seconds": "3"}, "seconds must be 0 or more, not '3'"),
        ({"outcome": "faild"}, "completed, failed; did you mean failed"),
        ({"scenario": "instnt"}, "unknown scenario 'instnt', .*; did you mean instant"),
        ({"scenario": 3}, "unknown scenario 3, must be one of"),
    ],
    ids=[
        "unknown state",
        "state that is not final",
        "code of a success",
        "negative time",
        "not a number",
        "text",
        "misspelled state",
        "misspelled scenario",
        "number as a scenario",
    ],
)
def test_next_job_with_an_invalid_outcome_raises_value_error(
    controls: MockControls, clock: ManualClock, outcome: dict[str, Json], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        controls.next_job(**outcome)
    create(controls)
    clock.advance(10)
    assert controls.jobs[0].status == "completed"


def test_next_job_takes_a_scenario_or_an_outcome(controls: MockControls) -> None:
    controls.next_job(scenario="instant")
    assert create(controls)["status"] == "completed"
    with pytest.raises(ValueError, match="cannot be combined with outcome, code or seconds"):
        controls.next_job(scenario="instant", seconds=3)
    assert create(controls)["status"] == "queued"


def test_use_scenario_is_for_the_next_jobs_or_for_all(controls: MockControls) -> None:
    controls.use_scenario("instant", next=2)
    assert [create(controls)["status"] for _ in range(3)] == ["completed", "completed", "queued"]
    controls.use_scenario("instant")
    assert [create(controls)["status"] for _ in range(2)] == ["completed"] * 2


def test_fail_returns_a_documented_error_for_the_next_calls(controls: MockControls) -> None:
    controls.fail("createVideo", status=429, code="quota_exceeded", times=2, retry_after=4)
    assert [create(controls)["error"]["code"] for _ in range(2)] == ["quota_exceeded"] * 2
    assert create(controls)["status"] == "queued"
    with pytest.raises(ValueError, match="'makeVideo'"):
        controls.fail("makeVideo", status=500)


def test_reset_removes_jobs_and_settings_but_keeps_clock_and_ids(
    controls: MockControls, clock: ManualClock
) -> None:
    before = create(controls)
    controls.next_job(outcome="failed")
    controls.fail("createVideo", status=500)
    clock.advance(100)
    controls.reset()
    assert (controls.jobs, clock.now()) == ([], before["created_at"] + 100)
    after = create(controls)
    clock.advance(10)
    (job,) = controls.jobs
    assert (job.id, job.status) == (after["id"], "completed")
    assert job.id != before["id"]


def test_the_clock_has_the_type_of_the_service_clock() -> None:
    manual = MockControls(JobService(clock=ManualClock(1_780_000_000)))
    assert_type(manual, MockControls[ManualClock])
    assert_type(manual.clock, ManualClock)
    assert_type(MockControls(JobService(clock=SystemClock(100))).clock, SystemClock)
    # A clock that may not be movable has no `advance` for a type checker.
    assert_type(JobService().clock, Clock)
    assert_type(JobService(ids=RandomIds(1)), JobService[Clock])


def test_the_clock_of_a_mock_in_a_test_can_be_advanced() -> None:
    with mock_videos() as video_mock, serve_in_thread(clock=ManualClock(1_780_000_000)) as server:
        for mock in (video_mock, server):
            assert_type(mock.clock, MovableClock)
            before = mock.clock.now()
            mock.clock.advance(5)
            assert mock.clock.now() == before + 5


def test_jobs_have_a_type_and_any_field(controls: MockControls) -> None:
    made = create(controls)
    assert_type(controls.jobs, list[JobFields])
    assert_type(controls.jobs[0].status, Any)
    assert controls.jobs[0].id == made["id"]
