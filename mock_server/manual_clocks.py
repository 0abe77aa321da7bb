"""Clocks for tests: they move only when a test, a client or a poll moves them."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from threading import Lock

from anyio.lowlevel import checkpoint

from .clock import require_positive, require_seconds
from .observers import Listeners


class ManualClock:
    """A clock that moves only when it is advanced, or when a client sleeps by it.

    Args:
        start: The time at the start (Unix seconds); by default the present second, so that no job
            is old, or has expired, when it is created.
    """

    def __init__(self, start: float | None = None) -> None:
        self._lock, self._listeners = Lock(), Listeners()
        self._now = float(int(time.time())) if start is None else start
        self._numbers = count()
        # The tasks that sleep: the time when each one wakes, and its number.
        self._sleepers: set[tuple[float, int]] = set()
        self._client_time, self._slept = 0.0, False

    def now(self) -> float:
        return self._now

    def wait_for(self, seconds: float) -> float:
        """Return 0: waiting in real time does not move this clock."""
        return 0.0

    def on_poll(self) -> None:
        """Polls do not move this clock."""

    def freeze(self, frozen: bool = True) -> None:
        """Do nothing: this clock never runs."""

    def advance(self, seconds: float) -> None:
        """Advance the clock; raises ValueError if `seconds` is negative or not finite."""
        with self._lock:
            self._now += require_seconds(seconds)
            self._client_time += seconds
        self._listeners.notify()

    def on_move(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    def client_time(self) -> float:
        return self._client_time

    @property
    def knows_client_waits(self) -> bool:
        """True once a client has slept by this clock."""
        return self._slept

    def wait_before_response(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.advance(seconds)

    async def async_wait_before_response(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.advance(seconds)

    def sleep(self, seconds: float) -> None:
        """Advance the clock at once."""
        self.advance(seconds)
        self._slept = True

    async def async_sleep(self, seconds: float) -> None:
        """Advance the clock once no other task sleeps until an earlier time.

        So tasks wake in the same order as in real time.
        """
        sleeper = (self._now + require_seconds(seconds), next(self._numbers))
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
        self._listeners.notify()


class ClientClock(ManualClock):
    """A clock that moves as a client sleeps by it.

    A wait that a response asks for takes the same time by this clock. So it is known how long the
    client has waited.
    """

    @property
    def knows_client_waits(self) -> bool:
        """Always True."""
        return True

    def wait_for(self, seconds: float) -> float:
        """Return the same seconds: the client sleeps by this clock."""
        return seconds


class TickingClock(ManualClock):
    """A clock that each poll of a pending job advances.

    Args:
        start: The time at the start (Unix seconds); by default the present second.
        interval: The seconds that one poll advances the clock.

    Raises ValueError if `interval` is not a positive number.
    """

    def __init__(self, start: float | None = None, *, interval: float = 2.0) -> None:
        super().__init__(start)
        self.interval = require_positive(interval)
        self._frozen = False

    def on_poll(self) -> None:
        if not self._frozen:
            with self._lock:
                self._now += self.interval
            self._listeners.notify()

    def freeze(self, frozen: bool = True) -> None:
        """Keep polls from advancing the clock, or let them advance it again."""
        self._frozen = frozen
