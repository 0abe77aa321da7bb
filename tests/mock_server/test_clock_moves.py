"""Whoever wants to know when a clock is moved is told, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aisa_testkit.mock_server import ManualClock, SystemClock, TickingClock

START = 1000.0


def frozen_ticking() -> TickingClock:
    clock = TickingClock(START)
    clock.freeze()
    return clock


@pytest.mark.parametrize(
    ("make", "move", "moments"),
    [
        (ManualClock, lambda clock: clock.advance(3), [3]),
        (ManualClock, lambda clock: clock.advance(0), [0]),
        (ManualClock, lambda clock: clock.sleep(3), [3]),
        (ManualClock, lambda clock: clock.wait_before_response(3), [3]),
        (ManualClock, lambda clock: asyncio.run(clock.async_sleep(3)), [3]),
        (ManualClock, lambda clock: asyncio.run(clock.async_wait_before_response(3)), [3]),
        (ManualClock, lambda clock: clock.on_poll(), []),
        (TickingClock, lambda clock: clock.on_poll(), [2]),
        (lambda _: frozen_ticking(), lambda clock: clock.on_poll(), []),
    ],
    ids=[
        "advanced",
        "advanced by nothing",
        "slept by",
        "held by",
        "slept by in a task",
        "held by in a task",
        "polled, which does not move it",
        "polled",
        "polled while frozen",
    ],
)
def test_a_virtual_clock_tells_as_it_shows_its_new_moment(
    make: Callable[[float], ManualClock],
    move: Callable[[ManualClock], object],
    moments: list[float],
) -> None:
    clock, told = make(START), list[float]()
    clock.on_move(lambda: told.append(clock.now() - START))
    move(clock)
    assert told == moments


def test_a_running_clock_tells_what_was_done_to_it_but_not_that_time_goes_by() -> None:
    real, told = [0.0], list[tuple[float, float, bool]]()
    clock = SystemClock(wall=lambda: START, monotonic=lambda: real[0], sleep=lambda _: None)
    clock.on_move(lambda: told.append((clock.now() - START, clock.speed, clock.frozen)))
    real[0] += 5
    clock.sleep(1)
    clock.on_poll()
    assert told == []
    clock.set_speed(10)
    clock.freeze()
    clock.advance(7)
    clock.freeze(False)
    assert told == [(5, 10, False), (5, 10, True), (12, 10, True), (12, 10, False)]


def test_a_move_that_is_refused_is_none() -> None:
    told: list[str] = []
    virtual, running = ManualClock(START), SystemClock()
    virtual.on_move(lambda: told.append("virtual"))
    running.on_move(lambda: told.append("running"))
    refused: tuple[Callable[[], object], ...] = (
        lambda: virtual.advance(-1),
        lambda: running.advance(-1),
        lambda: running.set_speed(0),
    )
    for refusal in refused:
        with pytest.raises(ValueError, match="must be"):
            refusal()
    assert told == []


def test_a_listener_is_told_once_in_its_turn_and_no_more_when_it_has_gone() -> None:
    clock, told = ManualClock(START), list[str]()

    def first() -> None:
        told.append("first")

    remove = clock.on_move(first)
    clock.on_move(lambda: told.append("second"))
    clock.on_move(first)
    clock.advance(1)
    assert told == ["first", "second"]
    remove()
    remove()
    clock.advance(1)
    assert told == ["first", "second", "second"]


def test_a_listener_may_move_the_clock_and_leave_while_it_is_told() -> None:
    clock, told = ManualClock(START), list[float]()

    def once() -> None:
        remove()
        told.append(clock.now())
        clock.advance(5)

    remove = clock.on_move(once)
    clock.advance(1)
    assert (told, clock.now()) == ([START + 1], START + 6)
