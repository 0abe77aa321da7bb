"""Listeners for moves of a clock."""

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
        "advanced by 0",
        "sleep",
        "wait",
        "async sleep",
        "async wait",
        "polled manual clock",
        "polled",
        "polled while frozen",
    ],
)
def test_listener_sees_the_new_time_of_a_manual_clock(
    make: Callable[[float], ManualClock],
    move: Callable[[ManualClock], object],
    moments: list[float],
) -> None:
    clock, calls = make(START), list[float]()
    clock.on_move(lambda: calls.append(clock.now() - START))
    move(clock)
    assert calls == moments


def test_listener_of_a_system_clock_is_called_for_changes_only() -> None:
    real, calls = [0.0], list[tuple[float, float, bool]]()
    clock = SystemClock(wall=lambda: START, monotonic=lambda: real[0], sleep=lambda _: None)
    clock.on_move(lambda: calls.append((clock.now() - START, clock.speed, clock.frozen)))
    real[0] += 5
    clock.sleep(1)
    clock.on_poll()
    assert calls == []
    clock.set_speed(10)
    clock.freeze()
    clock.advance(7)
    clock.freeze(False)
    assert calls == [(5, 10, False), (5, 10, True), (12, 10, True), (12, 10, False)]


def test_listener_is_not_called_for_invalid_moves() -> None:
    calls: list[str] = []
    manual, system = ManualClock(START), SystemClock()
    manual.on_move(lambda: calls.append("manual"))
    system.on_move(lambda: calls.append("system"))
    invalid: tuple[Callable[[], object], ...] = (
        lambda: manual.advance(-1),
        lambda: system.advance(-1),
        lambda: system.set_speed(0),
    )
    for action in invalid:
        with pytest.raises(ValueError, match="must be"):
            action()
    assert calls == []


def test_listeners_are_called_once_in_order_until_removed() -> None:
    clock, calls = ManualClock(START), list[str]()

    def first() -> None:
        calls.append("first")

    remove = clock.on_move(first)
    clock.on_move(lambda: calls.append("second"))
    clock.on_move(first)
    clock.advance(1)
    assert calls == ["first", "second"]
    remove()
    remove()
    clock.advance(1)
    assert calls == ["first", "second", "second"]


def test_a_listener_may_advance_the_clock_and_remove_itself() -> None:
    clock, calls = ManualClock(START), list[float]()

    def once() -> None:
        remove()
        calls.append(clock.now())
        clock.advance(5)

    remove = clock.on_move(once)
    clock.advance(1)
    assert (calls, clock.now()) == ([START + 1], START + 6)
