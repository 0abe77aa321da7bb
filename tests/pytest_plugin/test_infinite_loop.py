"""Programs that poll in an infinite loop are stopped. Each loop here has a limit of its own."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    ManualClock,
    MovableClock,
    SystemClock,
    TickingClock,
)
from aisa_testkit.pytest_plugin import InfiniteLoop, VideoMock, mock_videos
from aisa_testkit.pytest_plugin.loop_detector import MAX_REPEATS, MAX_REPEATS_AT_ONCE
from tests.support.plugin_project import Run

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}

IMPORTS = """
import asyncio
import httpx
import httpx2
import pytest
from aisa_testkit.mock_server import ManualClock
from program import KEY, create, poll

LIMIT = 600

def poll_until_completed(api, library=httpx2):
    job = create(api).json()["id"]
    with library.Client(headers=KEY) as client:
        for _ in range(LIMIT):
            response = client.get(f"{api.base_url}/videos/{job}").raise_for_status()
            if response.json()["status"] == "completed":
                break
"""
STOPPED = "InfiniteLoop: getVideo for video_* got the same 200 response 500 times in a row*"


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_loop_that_ignores_failed_and_exceptions_is_stopped(run: Run, library: str) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    try:
        poll_until_completed(video_mock, {library})
    except Exception:
        pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}", "*- video contract -*", "AV712 poll after *"])


def test_task_that_ignores_failed_is_stopped(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(outcome="failed")

    async def main():
        job = create(video_mock).json()["id"]
        async with httpx2.AsyncClient(headers=KEY) as client:
            for _ in range(LIMIT):
                await client.get(f"{{video_mock.base_url}}/videos/{{job}}")

    asyncio.run(main())
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}"])


def test_loop_is_stopped_without_checks(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(check=False)
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    poll_until_completed(video_mock)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}"])


def test_infinite_loop_is_a_violation(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(clock=ManualClock(1_780_000_000))
def test_it(video_mock):
    poll_until_completed(video_mock)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- video contract -*", "AV717 infinite loop"])


def test_loop_on_a_socket_is_stopped_by_500_and_the_server_continues(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_server):
    video_server.next_job(outcome="failed")
    poll_until_completed(video_server)

def test_next(video_server):
    assert poll(video_server, create(video_server).json()["id"]) == "queued"
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*- video contract -*", "AV712 poll after a final state"])


class Client:
    """A client of a mock without HTTP, so that thousands of requests take no time."""

    def __init__(self, mock: VideoMock) -> None:
        self._endpoint = Endpoint(mock.service, observers=mock.contract.journals)

    def create(self, **fields: str) -> str:
        """Send a create and return the id of the job, "" if the create was rejected."""
        reply = self._endpoint.respond(
            "POST", "/v1/videos", query="", headers=HEADERS, body=orjson.dumps(fields)
        )
        return str(orjson.loads(reply.body).get("id", ""))

    def poll(self, job_id: str) -> str:
        """Poll a job and return its status."""
        path = f"/v1/videos/{job_id}"
        reply = self._endpoint.respond("GET", path, query="", headers=HEADERS, body=b"")
        return str(orjson.loads(reply.body)["status"])


@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(TickingClock(1_780_000_000), id="clock moved by polls"),
        pytest.param(ManualClock(1_780_000_000), id="manual clock"),
        pytest.param(SystemClock(1_000_000), id="real-time clock"),
    ],
)
def test_polls_of_a_failed_job_are_stopped_with_each_clock(clock: MovableClock) -> None:
    with mock_videos(clock=clock, check=False) as mock:
        mock.next_job(outcome="failed")
        client = Client(mock)
        job = client.create(prompt="A teapot")
        clock.advance(1000)
        with pytest.raises(InfiniteLoop):
            poll_many_times(client, job, pause=lambda: None)
        assert len(mock.requests) == 1 + MAX_REPEATS_AT_ONCE


def test_polls_of_a_failed_job_are_stopped_although_the_client_sleeps() -> None:
    with mock_videos(check=False) as mock:
        mock.next_job(outcome="failed")
        client = Client(mock)
        job = client.create(prompt="A teapot")
        mock.clock.advance(1000)
        with pytest.raises(InfiniteLoop):
            poll_many_times(client, job, pause=lambda: mock.clock.sleep(10))
        assert len(mock.requests) == 1 + MAX_REPEATS_AT_ONCE


def test_polls_of_a_pending_job_are_stopped_if_the_clock_does_not_move() -> None:
    with mock_videos(clock=ManualClock(1_780_000_000), check=False) as mock:
        client = Client(mock)
        with pytest.raises(InfiniteLoop):
            poll_many_times(client, client.create(prompt="A teapot"), pause=lambda: None)
        assert len(mock.requests) == 1 + MAX_REPEATS_AT_ONCE


def test_polls_of_a_stalled_job_are_stopped_although_time_passes() -> None:
    with mock_videos(check=False) as mock:
        mock.next_job(scenario="stalls")
        client = Client(mock)
        job = client.create(prompt="A teapot")
        mock.clock.advance(1000)
        with pytest.raises(InfiniteLoop):
            poll_many_times(client, job, pause=lambda: mock.clock.sleep(10))
        assert len(mock.requests) == 1 + MAX_REPEATS


def test_polls_of_a_slow_job_with_progress_are_not_stopped() -> None:
    with mock_videos() as mock:
        mock.next_job(seconds=2100)
        client = Client(mock)
        job = client.create(prompt="A teapot")
        while client.poll(job) != "completed":
            pass
        assert len(mock.requests) > 1000


def test_polls_of_several_jobs_in_turn_are_counted_by_job() -> None:
    with mock_videos(clock=ManualClock(1_780_000_000), check=False) as mock:
        client = Client(mock)
        jobs = [client.create(prompt="A teapot") for _ in range(4)]
        for _ in range(MAX_REPEATS_AT_ONCE - 1):
            for job in jobs:
                client.poll(job)


def test_rejected_create_that_is_repeated_is_stopped() -> None:
    with mock_videos(check=False) as mock:
        client = Client(mock)
        with pytest.raises(InfiniteLoop, match="createVideo got the same 400 response 500 times"):
            create_many_times(client, seconds="5")


def create_many_times(client: Client, **fields: str) -> None:
    for _ in range(MAX_REPEATS):
        client.create(**fields)


def poll_many_times(client: Client, job: str, *, pause: Callable[[], None]) -> None:
    for _ in range(2 * MAX_REPEATS):
        client.poll(job)
        pause()
