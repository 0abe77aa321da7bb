"""The control API: what it shows, what it changes, and what it leaves alone when asked wrongly."""

from __future__ import annotations

import asyncio

import httpx2
import orjson
import pytest
from starlette.types import ASGIApp

from aisa_testkit.mock_server import (
    Clock,
    JobService,
    ManualClock,
    RandomIds,
    SystemClock,
    TickingClock,
    create_app,
)
from aisa_testkit.openapi import Document, JobRole, parse_document
from aisa_testkit.openapi.json import Json

START = 1_780_000_000
KEY = {"authorization": "Bearer sk-test"}


def ask(app: ASGIApp, request: str, json: Json = None, *, raw: bytes | None = None) -> Json:
    """The body of the answer to a request such as `PUT /__admin/clock`, after its status."""
    method, path = request.split(" ")

    async def respond() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock:81") as client:
            content = orjson.dumps(json) if raw is None and json is not None else raw
            headers = {**KEY, "content-type": "application/json"}
            return await client.request(method, path, content=content, headers=headers)

    response = asyncio.run(respond())
    return response.status_code, response.json()


class Mock:
    """An application whose real time moves only by hand."""

    def __init__(self, document: Document, clock: Clock | None = None) -> None:
        self.real = 100.0
        running = SystemClock(wall=lambda: START, monotonic=lambda: self.real)
        self.service = JobService(document, clock=clock or running, ids=RandomIds(1), strict=True)
        self.app = create_app(service=self.service)

    def make(self) -> str:
        _, job = ask(self.app, "POST /v1/videos", {"prompt": "A lighthouse in a storm"})
        job_id: str = job["id"]
        return job_id

    def status(self, job_id: str) -> str:
        _, job = ask(self.app, f"GET /v1/videos/{job_id}")
        status: str = job["status"]
        return status


@pytest.fixture
def mock(document: Document) -> Mock:
    return Mock(document)


def test_health_says_what_is_served_and_how_many_jobs_there_are(mock: Mock) -> None:
    mock.make()
    assert ask(mock.app, "GET /__admin/health") == (
        200,
        {
            "status": "ok",
            "title": "AIsa Videos",
            "version": "1.0.0",
            "base_path": "/v1",
            "jobs": 1,
        },
    )


def test_the_speed_of_the_clock_is_the_speed_of_the_jobs(mock: Mock) -> None:
    assert ask(mock.app, "GET /__admin/clock") == (
        200,
        {"now": START, "speed": 1.0, "frozen": False},
    )
    job_id = mock.make()
    mock.real += 1.5
    assert mock.status(job_id) == "queued"
    clock = {"now": START + 1.5, "speed": 10.0, "frozen": False}
    assert ask(mock.app, "PUT /__admin/clock", {"speed": 10}) == (200, clock)
    mock.real += 0.5
    assert mock.status(job_id) == "in_progress"
    mock.real += 0.35
    assert mock.status(job_id) == "completed"


def test_a_frozen_clock_stands_until_it_is_released_or_moved_on(mock: Mock) -> None:
    job_id = mock.make()
    assert ask(mock.app, "PUT /__admin/clock", {"freeze": True})[1]["frozen"] is True
    mock.real += 1000
    assert mock.status(job_id) == "queued"
    advanced = {"now": START + 2.5, "speed": 1.0, "frozen": True}
    assert ask(mock.app, "POST /__admin/clock", {"advance": 2.5}) == (200, advanced)
    assert mock.status(job_id) == "in_progress"
    ask(mock.app, "PUT /__admin/clock", {"freeze": False, "speed": 2})
    mock.real += 3.75
    assert ask(mock.app, "GET /__admin/clock")[1]["now"] == START + 10
    assert mock.status(job_id) == "completed"


@pytest.mark.parametrize("clock", [ManualClock(), TickingClock()], ids=["manual", "ticking"])
def test_a_clock_moved_by_hand_can_be_advanced_alone(document: Document, clock: Clock) -> None:
    mock = Mock(document, clock)
    state = {"now": START, "speed": None, "frozen": True}
    status, refused = ask(mock.app, "PUT /__admin/clock", {"speed": 2})
    assert status == 400
    assert refused["error"] == "this clock does not run by itself; it can only be advanced"
    assert ask(mock.app, "GET /__admin/clock") == (200, state)
    moved = {**state, "now": START + 7}
    assert ask(mock.app, "POST /__admin/clock", {"advance": 7}) == (200, moved)


SPEED, ADVANCE = "PUT /__admin/clock", "POST /__admin/clock"


