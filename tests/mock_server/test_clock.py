"""Clocks: they run as fast as they are told, stop, jump ahead, and never go back."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisa_testkit.mock_server import Clock, ManualClock, SystemClock, TickingClock

START = 1_780_000_000.0


class Hands:
    """The clocks of a machine, which a test moves."""

    def __init__(self) -> None:
        self.wall, self.monotonic = START, 512.0

    def clock(self, speed: float = 1.0) -> SystemClock:
        return SystemClock(speed, wall=lambda: self.wall, monotonic=lambda: self.monotonic)

    def turn(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.mark.parametrize("speed", [0.25, 1.0, 100.0], ids=lambda speed: f"{speed:g} times as fast")
def test_a_clock_starts_at_the_wall_clock_and_runs_at_its_speed(hands: Hands, speed: float) -> None:
    clock = hands.clock(speed)
    assert (clock.now(), clock.speed, clock.frozen) == (START, speed, False)
    hands.turn(8)
    assert clock.now() == START + 8 * speed


def test_a_wall_clock_that_is_set_back_does_not_turn_the_clock_back(hands: Hands) -> None:
    clock = hands.clock()
    hands.turn(4)
    hands.wall -= 3600
    assert clock.now() == START + 4


def test_a_new_speed_counts_from_the_moment_it_is_set(hands: Hands) -> None:
    clock = hands.clock(2)
    hands.turn(10)
    clock.set_speed(100)
    assert (clock.now(), clock.speed) == (START + 20, 100)
    hands.turn(1)
    assert clock.now() == START + 120


def test_a_frozen_clock_stands_still_and_goes_on_from_there(hands: Hands) -> None:
    clock = hands.clock(10)
    hands.turn(1)
    clock.freeze(True)
    hands.turn(1000)
    assert (clock.now(), clock.frozen) == (START + 10, True)
    clock.freeze(False)
    assert (clock.now(), clock.frozen) == (START + 10, False)
    hands.turn(1)
    assert clock.now() == START + 20


def test_freezing_twice_changes_nothing(hands: Hands) -> None:
    clock = hands.clock()
    for _ in range(2):
        clock.freeze(True)
        hands.turn(5)
    assert clock.now() == START


def test_a_frozen_clock_can_be_moved_on_and_takes_a_speed_for_later(hands: Hands) -> None:
    clock = hands.clock()
    clock.freeze(True)
    clock.advance(30)
    clock.set_speed(4)
    hands.turn(1)
    assert clock.now() == START + 30
    clock.freeze(False)
    hands.turn(1)
    assert clock.now() == START + 34


def test_a_step_is_in_seconds_of_the_clock_whatever_its_speed(hands: Hands) -> None:
    clock = hands.clock(50)
    clock.advance(7)
    assert clock.now() == START + 7


def test_waiting_takes_as_many_real_seconds_as_the_speed_allows(hands: Hands) -> None:
    assert hands.clock(4).wait_for(10) == 2.5
    assert hands.clock(0.5).wait_for(10) == 20


def test_polls_do_not_move_a_clock_that_runs_by_itself_nor_a_manual_one(hands: Hands) -> None:
    clocks: tuple[Clock, ...] = (hands.clock(), ManualClock(START))
    for clock in clocks:
        clock.on_poll()
        assert clock.now() == START


def test_a_manual_clock_moves_only_by_steps_and_waiting_for_it_is_in_vain() -> None:
    clock = ManualClock(START)
    clock.advance(0)
    clock.advance(2.5)
    assert clock.now() == START + 2.5
    assert clock.wait_for(10) == 0


def test_each_poll_moves_a_ticking_clock_on_by_its_interval() -> None:
    clock = TickingClock(START, interval=2.5)
    clock.on_poll()
    clock.on_poll()
    clock.advance(1)
    assert clock.now() == START + 6
    assert clock.wait_for(10) == 0


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), float("-inf")], ids=repr)
def test_a_speed_or_an_interval_that_is_no_positive_number_is_refused(
    hands: Hands, value: float
) -> None:
    clock = hands.clock(2)
    refused: tuple[Callable[[], object], ...] = (
        lambda: hands.clock(value),
        lambda: clock.set_speed(value),
        lambda: TickingClock(interval=value),
    )
    for refusal in refused:
        with pytest.raises(ValueError, match=f"must be a positive number, not {value!r}"):
            refusal()
    hands.turn(1)
    assert (clock.now(), clock.speed) == (START + 2, 2)


@pytest.mark.parametrize("seconds", [-0.001, float("nan"), float("inf"), float("-inf")], ids=repr)
def test_a_step_back_or_to_no_moment_at_all_is_refused(hands: Hands, seconds: float) -> None:
    for clock in (hands.clock(), ManualClock(START), TickingClock(START)):
        with pytest.raises(ValueError, match=f"time only moves on.* not {seconds!r}"):
            clock.advance(seconds)
        assert clock.now() == START


def test_a_clock_that_is_stopped_while_somebody_reads_it_does_not_go_back(hands: Hands) -> None:
    stop = Thread(target=lambda: clock.freeze(True))
    interrupted = False

    def monotonic() -> float:
        nonlocal interrupted
        if interrupted:
            interrupted = False
            stop.start()
            stop.join(0.05)  # a clock that makes others wait while it is read lets this run out
            hands.turn(100)
        return hands.monotonic

    clock = SystemClock(wall=lambda: START, monotonic=monotonic)
    interrupted = True
    read = clock.now()
    stop.join()
    assert clock.now() >= read


# Whole numbers of this size are added and multiplied without rounding.
NUMBERS = st.integers(-3, 1000)
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["turn", "speed", "advance"]), NUMBERS),
    st.tuples(st.just("freeze"), st.integers(0, 1)),
)


@settings(deadline=None)
@given(st.lists(OPERATIONS, max_size=30))
def test_whatever_is_done_to_a_clock_it_shows_the_sum_of_what_has_passed(
    operations: list[tuple[str, int]],
) -> None:
    hands = Hands()
    clock, expected, speed, frozen = hands.clock(), START, 1, False
    for name, number in operations:
        before = clock.now()
        if name == "turn":
            hands.turn(abs(number))
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
def test_a_clock_that_is_polled_and_moved_never_goes_back(
    steps: list[float | None], interval: float
) -> None:
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
