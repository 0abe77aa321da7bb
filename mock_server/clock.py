"""The one clock that everything in the mock is told by."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from .observers import Listeners


class Clock(Protocol):
    """Time in Unix seconds. It never runs backwards."""

    def now(self) -> float:
        """The present moment, in Unix seconds."""
        ...

    def wait_for(self, seconds: float) -> float:
        """How many real seconds a client must wait for this many seconds of the clock to pass."""
        ...

    def on_poll(self) -> None:
        """Somebody asked for a job that is still pending."""
        ...

    def client_time(self) -> float:
        """A reading, in seconds, of the time that clients live in: real time where this clock goes
        on by itself, else what was slept by this clock. Polls do not move it.
        """
        ...

    @property
    def knows_client_waits(self) -> bool:
        """Whether clients are known to wait by the time of `client_time`."""
        ...

    def wait_before_response(self, seconds: float) -> None:
        """Returns when so many seconds have passed for an answer that takes its time."""
        ...

    async def async_wait_before_response(self, seconds: float) -> None:
        """The same for tasks."""
        ...


class MovableClock(Clock, Protocol):
    """A clock that a test can move, stop and sleep by."""

    def advance(self, seconds: float) -> None:
        """Moves the clock on by so many of its seconds; ValueError if it would run backwards."""
        ...

    def freeze(self, frozen: bool = True) -> None:
        """Keeps the clock from going on by itself, or lets it go on again."""
        ...

    def sleep(self, seconds: float) -> None:
        """Returns when so many seconds of the clock have passed; stands in for `time.sleep`."""
        ...

    async def async_sleep(self, seconds: float) -> None:
        """The same for tasks; stands in for `asyncio.sleep`, `anyio.sleep` and `trio.sleep`."""
        ...

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls the listener each time the clock was moved, stopped or set to another speed, in
        the thread that did it and before it goes on, until the callable that this gives is called.
        """
        ...


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # Where no type of clock is given, any clock is meant.
    ClockT = TypeVarWithDefault("ClockT", bound=Clock, covariant=True, default=Clock)
else:
    ClockT = TypeVar("ClockT", bound=Clock, covariant=True)


class SystemClock:
    """Real time from a start, `speed` times as fast; it can be frozen and moved on.

    Raises ValueError where a speed or a step would make it stand still or run backwards.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._monotonic, self._sleep = monotonic, sleep
        self.client_time: Callable[[], float] = monotonic
        self._lock, self._moved = Lock(), Listeners()
        self._course = _Rate(wall(), monotonic(), _positive(speed), False)

    @property
    def speed(self) -> float:
        """How many seconds pass in a real second, when the clock is not frozen."""
        return self._course.speed

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still until it is released or moved on."""
        return self._course.frozen

    def now(self) -> float:
        real = self._monotonic()  # first, for the course may change meanwhile
        return self._course.at(real)

    def wait_for(self, seconds: float) -> float:
        return seconds / self._course.speed

    def on_poll(self) -> None:
        """Real time goes on by itself."""

    @property
    def knows_client_waits(self) -> bool:
        """Where the clock goes as fast as real time: nobody knows what a wait is meant to be where
        it does not.
        """
        return self._course.speed == 1

    def wait_before_response(self, seconds: float) -> None:
        self.sleep(seconds)

    async def async_wait_before_response(self, seconds: float) -> None:
        await self.async_sleep(seconds)

    def set_speed(self, speed: float) -> None:
        """From now on, this many seconds pass in a real second."""
        self._change_rate(speed=_positive(speed))

    def freeze(self, frozen: bool = True) -> None:
        """Stops the clock, or lets it go on from where it stands."""
        self._change_rate(frozen=frozen)

    def advance(self, seconds: float) -> None:
        """Moves the clock on, frozen or not."""
        self._change_rate(step=_step(seconds))

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._moved.add(listener)

    def sleep(self, seconds: float) -> None:
        """Really sleeps, as long as the clock takes for so many seconds when it is not frozen."""
        self._sleep(self.wait_for(_step(seconds)))

    async def async_sleep(self, seconds: float) -> None:
        """Really sleeps, as long as the clock takes for so many seconds when it is not frozen."""
        # Not anyio.sleep, whose place this may have taken.
        with anyio.move_on_after(self.wait_for(_step(seconds))):
            await anyio.Event().wait()

    def _change_rate(
        self, *, step: float = 0.0, speed: float | None = None, frozen: bool | None = None
    ) -> None:
        """Goes on from here in another way, in one step, so that nobody who reads has to wait."""
        with self._lock:
            before, real = self._course, self._monotonic()
            self._course = _Rate(
                before.at(real) + step,
                real,
                before.speed if speed is None else speed,
                before.frozen if frozen is None else frozen,
            )
        self._moved.notify()


