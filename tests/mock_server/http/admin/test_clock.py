"""Reading and moving the clock through the control API."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import (
    Clock,
    JobService,
    ManualClock,
    RandomIds,
    SystemClock,
    TickingClock,
    create_app,
)
from aisa_testkit.mock_server.http.app import MockApp
from aisa_testkit.openapi import Document
from tests.support.asgi import send_request

START = 1_780_000_000


class FakeTimeApp:
    """An application whose real time moves only by hand."""

    def __init__(self, document: Document) -> None:
        self.real = 100.0
        clock = SystemClock(wall=lambda: START, monotonic=lambda: self.real)
        self.app = create_application(document, clock)


def create_application(document: Document, clock: Clock) -> MockApp:
    return create_app(service=JobService(document, clock=clock, ids=RandomIds(1), strict=True))


@pytest.fixture
def mock(document: Document) -> FakeTimeApp:
    return FakeTimeApp(document)


def status(mock: FakeTimeApp, job_id: str) -> str:
    value: str = send_request(mock.app, f"GET /v1/videos/{job_id}").json()["status"]
    return value


def test_clock_speed_is_the_speed_of_jobs(mock: FakeTimeApp) -> None:
    now = send_request(mock.app, "GET /__admin/clock").json()
    assert now == {"now": START, "speed": 1.0, "frozen": False}
    job_id = send_request(mock.app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    mock.real += 1.5
    assert status(mock, job_id) == "queued"
    faster = send_request(mock.app, "PUT /__admin/clock", {"speed": 10}).json()
    assert faster == {"now": START + 1.5, "speed": 10.0, "frozen": False}
    mock.real += 0.5
    assert status(mock, job_id) == "in_progress"
    mock.real += 0.35
    assert status(mock, job_id) == "completed"


def test_frozen_clock_only_moves_when_advanced_or_unfrozen(mock: FakeTimeApp) -> None:
    job_id = send_request(mock.app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    assert send_request(mock.app, "PUT /__admin/clock", {"freeze": True}).json()["frozen"] is True
    mock.real += 1000
    assert status(mock, job_id) == "queued"
    advanced = send_request(mock.app, "POST /__admin/clock", {"advance": 2.5}).json()
    assert advanced == {"now": START + 2.5, "speed": 1.0, "frozen": True}
    assert status(mock, job_id) == "in_progress"
    send_request(mock.app, "PUT /__admin/clock", {"freeze": False, "speed": 2})
    mock.real += 3.75
    assert send_request(mock.app, "GET /__admin/clock").json()["now"] == START + 10
    assert status(mock, job_id) == "completed"


@pytest.mark.parametrize(
    "clock", [ManualClock(1_780_000_000), TickingClock(1_780_000_000)], ids=["manual", "ticking"]
)
def test_manual_clock_can_only_be_advanced(document: Document, clock: Clock) -> None:
    app, state = create_application(document, clock), {"now": START, "speed": None, "frozen": True}
    rejected = send_request(app, "PUT /__admin/clock", {"speed": 2})
    reason = "this clock can only be advanced; it has no speed"
    assert (rejected.status_code, rejected.json()) == (400, {"error": reason})
    assert send_request(app, "GET /__admin/clock").json() == state
    moved = send_request(app, "POST /__admin/clock", {"advance": 7})
    assert (moved.status_code, moved.json()) == (200, {**state, "now": START + 7})


class UnmovableClock:
    """A clock of another program that cannot be moved."""

    knows_client_waits = False

    def now(self) -> float:
        return 7.0

    def wait_for(self, seconds: float) -> float:
        return seconds

    def on_poll(self) -> None:
        """Polls do not move this clock."""

    def client_time(self) -> float:
        return 0.0

    def wait_before_response(self, seconds: float) -> None:
        """Nothing takes time."""

    async def async_wait_before_response(self, seconds: float) -> None:
        """Nothing takes time."""


def test_foreign_clock_cannot_be_advanced(document: Document) -> None:
    app = create_application(document, UnmovableClock())
    rejected = send_request(app, "POST /__admin/clock", {"advance": 7})
    assert (rejected.status_code, rejected.json()) == (400, {"error": "this clock cannot be moved"})
    assert send_request(app, "GET /__admin/clock").json() == {
        "now": 7.0,
        "speed": None,
        "frozen": True,
    }


def test_reading_jobs_through_the_control_api_is_not_a_poll(document: Document) -> None:
    clock = TickingClock(1_780_000_000)
    app = create_application(document, clock)
    job_id = send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    send_request(app, "GET /__admin/jobs")
    send_request(app, f"GET /__admin/jobs/{job_id}")
    assert clock.now() == START
