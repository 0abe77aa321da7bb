"""Clocks: speed, freeze, advance and polls."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server import ClientClock, Clock, ManualClock, SystemClock, TickingClock

START = 1_780_000_000.0


class FakeTime:
    """The wall clock and the monotonic clock of a fake machine."""

    def __init__(self) -> None:
        self.wall, self.monotonic = START, 512.0

    def clock(self, speed: float = 1.0) -> SystemClock:
        return SystemClock(speed, wall=lambda: self.wall, monotonic=lambda: self.monotonic)

    def pass_seconds(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.mark.parametrize("speed", [0.25, 1.0, 100.0], ids=lambda speed: f"{speed:g} times as fast")
def test_system_clock_starts_at_wall_time_and_runs_at_its_speed(
    fake_time: FakeTime, speed: float
) -> None:
    clock = fake_time.clock(speed)
    assert (clock.now(), clock.speed, clock.frozen) == (START, speed, False)
    fake_time.pass_seconds(8)
    assert clock.now() == START + 8 * speed


def test_system_clock_ignores_changes_of_the_wall_clock(fake_time: FakeTime) -> None:
    clock = fake_time.clock()
    fake_time.pass_seconds(4)
    fake_time.wall -= 3600
    assert clock.now() == START + 4


def test_system_clock_uses_the_functions_of_time_when_it_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not those at the import of the toolkit, so that the order of imports does not matter."""
    slept: list[float] = []
    with monkeypatch.context() as frozen:
        frozen.setattr(time, "time", lambda: START)
        frozen.setattr(time, "monotonic", lambda: 512.0)
        frozen.setattr(time, "sleep", slept.append)
        clock = SystemClock(10)
        clock.sleep(25)
        assert (clock.now(), clock.client_time(), slept) == (START, 512.0, [2.5])


def test_system_clock_does_not_jump_when_time_is_frozen_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    before = clock.now()
    with monkeypatch.context() as frozen:
        frozen.setattr(time, "time", lambda: 1e12)
        frozen.setattr(time, "monotonic", lambda: 1e12)
        assert before <= clock.now() < 1e11


def test_a_new_speed_applies_from_now_on(fake_time: FakeTime) -> None:
    clock = fake_time.clock(2)
    fake_time.pass_seconds(10)
    clock.set_speed(100)
    assert (clock.now(), clock.speed) == (START + 20, 100)
    fake_time.pass_seconds(1)
    assert clock.now() == START + 120


def test_a_frozen_clock_stops_and_continues_from_the_same_time(fake_time: FakeTime) -> None:
    clock = fake_time.clock(10)
    fake_time.pass_seconds(1)
    clock.freeze(True)
    fake_time.pass_seconds(1000)
    assert (clock.now(), clock.frozen) == (START + 10, True)
    clock.freeze(False)
    assert (clock.now(), clock.frozen) == (START + 10, False)
    fake_time.pass_seconds(1)
    assert clock.now() == START + 20


def test_freezing_twice_is_the_same_as_once(fake_time: FakeTime) -> None:
    clock = fake_time.clock()
    for _ in range(2):
        clock.freeze(True)
        fake_time.pass_seconds(5)
    assert clock.now() == START


def test_a_frozen_clock_can_be_advanced_and_given_a_speed(fake_time: FakeTime) -> None:
    clock = fake_time.clock()
    clock.freeze(True)
    clock.advance(30)
    clock.set_speed(4)
    fake_time.pass_seconds(1)
    assert clock.now() == START + 30
    clock.freeze(False)
    fake_time.pass_seconds(1)
    assert clock.now() == START + 34


def test_advance_does_not_depend_on_the_speed(fake_time: FakeTime) -> None:
    clock = fake_time.clock(50)
    clock.advance(7)
    assert clock.now() == START + 7


def test_wait_for_converts_to_real_seconds(fake_time: FakeTime) -> None:
    assert fake_time.clock(4).wait_for(10) == 2.5
    assert fake_time.clock(0.5).wait_for(10) == 20


def test_polls_do_not_move_system_and_manual_clocks(fake_time: FakeTime) -> None:
    clocks: tuple[Clock, ...] = (fake_time.clock(), ManualClock(START))
    for clock in clocks:
        clock.on_poll()
        assert clock.now() == START


