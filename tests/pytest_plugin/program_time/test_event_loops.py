"""asyncio, trio and anyio by the clock of the program."""

from __future__ import annotations

import asyncio
import random
import time

import anyio
import pytest
import trio
import uvloop

from aisa_testkit.pytest_plugin import ProgramClock, RealTimeError
from aisa_testkit.pytest_plugin.program_time import ProgramTime

START = 1_900_000_000.0


def test_tasks_sleep_at_the_same_time(clock: ProgramClock) -> None:
    async def sleep(seconds: float) -> float:
        await asyncio.sleep(seconds)
        return clock.now() - START

    async def main() -> list[float]:
        return [*await asyncio.gather(sleep(5), sleep(3))]

    assert asyncio.run(main()) == pytest.approx([5, 3])


def test_timeouts_of_asyncio(clock: ProgramClock) -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 60)
        assert clock.now() == pytest.approx(START + 60)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.sleep(3600)
        called = asyncio.Event()
        asyncio.get_running_loop().call_later(10, called.set)
        await called.wait()

    asyncio.run(main())
    assert clock.now() == pytest.approx(START + 100)


def test_tasks_that_never_sleep_let_the_clock_go_on(clock: ProgramClock) -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(1))
        while not task.done():
            await asyncio.sleep(0)

    asyncio.run(main())
    assert clock.now() == pytest.approx(START + 1, abs=0.1)


def test_loop_waits_for_its_worker_threads(clock: ProgramClock) -> None:
    async def main() -> None:
        work = asyncio.create_task(asyncio.to_thread(time.sleep, 20))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(work), 5)
        assert clock.now() == pytest.approx(START + 5)
        await asyncio.wait_for(work, 60)

    asyncio.run(main())
    assert clock.now() == pytest.approx(START + 20)


def test_trio(clock: ProgramClock) -> None:
    ends: list[float] = []

    async def sleep(seconds: float) -> None:
        await trio.sleep(seconds)
        ends.append(clock.now() - START)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for seconds in (5, 3):
                nursery.start_soon(sleep, seconds)
        with pytest.raises(trio.TooSlowError), trio.fail_after(60):
            await trio.sleep_forever()
        await trio.to_thread.run_sync(time.sleep, 35)

    trio.run(main)
    assert ends == pytest.approx([3, 5])
    assert clock.now() == pytest.approx(START + 100)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_anyio(clock: ProgramClock, backend: str) -> None:
    async def main() -> None:
        await anyio.sleep(10)
        with pytest.raises(TimeoutError), anyio.fail_after(20):
            await anyio.sleep_forever()
        await anyio.to_thread.run_sync(time.sleep, 30)
        await clock.async_sleep(40)

    anyio.run(main, backend=backend)
    assert clock.now() == pytest.approx(START + 100)


def test_loop_waits_for_a_socket_before_the_clock_moves(clock: ProgramClock) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(4))
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        async with server, asyncio.timeout(60):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
            writer.write(b"ping")
            assert await reader.read(4) == b"ping"
            writer.close()

    asyncio.run(main())
    assert clock.now() == START


def test_loop_that_waits_in_real_time_is_named(clock: ProgramClock) -> None:
    async def main() -> None:
        await asyncio.sleep(3600)

    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        pytest.raises(RealTimeError, match=r"^the event loop uvloop\.Loop waits in real time"),
    ):
        runner.run(main())


def test_same_seed_has_the_same_order(program_time: ProgramTime) -> None:
    def run(seed: int) -> list[object]:
        order: list[object] = []

        async def work(number: int) -> None:
            for _ in range(5):
                await trio.sleep(1)
                order.append(number)

        async def main() -> None:
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(work, number)

        with program_time.run(ProgramClock(START), seed=seed):
            trio.run(main)
            return [*order, random.random()]

    state = random.getstate()
    assert run(1) == run(1) != run(2)
    assert random.getstate() == state
