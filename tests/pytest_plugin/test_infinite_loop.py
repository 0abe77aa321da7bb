"""Programs that would poll for ever. Each loop here has an end of its own, far behind the one that
it must come to.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Run = Callable[..., pytest.RunResult]

IMPORTS = """
import asyncio
import httpx
import httpx2
import pytest
from aisa_testkit.mock_server import ManualClock
from program import KEY, create, poll

FOR_EVER = 1100

def ignore_failed(api, library=httpx2, pause=lambda: None):
    job = create(api).json()["id"]
    with library.Client(headers=KEY) as client:
        for _ in range(FOR_EVER):
            answer = client.get(f"{api.base_url}/videos/{job}").raise_for_status()
            if answer.json()["status"] == "completed":
                break
            pause()
"""
STOPPED = "InfiniteLoop: getVideo for video_* got the same 200 response * times in a row"


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_loop_that_ignores_failed_and_errors_is_stopped_and_told_of_its_fault(
    run: Run, library: str
) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    try:
        ignore_failed(video_mock, {library})
    except Exception:
        pass
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}", "*- video contract -*", "AV712 poll after *"])


def test_a_task_that_ignores_failed_is_stopped(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(outcome="failed")

    async def main():
        job = create(video_mock).json()["id"]
        async with httpx2.AsyncClient(headers=KEY) as client:
            for _ in range(FOR_EVER):
                await client.get(f"{{video_mock.base_url}}/videos/{{job}}")

    asyncio.run(main())
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}"])


def test_a_loop_is_stopped_where_its_requests_are_not_judged(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(check=False)
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    ignore_failed(video_mock)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"E*{STOPPED}"])


def test_a_loop_that_sleeps_by_the_clock_and_ignores_failed_is_stopped(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    ignore_failed(video_mock, pause=lambda: video_mock.clock.sleep(10))
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*InfiniteLoop: getVideo for video_*"])


def test_a_loop_in_real_time_that_ignores_failed_is_stopped(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(speed=1_000_000)
def test_it(video_mock):
    video_mock.next_job(outcome="failed")
    ignore_failed(video_mock)
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*InfiniteLoop: getVideo for video_*"])


@pytest.mark.parametrize("fixture", ["video_mock", "video_server"])
def test_a_loop_by_a_clock_that_nobody_moves_is_stopped_and_told_so(run: Run, fixture: str) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(clock=ManualClock())
def test_it({fixture}):
    ignore_failed({fixture})
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*- video contract -*", "AV717 infinite loop"])


def test_on_a_socket_a_loop_that_ignores_failed_is_stopped_and_told_of_its_fault(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_server):
    video_server.next_job(outcome="failed")
    ignore_failed(video_server)

def test_the_server_goes_on(video_server):
    assert poll(video_server, create(video_server).json()["id"]) == "queued"
"""
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*- video contract -*", "AV712 poll after a final state"])


def test_a_loop_that_gets_on_is_not_stopped_however_long_it_takes(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    video_mock.next_job(seconds=2100)
    ignore_failed(video_mock)
    assert len(video_mock.requests) > 1000
    assert video_mock.jobs[0].status == "completed"
"""
    )
    result.assert_outcomes(passed=1)


def test_many_jobs_that_are_asked_for_in_turn_are_no_runaway(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
@pytest.mark.video_mock(clock=ManualClock(), allow="AV715")
def test_it(video_mock):
    jobs = [create(video_mock).json()["id"] for _ in range(4)]
    with httpx2.Client(headers=KEY) as client:
        for number in range(FOR_EVER):
            client.get(f"{{video_mock.base_url}}/videos/{{jobs[number % 4]}}")
"""
    )
    result.assert_outcomes(passed=1)


def test_a_request_that_is_refused_again_and_again_is_stopped(run: Run) -> None:
    result = run(
        f"""{IMPORTS}
def test_it(video_mock):
    with httpx2.Client(headers=KEY) as client:
        for _ in range(FOR_EVER):
            client.post(video_mock.base_url + "/videos", json={{"seconds": "5"}})
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*InfiniteLoop: createVideo*"])
