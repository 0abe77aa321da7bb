"""Threads of a program wait together, and wake in the order of their times."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from threading import Barrier, Condition, Event, Lock, Thread, get_ident
from typing import Any

import pytest

from aisa_testkit.pytest_plugin import ProgramClock, RealTimeError
from aisa_testkit.pytest_plugin.program_time import ProgramTime
from aisa_testkit.pytest_plugin.program_time.run import run_of_thread

START = 1_900_000_000.0


def run_all(*works: Callable[[], object]) -> None:
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_sleep_at_the_same_time(clock: ProgramClock) -> None:
    ends: list[float] = []

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        ends.append(clock.now() - START)

    run_all(lambda: sleep(5), lambda: sleep(3), lambda: sleep(4))
    assert ends == [3, 4, 5]
    assert clock.now() == START + 5


def test_threads_that_wake_at_the_same_time_go_on_in_turn(clock: ProgramClock) -> None:
    steps: list[tuple[int, int]] = []

    def work(number: int) -> None:
        for step in range(10):
            time.sleep(1)
            steps.append((step, number))

    run_all(*(lambda number=number: work(number) for number in range(5)))
    assert [step for step, _ in steps] == [step for step in range(10) for _ in range(5)]
    assert clock.now() == START + 10


@pytest.mark.parametrize(
    "wait",
    [
        pytest.param(lambda: Event().wait(60), id="Event.wait"),
        pytest.param(lambda: Barrier(2).wait(60), id="Barrier.wait"),
        pytest.param(lambda: queue.Queue[int]().get(timeout=60), id="Queue.get"),
        pytest.param(lambda: threading.Semaphore(0).acquire(timeout=60), id="Semaphore.acquire"),
    ],
)
def test_timeouts_follow_the_clock(clock: ProgramClock, wait: Callable[[], object]) -> None:
    with suppress(queue.Empty, threading.BrokenBarrierError):
        assert not wait()
    assert clock.now() == START + 60


def test_condition_wakes_before_its_timeout(clock: ProgramClock) -> None:
    condition, woken = Condition(), list[tuple[bool, float]]()

    def wait() -> None:
        with condition:
            woken.append((condition.wait(60), clock.now() - START))

    def notify() -> None:
        time.sleep(20)
        with condition:
            condition.notify_all()

    run_all(wait, wait, notify)
    assert woken == [(True, 20), (True, 20)]


def test_join_and_results_have_timeouts(clock: ProgramClock) -> None:
    thread = Thread(target=time.sleep, args=(60,))
    thread.start()
    thread.join(25)
    assert thread.is_alive()
    assert clock.now() == START + 25
    with ThreadPoolExecutor() as pool:
        result = pool.submit(time.sleep, 30)
        with pytest.raises(TimeoutError):
            result.result(timeout=10)
        assert clock.now() == START + 35
        result.result(timeout=100)
        assert clock.now() == START + 55
    thread.join()


def test_pool_completes_in_the_order_of_time(clock: ProgramClock) -> None:
    def sleep(seconds: int) -> int:
        time.sleep(seconds)
        return seconds

    with ThreadPoolExecutor(3) as pool:
        results = [pool.submit(sleep, seconds) for seconds in (30, 10, 20, 5)]
        assert [result.result() for result in as_completed(results)] == [10, 5, 20, 30]
    assert clock.now() == START + 30


def test_lock_of_a_sleeping_thread_is_waited_for(clock: ProgramClock) -> None:
    lock, ends = Lock(), list[float]()

    def work() -> None:
        with lock:
            time.sleep(10)
            ends.append(clock.now() - START)

    run_all(work, work, work)
    assert ends == [10, 20, 30]


def test_clock_does_not_run_ahead_of_a_thread_that_waits_for_a_socket(clock: ProgramClock) -> None:
    here, there = socket.socketpair()
    received: list[tuple[bytes, float]] = []

    def receive() -> None:
        received.append((here.recv(10), clock.now() - START))

    def sleep() -> None:
        time.sleep(60)
        received.append((b"slept", clock.now() - START))

    with here, there:
        threads = [Thread(target=receive), Thread(target=sleep)]
        for thread in threads:
            thread.start()
        there.send(b"response")
        for thread in threads:
            thread.join()
    assert received == [(b"response", 0), (b"slept", 60)]


def test_thread_that_the_clock_does_not_reach_is_named(program_time: ProgramTime) -> None:
    here, there = socket.socketpair()

    def receive_forever() -> None:
        here.recv(10)

    with here, there, program_time.run(ProgramClock(START), patience=0.2):
        thread = Thread(target=receive_forever, name="receiver")
        thread.start()
        with pytest.raises(RealTimeError) as caught:
            time.sleep(60)
        there.send(b"end")
        thread.join()
    message = str(caught.value)
    assert message.startswith("the program's clock has stood still for 0.2 s of real time, because")
    assert "thread 'receiver' at " in message
    assert message.endswith("in receive_forever")


def test_threads_that_wait_for_each_other_are_named(program_time: ProgramTime) -> None:
    with (
        program_time.run(ProgramClock(START), patience=0.2),
        pytest.raises(RealTimeError, match="nothing ends these waits: thread 'MainThread' at "),
    ):
        Event().wait()


def test_thread_that_outlives_the_run_goes_on_in_real_time(program_time: ProgramTime) -> None:
    stop, times = Event(), list[float]()

    def poll() -> None:
        while not stop.wait(0.001):
            times.append(time.time())

    with program_time.run(ProgramClock(START + 1e9)):
        thread = Thread(target=poll)
        thread.start()
        time.sleep(1)
    times.clear()
    while not times:
        pass
    stop.set()
    thread.join()
    assert times[0] < START + 1e9


def test_threads_of_others_do_not_hold_the_clock(program_time: ProgramTime) -> None:
    end = Event()
    other = Thread(target=end.wait)
    other.start()
    clock = ProgramClock(START)
    with program_time.run(clock):
        time.sleep(60)
    end.set()
    other.join()
    assert clock.now() == START + 60


def test_idle_threads_of_a_pool_join_the_next_run(program_time: ProgramTime) -> None:
    with ThreadPoolExecutor(1) as pool:
        for _ in range(3):
            clock = ProgramClock(START)
            with program_time.run(clock):
                pool.submit(time.sleep, 60).result()
            assert clock.now() == START + 60


def test_threads_of_the_test_runner_keep_real_time(clock: ProgramClock) -> None:
    fired = Event()
    names: dict[str, Any] = {"__name__": "pytest_timeout", "Timer": threading.Timer}
    exec(
        "def start(call):\n    timer = Timer(3600, call)\n    timer.start()\n    return timer",
        names,
    )
    timer = names["start"](fired.set)
    time.sleep(7200)
    timer.cancel()
    assert not fired.is_set()


def test_thread_with_the_number_of_an_ended_one_keeps_real_time(program_time: ProgramTime) -> None:
    pool = ThreadPoolExecutor(1)
    ended = pool.submit(get_ident).result()
    names: dict[str, Any] = {"__name__": "pytest_timeout", "Thread": Thread}
    exec("def run(call):\n thread = Thread(target=call)\n thread.start()\n thread.join()", names)
    found: list[tuple[int, bool]] = []
    with program_time.run(ProgramClock(START)):
        pool.shutdown()
        while not found or (found[-1][0] != ended and len(found) < 1000):
            names["run"](lambda: found.append((get_ident(), run_of_thread() is None)))
    assert found[-1] == (ended, True)


def test_thread_that_cannot_be_started_does_not_hold_the_clock(clock: ProgramClock) -> None:
    thread = Thread(target=lambda: None)
    thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    time.sleep(60)
    assert clock.now() == START + 60
