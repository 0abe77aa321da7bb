"""A mock whose clock is the time of the code under test."""

from __future__ import annotations

import asyncio
import time
from threading import Event, Thread

import httpx
import pytest
from openai import AsyncOpenAI, OpenAI

from aisa_testkit.pytest_plugin import ProgramClock, mock_videos, serve_videos
from tests.support.plugin_project import Run

KEY = {"authorization": "Bearer sk-test"}


def test_sdk_sleeps_by_the_clock() -> None:
    with mock_videos(clock="program") as mock:
        mock.next_job(seconds=60)
        before = time.monotonic()
        video = OpenAI().videos.create_and_poll(prompt="A lighthouse")
        assert video.status == "completed"
        assert time.monotonic() - before >= 60
        assert mock.verdict.clean, str(mock.verdict)


def test_async_sdk_sleeps_by_the_clock() -> None:
    async def make_video() -> str:
        return (await AsyncOpenAI().videos.create_and_poll(prompt="A lighthouse")).status

    with mock_videos(clock="program") as mock:
        mock.next_job(seconds=3600)
        before = time.time()
        assert asyncio.run(make_video()) == "completed"
        assert time.time() - before >= 3600


def test_client_on_a_socket_sleeps_by_the_clock() -> None:
    with serve_videos(clock="program") as server:
        server.next_job(seconds=60)
        before = time.monotonic()
        assert OpenAI().videos.create_and_poll(prompt="A lighthouse").status == "completed"
        assert time.monotonic() - before >= 60


def test_threads_poll_at_the_same_time() -> None:
    def make_video() -> None:
        assert OpenAI().videos.create_and_poll(prompt="A lighthouse").status == "completed"

    with mock_videos(clock="program") as mock:
        threads = [Thread(target=make_video) for _ in range(4)]
        start = mock.clock.now()
        for seconds, thread in enumerate(threads, start=1):
            mock.next_job(seconds=60 * seconds)
            thread.start()
        for thread in threads:
            thread.join()
        assert 240 <= mock.clock.now() - start < 300
        assert {job.status for job in mock.jobs} == {"completed"}


def test_late_response_meets_the_timeout_of_the_client() -> None:
    with mock_videos(clock="program") as mock:
        mock.fault("listVideos", latency=30, times=2)
        before = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(f"{mock.base_url}/videos", headers=KEY, timeout=10)
        assert time.monotonic() - before == pytest.approx(10)
        httpx.get(f"{mock.base_url}/videos", headers=KEY, timeout=60)
        assert time.monotonic() - before == pytest.approx(40)


@pytest.mark.parametrize("timeout", [None, 600])
def test_webhook_wakes_the_program_when_it_comes(timeout: float | None) -> None:
    came = Event()
    with mock_videos(clock="program", webhook=lambda headers, body: came.set()) as mock:
        mock.next_job(seconds=60)
        before = time.monotonic()
        OpenAI().videos.create(prompt="A lighthouse")
        assert came.wait(timeout)
        assert time.monotonic() - before == pytest.approx(60)


def test_server_refuses_webhooks_with_a_program_clock() -> None:
    with (
        pytest.raises(ValueError, match="only video_mock and mock_videos\\(\\) send webhooks"),
        serve_videos(clock=ProgramClock(), webhook="http://127.0.0.1:1/"),
    ):
        pass


def test_time_is_real_after_the_block() -> None:
    real_sleep, before = time.sleep, time.time()
    with mock_videos(clock=ProgramClock(1_900_000_000)):
        time.sleep(60)
        assert time.time() == 1_900_000_060
    assert time.sleep is real_sleep
    assert before <= time.time() < 1_900_000_000


def test_marker_replaces_time_but_not_that_of_pytest(run: Run) -> None:
    source = """
import time
from time import sleep
import pytest

@pytest.fixture
def outside():
    yield
    assert time.time() < 3e9

@pytest.mark.video_mock(clock="program")
def test_hard_coded_sleep(outside, video_mock):
    sleep(1e9)
    time.sleep(1e9)
    assert time.time() > 3e9

def test_after():
    assert time.time() < 3e9
"""
    result = run(source, "--durations=0", "-vv")
    result.assert_outcomes(passed=2)
    result.stdout.no_re_match_line(r".*\d{6}\.\d+s.*")


def test_unknown_word_is_named() -> None:
    with (
        pytest.raises(ValueError, match=r"^clock must be 'program' or a clock .*, not 'programm'$"),
        mock_videos(clock="programm"),  # type: ignore[arg-type]
    ):
        pass