@pytest.mark.parametrize(
    ("request_line", "body", "expected"),
    [
        (SPEED, b"", "the body is not JSON: "),
        (SPEED, b"{speed: 2}", "the body is not JSON: "),
        (SPEED, b'{"speed": NaN}', "the body is not JSON: "),
        (SPEED, b"[2]", "the body must be an object with speed or freeze"),
        (SPEED, b"{}", "the body must be an object with speed or freeze"),
        (SPEED, b'{"speed": 2, "sped": 3}', "sped: is not known here, only speed and freeze"),
        (SPEED, b'{"speed": 0}', "speed: must be more than 0 and less than 1e+09, not 0"),
        (SPEED, b'{"speed": -1}', "speed: must be more than 0 and less than 1e+09, not -1"),
        (SPEED, b'{"speed": 1e9}', "speed: must be more than 0 and less than 1e+09, not 1"),
        (SPEED, b'{"speed": true}', "speed: must be a number, more than 0, not True"),
        (SPEED, b'{"speed": "nan"}', "speed: must be a number, more than 0, not 'nan'"),
        (SPEED, b'{"freeze": 1}', "freeze: must be true or false, not 1"),
        (SPEED, b'{"speed": 2, "freeze": "no"}', "freeze: must be true or false, not 'no'"),
        (SPEED, b'{"freeze": true, "speed": -2}', "speed: must be more than 0"),
        (ADVANCE, b'{"speed": 2}', "speed: is not known here, only advance"),
        (ADVANCE, b'{"advance": -0.5}', "advance: must be 0 or more and less than 1e+09, not -0.5"),
        (ADVANCE, b'{"advance": false}', "advance: must be a number, 0 or more, not False"),
        (ADVANCE, b'{"advance": "5"}', "advance: must be a number, 0 or more, not '5'"),
        (ADVANCE, b'{"advance": null}', "advance: must be a number, 0 or more, not None"),
        (ADVANCE, b'{"advance": 1e300}', "advance: must be 0 or more and less than 1e+09"),
        ("GET /__admin/jobs?limit=0", b"", "limit: must be a whole number from 1 to 1000, not '0'"),
        ("GET /__admin/jobs?limit=1001", b"", "limit: must be a whole number from 1 to 1000"),
        ("GET /__admin/jobs?limit=-5", b"", "limit: must be a whole number from 1 to 1000"),
        ("GET /__admin/jobs?limit=" + "9" * 5000, b"", "limit: must be a whole number from 1 to"),
        ("GET /__admin/jobs?after=video_0", b"", "after: there is no job 'video_0'"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else value.decode(),
)
def test_a_bad_request_is_told_why_and_changes_nothing(
    mock: Mock, request_line: str, body: bytes, expected: str
) -> None:
    before = ask(mock.app, "GET /__admin/clock")
    status, answer = ask(mock.app, request_line, raw=body)
    assert status == 400
    assert answer["error"].startswith(expected)
    assert ask(mock.app, "GET /__admin/clock") == before


def test_the_jobs_are_shown_as_clients_see_them_in_pages(mock: Mock) -> None:
    made = [mock.make() for _ in range(5)]
    mock.real += 2
    _, page = ask(mock.app, "GET /__admin/jobs?limit=2")
    assert page["jobs"][0] == ask(mock.app, f"GET /v1/videos/{made[4]}")[1]
    assert (page["jobs"][0]["status"], page["more"]) == ("in_progress", True)
    _, rest = ask(mock.app, f"GET /__admin/jobs?after={page['jobs'][-1]['id']}")
    assert [job["id"] for job in rest["jobs"]] == made[2::-1]
    assert rest["more"] is False


def test_looking_at_the_jobs_is_no_poll(document: Document) -> None:
    mock = Mock(document, TickingClock())
    mock.make()
    ask(mock.app, "GET /__admin/jobs")
    assert mock.service.clock.now() == START


def test_a_reset_forgets_the_jobs_and_what_was_to_become_of_the_next(mock: Mock) -> None:
    old = mock.make()
    mock.service.next_job(outcome="failed", seconds=0)
    ask(mock.app, "POST /__admin/clock", {"advance": 5})
    assert ask(mock.app, "POST /__admin/reset") == (200, {"jobs": 0})
    assert ask(mock.app, f"GET /v1/videos/{old}")[0] == 404
    assert ask(mock.app, "GET /__admin/clock")[1]["now"] == START + 5
    new = mock.make()
    assert (new != old, mock.status(new)) == (True, "queued")


def test_the_document_is_served_with_this_server_alone(mock: Mock, document: Document) -> None:
    status, data = ask(mock.app, "GET /__admin/document")
    assert (status, data["servers"]) == (
        200,
        [{"url": "http://mock:81/v1", "description": "This mock."}],
    )
    assert {**data, "servers": document.source.data["servers"]} == document.source.data
    served = parse_document(orjson.dumps(data).decode())
    assert served.server_url == "http://mock:81/v1"
    assert served.by_role.keys() == set(JobRole)
