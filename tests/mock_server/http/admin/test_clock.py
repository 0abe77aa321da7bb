"""The clock as it is told and moved over HTTP."""

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


class Running:
    """An application whose real time moves only by hand."""

    def __init__(self, document: Document) -> None:
        self.real = 100.0
        clock = SystemClock(wall=lambda: START, monotonic=lambda: self.real)
        self.app = served(document, clock)


def served(document: Document, clock: Clock) -> MockApp:
    return create_app(service=JobService(document, clock=clock, ids=RandomIds(1), strict=True))


@pytest.fixture
def running(document: Document) -> Running:
    return Running(document)


def status(mock: Running, job_id: str) -> str:
    found: str = send_request(mock.app, f"GET /v1/videos/{job_id}").json()["status"]
    return found


def test_the_speed_of_the_clock_is_the_speed_of_the_jobs(running: Running) -> None:
    now = send_request(running.app, "GET /__admin/clock").json()
    assert now == {"now": START, "speed": 1.0, "frozen": False}
    job_id = send_request(running.app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    running.real += 1.5
    assert status(running, job_id) == "queued"
    faster = send_request(running.app, "PUT /__admin/clock", {"speed": 10}).json()
    assert faster == {"now": START + 1.5, "speed": 10.0, "frozen": False}
    running.real += 0.5
    assert status(running, job_id) == "in_progress"
    running.real += 0.35
    assert status(running, job_id) == "completed"


def test_a_frozen_clock_stands_until_it_is_released_or_moved_on(running: Running) -> None:
    job_id = send_request(running.app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    assert (
        send_request(running.app, "PUT /__admin/clock", {"freeze": True}).json()["frozen"] is True
    )
    running.real += 1000
    assert status(running, job_id) == "queued"
    advanced = send_request(running.app, "POST /__admin/clock", {"advance": 2.5}).json()
    assert advanced == {"now": START + 2.5, "speed": 1.0, "frozen": True}
    assert status(running, job_id) == "in_progress"
    send_request(running.app, "PUT /__admin/clock", {"freeze": False, "speed": 2})
    running.real += 3.75
    assert send_request(running.app, "GET /__admin/clock").json()["now"] == START + 10
    assert status(running, job_id) == "completed"


@pytest.mark.parametrize("clock", [ManualClock(), TickingClock()], ids=["manual", "ticking"])
def test_a_clock_moved_by_hand_can_be_advanced_alone(document: Document, clock: Clock) -> None:
    app, state = served(document, clock), {"now": START, "speed": None, "frozen": True}
    refused = send_request(app, "PUT /__admin/clock", {"speed": 2})
    reason = "this clock can only be advanced; it has no speed"
    assert (refused.status_code, refused.json()) == (400, {"error": reason})
    assert send_request(app, "GET /__admin/clock").json() == state
    moved = send_request(app, "POST /__admin/clock", {"advance": 7})
    assert (moved.status_code, moved.json()) == (200, {**state, "now": START + 7})


class Foreign:
    """A clock of somebody else's, with no way to move it."""

    knows_client_waits = False

    def now(self) -> float:
        return 7.0

    def wait_for(self, seconds: float) -> float:
        return seconds

    def on_poll(self) -> None:
        """Polls do not move it."""

    def client_time(self) -> float:
        return 0.0

    def wait_before_response(self, seconds: float) -> None:
        """Nothing takes time."""

    async def async_wait_before_response(self, seconds: float) -> None:
        """Nothing takes time."""


def test_a_clock_that_cannot_be_moved_says_so(document: Document) -> None:
    app = served(document, Foreign())
    refused = send_request(app, "POST /__admin/clock", {"advance": 7})
    assert (refused.status_code, refused.json()) == (400, {"error": "this clock cannot be moved"})
    assert send_request(app, "GET /__admin/clock").json() == {
        "now": 7.0,
        "speed": None,
        "frozen": True,
    }


def test_looking_at_the_jobs_is_no_poll(document: Document) -> None:
    clock = TickingClock()
    app = served(document, clock)
    job_id = send_request(app, "POST /v1/videos", {"prompt": "A lighthouse"}).json()["id"]
    send_request(app, "GET /__admin/jobs")
    send_request(app, f"GET /__admin/jobs/{job_id}")
    assert clock.now() == START