def test_a_manual_clock_moves_only_when_it_is_advanced() -> None:
    clock = ManualClock(START)
    clock.advance(0)
    clock.advance(2.5)
    assert clock.now() == START + 2.5
    assert clock.wait_for(10) == 0


@pytest.mark.parametrize("kind", [ManualClock, TickingClock, ClientClock])
def test_clock_without_a_start_begins_in_the_present_second(
    monkeypatch: pytest.MonkeyPatch, kind: type[ManualClock]
) -> None:
    with monkeypatch.context() as frozen:
        frozen.setattr(time, "time", lambda: START + 0.75)
        clock = kind()
    assert clock.now() == START


def test_each_poll_advances_a_ticking_clock_by_its_interval() -> None:
    clock = TickingClock(START, interval=2.5)
    clock.on_poll()
    clock.on_poll()
    clock.advance(1)
    assert clock.now() == START + 6
    assert clock.wait_for(10) == 0


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), float("-inf")], ids=repr)
def test_speed_and_interval_must_be_positive_numbers(fake_time: FakeTime, value: float) -> None:
    clock = fake_time.clock(2)
    invalid: tuple[Callable[[], object], ...] = (
        lambda: fake_time.clock(value),
        lambda: clock.set_speed(value),
        lambda: TickingClock(1_780_000_000, interval=value),
    )
    for action in invalid:
        with pytest.raises(ValueError, match=f"must be a positive number, not {value!r}"):
            action()
    fake_time.pass_seconds(1)
    assert (clock.now(), clock.speed) == (START + 2, 2)


@pytest.mark.parametrize("seconds", [-0.001, float("nan"), float("inf"), float("-inf")], ids=repr)
def test_advance_rejects_negative_and_infinite_seconds(fake_time: FakeTime, seconds: float) -> None:
    for clock in (fake_time.clock(), ManualClock(START), TickingClock(START)):
        with pytest.raises(ValueError, match=f"time only moves on.* not {seconds!r}"):
            clock.advance(seconds)
        assert clock.now() == START


def test_a_clock_that_is_frozen_during_a_read_does_not_run_backwards(fake_time: FakeTime) -> None:
    stop = Thread(target=lambda: clock.freeze(True))
    interrupted = False

    def monotonic() -> float:
        nonlocal interrupted
        if interrupted:
            interrupted = False
            stop.start()
            stop.join(0.05)  # a clock that makes others wait while it is read lets this run out
            fake_time.pass_seconds(100)
        return fake_time.monotonic

    clock = SystemClock(wall=lambda: START, monotonic=monotonic)
    interrupted = True
    read = clock.now()
    stop.join()
    assert clock.now() >= read


# Whole numbers of this size are added and multiplied without rounding.
NUMBERS = st.integers(-3, 1000)
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["pass_seconds", "speed", "advance"]), NUMBERS),
    st.tuples(st.just("freeze"), st.integers(0, 1)),
)


@settings(deadline=None)
@given(st.lists(OPERATIONS, max_size=30))
def test_system_clock_agrees_with_a_model_after_any_operations(
    operations: list[tuple[str, int]],
) -> None:
    fake_time = FakeTime()
    clock, expected, speed, frozen = fake_time.clock(), START, 1, False
    for name, number in operations:
        before = clock.now()
        if name == "pass_seconds":
            fake_time.pass_seconds(abs(number))
            expected += 0 if frozen else abs(number) * speed
        elif name == "freeze":
            frozen = bool(number)
            clock.freeze(frozen)
        elif name == "speed" and number > 0:
            speed = number
            clock.set_speed(speed)
        elif name == "advance" and number >= 0:
            clock.advance(number)
            expected += number
        else:
            with pytest.raises(ValueError, match="must be"):
                (clock.set_speed if name == "speed" else clock.advance)(number)
        assert clock.now() == expected >= before


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=30), st.floats(1e-9, 1e9))
def test_a_ticking_clock_never_runs_backwards(steps: list[float | None], interval: float) -> None:
    clock = TickingClock(START, interval=interval)
    for step in steps:
        before = clock.now()
        if step is None:
            clock.on_poll()
        elif step >= 0:
            clock.advance(step)
        else:
            with pytest.raises(ValueError, match="time only moves on"):
                clock.advance(step)
        assert clock.now() >= before
