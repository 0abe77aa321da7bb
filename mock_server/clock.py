"""Clocks: the interfaces of a clock, and the clock that runs in real time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import anyio

from ..openapi.json import is_number
from .observers import Listeners


class Clock(Protocol):
    """A source of time in Unix seconds, which never runs backwards."""

    def now(self) -> float:
        """Return the current time (Unix seconds)."""
        ...

    def wait_for(self, seconds: float) -> float:
        """Return the real seconds that a client must wait until so many seconds of this clock have
        passed.
        """
        ...

    def on_poll(self) -> None:
        """A client has polled a pending job."""
        ...

    def client_time(self) -> float:
        """Return the time of the clients, in seconds since any fixed moment.

        This is real time if the clock runs, otherwise the sum of all sleeps by this clock. Polls do
        not change it.
        """
        ...

    @property
    def knows_client_waits(self) -> bool:
        """True if `client_time` shows how long clients wait between their requests."""
        ...

    def wait_before_response(self, seconds: float) -> None:
        """Return when so many seconds have passed, for a response that is delayed."""
        ...

    async def async_wait_before_response(self, seconds: float) -> None:
        """Do the same in a task."""
        ...


class MovableClock(Clock, Protocol):
    """A clock that a test can advance, freeze and use for sleeping."""

    def advance(self, seconds: float) -> None:
        """Advance the clock; raises ValueError if `seconds` is negative or not finite."""
        ...

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock from running, or let it run again."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when so many seconds of the clock have passed; replaces `time.sleep`."""
        ...

    async def async_sleep(self, seconds: float) -> None:
        """Do the same in a task; replaces `asyncio.sleep`, `anyio.sleep` and `trio.sleep`."""
        ...

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener whenever the clock is advanced or frozen, or its speed changes.

        The listener is called in the thread that does so, before it continues. Returns a function
        that removes the listener.
        """
        ...


if TYPE_CHECKING:
    from typing_extensions import TypeVar as TypeVarWithDefault

    # Without a type argument, any clock is meant.
    ClockT = TypeVarWithDefault("ClockT", bound=Clock, covariant=True, default=Clock)
else:
    ClockT = TypeVar("ClockT", bound=Clock, covariant=True)


class SystemClock:
    """Real time, or a multiple of it. It can be frozen and advanced.

    Args:
        speed: The seconds of this clock in one real second.
        wall: The source of the time at the start (Unix seconds).
        monotonic: The source of real time, in seconds since any fixed moment.
        sleep: The function that sleeps in real time.

    The default sources are the functions of `time` when the clock is made. If time is frozen then,
    for example by freezegun, the clock stands still.

    Raises ValueError if `speed` is not a positive number.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        wall: Callable[[], float] | None = None,
        monotonic: Callable[[], float] | None = None,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        # The functions of `time` at this moment: a test may have frozen them since the import. If
        # it does so later, this clock must not jump.
        wall, monotonic = wall or time.time, monotonic or time.monotonic
        self._monotonic, self._sleep = monotonic, sleep or time.sleep
        self.client_time: Callable[[], float] = monotonic
        self._lock, self._listeners = Lock(), Listeners()
        self._rate = _Rate(wall(), monotonic(), require_positive(speed), False)

    @property
    def speed(self) -> float:
        """The seconds of this clock in one real second, unless the clock is frozen."""
        return self._rate.speed

    @property
    def frozen(self) -> bool:
        """True if the clock moves only when it is advanced."""
        return self._rate.frozen

    def now(self) -> float:
        real = self._monotonic()  # first, because another thread may change the rate
        return self._rate.at(real)

    def wait_for(self, seconds: float) -> float:
        return seconds / self._rate.speed

    def on_poll(self) -> None:
        """Polls do not move this clock."""

    @property
    def knows_client_waits(self) -> bool:
        """True if the clock runs in real time. At another speed, the intended waits of clients are
        unknown.
        """
        return self._rate.speed == 1

    def wait_before_response(self, seconds: float) -> None:
        self.sleep(seconds)

    async def async_wait_before_response(self, seconds: float) -> None:
        await self.async_sleep(seconds)

    def set_speed(self, speed: float) -> None:
        """Set the seconds of this clock in one real second.

        Raises ValueError if `speed` is not a positive number.
        """
        self._change_rate(speed=require_positive(speed))

    def freeze(self, frozen: bool = True) -> None:
        """Stop the clock, or let it continue from the same time."""
        self._change_rate(frozen=frozen)

    def advance(self, seconds: float) -> None:
        """Advance the clock, even if it is frozen.

        Raises ValueError if `seconds` is negative or not finite.
        """
        self._change_rate(step=require_seconds(seconds))

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    def sleep(self, seconds: float) -> None:
        """Sleep in real time for so many seconds of the clock, as if it were not frozen."""
        self._sleep(self.wait_for(require_seconds(seconds)))

    async def async_sleep(self, seconds: float) -> None:
        """Sleep in real time for so many seconds of the clock, as if it were not frozen."""
        # Not anyio.sleep, which a test may have replaced by this method.
        with anyio.move_on_after(self.wait_for(require_seconds(seconds))):
            await anyio.Event().wait()

    def _change_rate(
        self, *, step: float = 0.0, speed: float | None = None, frozen: bool | None = None
    ) -> None:
        """Replace the rate by a new one, in one assignment, so that readers need no lock."""
        with self._lock:
            old, real = self._rate, self._monotonic()
            self._rate = _Rate(
                old.at(real) + step,
                real,
                old.speed if speed is None else speed,
                old.frozen if frozen is None else frozen,
            )
        self._listeners.notify()


class _Rate(NamedTuple):
    """How a clock runs from a moment on. The clock showed `base` at the real time `since`."""

    base: float
    since: float
    speed: float
    frozen: bool

    def at(self, real: float) -> float:
        """The time of the clock at a real time."""
        base, since, speed, frozen = self
        return base if frozen or real < since else base + (real - since) * speed


def require_positive(value: float) -> float:
    """Return the value; raises ValueError if it is not positive and finite."""
    if not is_number(value) or not 0 < value < float("inf"):
        raise ValueError(f"must be a positive number, not {value!r}")
    return value


def require_seconds(seconds: float) -> float:
    """Return the seconds; raises ValueError if they are negative or not finite."""
    if not is_number(seconds) or not 0 <= seconds < float("inf"):
        raise ValueError(f"time only moves on: the seconds must be 0 or more, not {seconds!r}")
    return seconds
