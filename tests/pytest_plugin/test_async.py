"""Async programs: their pytest plugins, and sleep by the clock of the mock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import anyio
import httpx
import httpx2
import pytest
import trio
from openai import AsyncOpenAI

from aisa_testkit.mock_server import ManualClock, SystemClock
from aisa_testkit.pytest_plugin import VideoMock, mock_videos

Sleep: TypeAlias = Callable[[float], Awaitable[None]]
Log: TypeAlias = list[tuple[float, str, str]]

KEY = {"authorization": "Bearer sk-test"}
STRICT = ("-p", "no:cacheprovider", "-W", "error")
INI = """
[pytest]
addopts = -p no:schemathesis --strict-markers
"""
TESTS = """
import anyio, asyncio, openai, pytest, trio

pytestmark = pytest.mark.anyio


async def program(prompt, sleep):
    async with openai.AsyncOpenAI() as client:
        video = await client.videos.create(prompt=prompt)
        while video.status in ("queued", "in_progress"):
            await sleep(10)
            video = await client.videos.retrieve(video.id)
        return (await client.videos.download_content(video.id)).content


async def test_download(video_mock, monkeypatch):
    monkeypatch.setattr({library}, "sleep", video_mock.clock.async_sleep)
    film = await program("A lighthouse", {library}.sleep)
    assert film[4:8] == b"ftyp"
    assert video_mock.routes["createVideo"].call_count == 1


async def test_violation(video_mock):
    async with openai.AsyncOpenAI() as client:
        with pytest.raises(openai.BadRequestError):
            await client.videos.create(prompt="A lighthouse", seconds="5")
"""


@pytest.mark.parametrize(
    ("library", "loops"),
    [("asyncio", ["asyncio"]), ("anyio", ["asyncio", "trio"]), ("trio", ["trio"])],
    ids=["asyncio", "anyio", "trio"],
)
def test_asynchronous_tests_are_mocked_and_checked(
    pytester: pytest.Pytester, library: str, loops: list[str]
) -> None:
    pytester.makefile(".ini", pytest=INI)
    pytester.makeconftest(
        f"import pytest\n@pytest.fixture(params={loops})\ndef anyio_backend(request):\n"
        "    return request.param\n"
    )
    pytester.makepyfile(TESTS.format(library=library))
    result = pytester.runpytest_inprocess(*STRICT)
    result.assert_outcomes(passed=len(loops), failed=len(loops))
    result.stdout.fnmatch_lines(["*AV705: the code under test broke the contract of AIsa Videos*"])


async def create_and_poll_with_sleep(
    mock: VideoMock, package: Any, log: Log, *, name: str, every: float, sleep: Sleep
) -> None:
    """Create a job and poll it, with a sleep between the polls."""
    async with package.AsyncClient(headers=KEY, base_url=mock.base_url) as client:
        job = (await client.post("/videos", json={"prompt": name})).json()
        while job["status"] in ("queued", "in_progress"):
            await sleep(every)
            job = (await client.get(f"/videos/{job['id']}")).json()
            log.append((mock.clock.now(), name, job["status"]))


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize(
    ("backend", "library"),
    [("asyncio", asyncio), ("asyncio", anyio), ("trio", anyio), ("trio", trio)],
    ids=["asyncio", "anyio on asyncio", "anyio on trio", "trio"],
)
def test_tasks_that_sleep_by_the_clock_wake_in_order(
    backend: str, library: Any, package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log: Log = []

    async def program(mock: VideoMock) -> None:
        async def remind() -> None:
            await library.sleep(7)
            log.append((mock.clock.now(), "reminder", ""))

        poll = partial(
            create_and_poll_with_sleep, mock, package, log, sleep=lambda s: library.sleep(s)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(poll, name="frequent", every=3))
            tasks.start_soon(partial(poll, name="rare", every=5))
            tasks.start_soon(remind)

    with mock_videos(clock=ManualClock(0)) as mock:
        monkeypatch.setattr(library, "sleep", mock.clock.async_sleep)
        anyio.run(program, mock, backend=backend)
    assert log == [
        (3, "frequent", "in_progress"),
        (5, "rare", "in_progress"),
        (6, "frequent", "in_progress"),
        (7, "reminder", ""),
        (9, "frequent", "in_progress"),
        (10, "rare", "completed"),
        (12, "frequent", "completed"),
    ]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_sdk_polls_happen_before_a_longer_sleep_ends(backend: str) -> None:
    log: list[str] = []

    async def poll(mock: VideoMock, client: AsyncOpenAI) -> None:
        video = await client.videos.create(prompt="A lighthouse")
        while video.status != "completed":
            await mock.clock.async_sleep(3)
            video = await client.videos.retrieve(video.id)
            log.append(video.status)

    async def remind(mock: VideoMock) -> None:
        await mock.clock.async_sleep(600)
        log.append("reminder")

    async def program(mock: VideoMock) -> None:
        async with AsyncOpenAI() as client:
            # The first request of the client waits for a thread, in real time.
            await client.videos.list()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(poll, mock, client)
                tasks.start_soon(remind, mock)

    with mock_videos(clock=ManualClock(1_780_000_000)) as mock:
        anyio.run(program, mock, backend=backend)
    assert log == [*["in_progress"] * 3, "completed", "reminder"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_cancelled_sleep_does_not_block_other_tasks(backend: str) -> None:
    async def program(clock: ManualClock) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(clock.async_sleep, 5)
            tasks.start_soon(clock.async_sleep, 50)
            tasks.cancel_scope.cancel()
        await clock.async_sleep(100)

    clock = ManualClock(0)
    anyio.run(program, clock, backend=backend)
    assert clock.now() == 100


@pytest.mark.parametrize("library", [anyio, trio], ids=["anyio", "trio"])
def test_real_time_sleep_replaces_the_sleep_of_a_library(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock(1000)
    monkeypatch.setattr(library, "sleep", clock.async_sleep)
    before = clock.now()
    anyio.run(library.sleep, 5, backend="trio")
    assert clock.now() >= before + 5


def test_concurrent_tasks_share_a_client_and_a_mock() -> None:
    async def main() -> None:
        with mock_videos() as mock:
            async with AsyncOpenAI() as client:
                creates = [client.videos.create_and_poll(prompt=f"no. {n}") for n in range(20)]
                videos = await asyncio.gather(*creates)
            assert {video.status for video in videos} == {"completed"}
            assert {video.id for video in videos} == {job.id for job in mock.jobs}
            assert mock.routes["createVideo"].call_count == len(mock.jobs) == 20

    asyncio.run(main())
