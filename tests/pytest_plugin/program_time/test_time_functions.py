"""The functions of `time` and `datetime`, in each way in which a program may refer to them."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from threading import Event, Thread
from time import perf_counter, sleep
from typing import Any

import pytest

from aisa_testkit.pytest_plugin import ProgramClock
from aisa_testkit.pytest_plugin.program_time import ProgramTime, open_program_time

START = 1_900_000_000.0
REAL_SLEEP, REAL_NOW = time.sleep, datetime.now
PARTIAL = partial(time.sleep)
IN_DICT, IN_LIST = {"sleep": time.sleep}, [time.sleep]


class Poller:
    wait: Any = time.sleep

    def __init__(self) -> None:
        self.waits = time.sleep


class SlottedPoller:
    __slots__ = ("wait",)

    def __init__(self) -> None:
        self.wait = time.sleep


@dataclass(frozen=True)
class Frozen:
    wait: Callable[[float], None] = time.sleep
    made: float = field(default_factory=time.time)


def wait_by_default(seconds: float, wait: Callable[[float], None] = time.sleep) -> None:
    wait(seconds)


def wait_by_keyword(seconds: float, *, wait: Callable[[float], None] = time.sleep) -> None:
    wait(seconds)


def closure() -> Callable[[float], None]:
    wait = time.sleep
    return lambda seconds: wait(seconds)


WAYS: dict[str, Callable[[float], None]] = {
    "attribute of the module": lambda seconds: time.sleep(seconds),
    "imported name": lambda seconds: sleep(seconds),
    "dict": lambda seconds: IN_DICT["sleep"](seconds),
    "list": lambda seconds: IN_LIST[0](seconds),
    "class attribute": lambda seconds: Poller().wait(seconds),
    "attribute of an object": Poller().waits,
    "default": wait_by_default,
    "keyword default": wait_by_keyword,
    "closure": closure(),
    "partial": lambda seconds: PARTIAL(seconds),
}
SLOTTED, FROZEN, MADE_BEFORE = SlottedPoller(), Frozen(), Poller()


@pytest.mark.parametrize("way", [name for name in WAYS if name != "attribute of an object"])
def test_sleep_moves_the_clock_however_it_is_referred_to(clock: ProgramClock, way: str) -> None:
    WAYS[way](3600)
    assert clock.now() == START + 3600


def test_objects_that_were_made_before_follow_the_clock(clock: ProgramClock) -> None:
    SLOTTED.wait(10)
    FROZEN.wait(10)
    MADE_BEFORE.waits(10)
    WAYS["attribute of an object"](10)
    assert clock.now() == START + 40


def test_default_factory_follows_the_clock(clock: ProgramClock) -> None:
    assert Frozen().made == START


@pytest.mark.parametrize("name", ["monotonic", "perf_counter", "time"])
def test_time_passes_by_the_clock(clock: ProgramClock, name: str) -> None:
    read, read_ns = getattr(time, name), getattr(time, f"{name}_ns")
    before, before_ns = read(), read_ns()
    time.sleep(90.5)
    assert read() - before == pytest.approx(90.5)
    assert read_ns() - before_ns == pytest.approx(90.5e9)


def test_monotonic_time_continues_at_the_start(program_time: ProgramTime) -> None:
    before = time.monotonic()
    with program_time.run(ProgramClock(START)):
        assert before <= time.monotonic() < before + 600


def test_calendar_follows_the_clock(clock: ProgramClock) -> None:
    class Subclass(datetime):
        pass

    utc = datetime.fromtimestamp(START, UTC)
    assert datetime.now(UTC) == Subclass.now(UTC) == utc
    assert datetime.now() == datetime.today() == datetime.fromtimestamp(START)
    assert type(Subclass.now()) is Subclass
    assert date.today() == date.fromtimestamp(START)
    assert time.gmtime() == time.gmtime(START)
    assert time.localtime() == time.localtime(START)
    assert time.ctime() == time.ctime(START)
    assert time.strftime("%c") == time.strftime("%c", time.localtime(START))
    assert isinstance(datetime.now(), datetime)


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")
def test_utcnow_follows_the_clock(clock: ProgramClock) -> None:
    utc = datetime.fromtimestamp(START, UTC)
    assert datetime.utcnow() == utc.replace(tzinfo=None)


def test_advance_moves_the_time_of_the_program(clock: ProgramClock) -> None:
    before = time.monotonic()
    clock.advance(60)
    assert time.monotonic() - before == pytest.approx(60)
    assert time.time() == START + 60


@pytest.mark.parametrize("look", [time.monotonic, partial(time.sleep, 0)])
def test_program_that_looks_until_a_moment_has_come_does_not_hang(
    clock: ProgramClock, look: Callable[[], object]
) -> None:
    while clock.now() < START + 1:
        look()


def test_invalid_seconds_are_refused_as_ever(clock: ProgramClock) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        time.sleep(-1)
    with pytest.raises(TypeError):
        time.sleep("1")  # type: ignore[arg-type]


def test_functions_are_pickled_by_their_names(clock: ProgramClock) -> None:
    assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep


def test_other_threads_keep_real_time(program_time: ProgramTime) -> None:
    go_on, times = Event(), list[float]()

    def read_time() -> None:
        go_on.wait()
        times.append(time.time())

    other = Thread(target=read_time)
    other.start()
    with program_time.run(ProgramClock(START + 1e9)):
        go_on.set()
        while not times:
            pass
    other.join()
    assert times[0] < START + 1e9


@pytest.mark.parametrize("module", ["_pytest.timing", "pytest_timeout", "subprocess"])
def test_test_runner_keeps_real_time(clock: ProgramClock, module: str) -> None:
    names: dict[str, Any] = {"__name__": module, "time": time, "datetime": datetime}
    exec("def now(): return max(time.time(), datetime.now().timestamp())", names)
    clock.advance(1e9)
    assert names["now"]() < START + 1e9 <= time.time()


def test_everything_is_restored_at_the_end() -> None:
    def state() -> list[object]:
        places: list[object] = [time.sleep, sleep, perf_counter, IN_DICT["sleep"], IN_LIST[0]]
        places += [PARTIAL.func, vars(Poller)["wait"], SLOTTED.wait, FROZEN.wait, MADE_BEFORE.waits]
        places += [wait_by_default.__defaults__, wait_by_keyword.__kwdefaults__]
        return [*places, vars(datetime)["now"], vars(date)["today"], Thread.start, Thread.join]

    before = state()
    with open_program_time(), open_program_time():
        pass
    assert state() == before


def test_thread_follows_one_clock(program_time: ProgramTime, clock: ProgramClock) -> None:
    with (
        pytest.raises(RuntimeError, match="already follows the clock of a program"),
        program_time.run(ProgramClock(START)),
    ):
        pass