class _Rate(NamedTuple):
    """How a clock goes on from a moment, `base`, at which the real time was `since`."""

    base: float
    since: float
    speed: float
    frozen: bool

    def at(self, real: float) -> float:
        """What the clock shows at a real time."""
        base, since, speed, frozen = self
        return base if frozen or real < since else base + (real - since) * speed


class ManualClock:
    """A clock that moves only when it is told to, or when somebody sleeps by it."""

    def __init__(self, start: float = 1_780_000_000.0) -> None:
        self._lock, self._moved = Lock(), Listeners()
        self._now = start
        self._order = count()
        self._sleepers: set[tuple[float, int]] = set()
        self._client_time, self._slept = 0.0, False

    def now(self) -> float:
        return self._now

    def wait_for(self, seconds: float) -> float:
        """Nothing: waiting does not move this clock."""
        return 0.0

    def on_poll(self) -> None:
        """Polls do not move this clock."""

    def freeze(self, frozen: bool = True) -> None:
        """Nothing: this clock never goes on by itself."""

    def advance(self, seconds: float) -> None:
        """Moves the clock on; raises ValueError if it would run backwards."""
        with self._lock:
            self._now += _step(seconds)
            self._client_time += seconds
        self._moved.notify()

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._moved.add(listener)

    def client_time(self) -> float:
        return self._client_time

    @property
    def knows_client_waits(self) -> bool:
        """Whether anybody has slept by this clock: only then its time is that of a client."""
        return self._slept

    def wait_before_response(self, seconds: float) -> None:
        """Moves the clock on at once."""
        self.advance(seconds)

    async def async_wait_before_response(self, seconds: float) -> None:
        """Moves the clock on at once."""
        self.advance(seconds)

    def sleep(self, seconds: float) -> None:
        """Moves the clock on at once."""
        self.advance(seconds)
        self._slept = True

    async def async_sleep(self, seconds: float) -> None:
        """Moves the clock on as soon as no other task sleeps to an earlier moment, so that tasks
        wake in the order in which they would.
        """
        sleeper = (self._now + _step(seconds), next(self._order))
        self._sleepers.add(sleeper)
        try:
            await checkpoint()
            while min(self._sleepers) != sleeper:
                await checkpoint()
        finally:
            self._sleepers.remove(sleeper)
        with self._lock:
            passed = max(0.0, sleeper[0] - self._now)
            self._now += passed
            self._client_time += passed
        self._slept = True
        self._moved.notify()


class ClientClock(ManualClock):
    """A clock that moves as a program sleeps by it, so that what an answer asks the program to wait
    is true for it, and how long it has waited is known.
    """

    @property
    def knows_client_waits(self) -> bool:
        """Always: this is what the clock is for."""
        return True

    def wait_for(self, seconds: float) -> float:
        """As many: those whom the program sleeps by this clock."""
        return seconds


class TickingClock(ManualClock):
    """A clock that each request about a pending job moves on by one polling interval (seconds)."""

    def __init__(self, start: float = 1_780_000_000.0, *, interval: float = 2.0) -> None:
        super().__init__(start)
        self.interval = _positive(interval)
        self._frozen = False

    def on_poll(self) -> None:
        if not self._frozen:
            with self._lock:
                self._now += self.interval
            self._moved.notify()

    def freeze(self, frozen: bool = True) -> None:
        """Keeps polls from moving the clock, or lets them again."""
        self._frozen = frozen


def _positive(value: float) -> float:
    if not 0 < value < float("inf"):
        raise ValueError(f"must be a positive number, not {value!r}")
    return value


def _step(seconds: float) -> float:
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"time only moves on: the seconds must be 0 or more, not {seconds!r}")
    return seconds
