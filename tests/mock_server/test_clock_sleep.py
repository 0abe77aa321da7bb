"""Sleeping by a clock, in threads and in tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import orjson
import pytest
import trio

from aisa_testkit.mock_server import (
    JobService,
    ManualClock,
    MovableClock,
    SystemClock,
    TickingClock,
)
from aisa_testkit.openapi import Call, Document

START = 1000.0
HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}

both_loops = pytest.mark.parametrize("backend", ["asyncio", "trio"])
both_manual = pytest.mark.parametrize(
    "clock", [ManualClock(START), TickingClock(START)], ids=["manual", "ticking"]
)


def run(backend: str, main: Callable[[], Awaitable[Any]]) -> None:
    """Run an async function, with a timeout."""

    async def guarded() -> None:
        with anyio.fail_after(20):
            await main()

    anyio.run(guarded, backend=backend)


@pytest.mark.parametrize("kind", [ManualClock, TickingClock], ids=["manual", "ticking"])
def test_sleep_advances_a_manual_clock_even_if_it_is_frozen(kind: type[ManualClock]) -> None:
    clock = kind(START)
    clock.sleep(2.5)
    clock.freeze()
    clock.sleep(10)
    clock.sleep(0)
    assert clock.now() == START + 12.5


def test_sleep_of_a_system_clock_takes_real_seconds_by_its_speed() -> None:
    slept: list[float] = []
    clock = SystemClock(4, wall=lambda: START, monotonic=lambda: 0, sleep=slept.append)
    clock.sleep(10)
    clock.freeze()
    clock.sleep(2)
    clock.set_speed(0.5)
    clock.sleep(1)
    assert slept == [2.5, 0.5, 2]
    assert clock.now() == START


@pytest.mark.parametrize("seconds", [-0.5, float("nan"), float("inf")], ids=repr)
@both_loops
def test_sleep_rejects_negative_and_infinite_seconds(backend: str, seconds: float) -> None:
    slept: list[float] = []
    clocks: list[MovableClock] = [
        ManualClock(START),
        TickingClock(START),
        SystemClock(sleep=slept.append),
    ]

    async def main() -> None:
        for clock in clocks:
            with pytest.raises(ValueError, match=f"time only moves on.* not {seconds!r}"):
                clock.sleep(seconds)
            with pytest.raises(ValueError, match=f"time only moves on.* not {seconds!r}"):
                await clock.async_sleep(seconds)
        # A rejected sleep must not block other tasks.
        await clocks[0].async_sleep(1)

    run(backend, main)
    assert slept == []
    assert [clocks[0].now(), clocks[1].now()] == [START + 1, START]


@both_loops
def test_tasks_wake_in_order_of_their_wake_times(backend: str) -> None:
    clock, woken = ManualClock(START), list[tuple[str, float]]()

    async def task(name: str, *sleeps: float) -> None:
        for seconds in sleeps:
            await clock.async_sleep(seconds)
            woken.append((name, clock.now() - START))

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(task, "late", 9)
            group.start_soon(task, "often", 2, 2, 2)
            group.start_soon(task, "between", 3, 2)
            group.start_soon(task, "at once", 0)

    run(backend, main)
    assert woken == [
        ("at once", 0),
        ("often", 2),
        ("between", 3),
        ("often", 4),
        ("between", 5),
        ("often", 6),
        ("late", 9),
    ]


def test_tasks_with_the_same_wake_time_wake_in_order_of_their_calls() -> None:
    clock, woken = ManualClock(START), list[str]()

    async def task(name: str) -> None:
        await clock.async_sleep(5)
        woken.append(name)

    async def main() -> None:
        await asyncio.gather(task("first"), task("second"), task("third"))

    run("asyncio", main)
    assert (woken, clock.now()) == (["first", "second", "third"], START + 5)


@both_loops
def test_a_cancelled_sleep_neither_moves_the_clock_nor_delays_others(
    backend: str,
) -> None:
    clock, moments = ManualClock(START), list[float]()

    async def sleeper(seconds: float) -> None:
        await clock.async_sleep(seconds)
        moments.append(clock.now() - START)

    async def main() -> None:
        async with anyio.create_task_group() as cancelled:
            cancelled.start_soon(sleeper, 4)
            cancelled.cancel_scope.cancel()
        assert clock.now() == START
        async with anyio.create_task_group() as group:
            group.start_soon(sleeper, 7)

    run(backend, main)
    assert moments == [7]


@both_loops
def test_a_clock_advanced_past_a_wake_time_does_not_run_backwards(backend: str) -> None:
    clock = ManualClock(START)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(clock.async_sleep, 3)
            clock.advance(100)
            group.start_soon(clock.async_sleep, 0)

    run(backend, main)
    assert START + 100 <= clock.now() <= START + 103


@both_manual
def test_a_polling_loop_with_time_sleep_sees_the_job_complete(
    document: Document, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.freeze()
    service = JobService(document, clock=clock, strict=True)
    created = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse"}')
    job = orjson.loads(service.answer(created).body)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    polls = 0
    while job["status"] != "completed":
        time.sleep(4)
        poll = Call("getVideo", {"video_id": job["id"]}, headers=HEADERS)
        job, polls = orjson.loads(service.answer(poll).body), polls + 1
    assert polls == 3


@pytest.mark.parametrize("clock", [ManualClock(START), SystemClock(1e9)], ids=["manual", "system"])
@pytest.mark.parametrize(
    ("module", "backend"),
    [(asyncio, "asyncio"), (anyio, "asyncio"), (anyio, "trio"), (trio, "trio")],
    ids=["asyncio", "anyio on asyncio", "anyio on trio", "trio"],
)
def test_async_sleep_replaces_the_sleep_of_asyncio_anyio_and_trio(
    monkeypatch: pytest.MonkeyPatch, module: Any, backend: str, clock: MovableClock
) -> None:
    monkeypatch.setattr(module, "sleep", clock.async_sleep)
    before = clock.now()
    run(backend, lambda: module.sleep(30))
    assert clock.now() >= before + 30


def test_polls_do_not_advance_a_frozen_ticking_clock(document: Document) -> None:
    clock = TickingClock(START, interval=3)
    service = JobService(document, clock=clock, strict=True)
    created = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse"}')
    job_id = orjson.loads(service.answer(created).body)["id"]

    def poll() -> float:
        service.answer(Call("getVideo", {"video_id": job_id}, headers=HEADERS))
        return clock.now() - START

    clock.freeze()
    assert [poll(), poll()] == [0, 0]
    clock.advance(1)
    clock.freeze(False)
    assert [poll(), poll()] == [4, 7]
    clock.freeze(True)
    assert poll() == 7
