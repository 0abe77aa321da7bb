"""The clock of a program and of the mock that it talks to."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import anyio

from ...mock_server.clock import require_seconds
from ...mock_server.manual_clocks import ClientClock
from ...mock_server.observers import Listeners


class ProgramClock(ClientClock):
    """A clock that moves when all threads of the program wait, to the first moment that wakes one.

    Args:
        start: The time at the start (Unix seconds); by default the present second.
    """

    def __init__(self, start: float | None = None) -> None:
        super().__init__(start)
        self._start = self._now
        self._events: list[Callable[[], float | None]] = []
        self._sleep_of_thread: Callable[[], Callable[[float], None] | None] = lambda: None

    def restart(self) -> None:
        """Set the clock back to its start, and forget who follows it, for the next run."""
        with self._lock:
            self._now, self._client_time, self._listeners = self._start, 0.0, Listeners()
            self._events.clear()

    def sleep_by(self, sleep_of_thread: Callable[[], Callable[[float], None] | None]) -> None:
        """Let the threads of a program sleep with a function, which returns None for all others."""
        self._sleep_of_thread = sleep_of_thread

    def stop_at(self, next_event: Callable[[], float | None]) -> None:
        """Let the clock stop at the events of the API, such as a webhook, which may wake a thread.

        Args:
            next_event: returns the time of the next one (Unix seconds), None if there is none.
        """
        self._events.append(next_event)

    def next_stop(self) -> float:
        """Return the `client_time` of the next event that is to come; infinite without one."""
        times = [time for event in self._events if (time := event()) is not None]
        coming = [self._client_time + time - self._now for time in times if time > self._now]
        return min(coming, default=inf)

    def sleep(self, seconds: float) -> None:
        """Sleep as the program does; a thread that is not the program's advances the clock."""
        if (sleep := self._sleep_of_thread()) is not None:
            sleep(require_seconds(seconds))
        else:
            self.advance(seconds)

    async def async_sleep(self, seconds: float) -> None:
        """Do the same in a task."""
        if self._sleep_of_thread() is not None:
            # Not anyio.sleep, which a test may have replaced by this method.
            with anyio.move_on_after(require_seconds(seconds)):
                await anyio.Event().wait()
        else:
            self.advance(seconds)

    def wait_before_response(self, seconds: float) -> None:
        self.sleep(seconds)

    async def async_wait_before_response(self, seconds: float) -> None:
        await self.async_sleep(seconds)

    def move_to(self, client_time: float) -> None:
        """Move on to this moment of `client_time`, unless it has passed.

        `advance` would add up seconds, and so miss the moment by a rounding error.
        """
        with self._lock:
            passed = client_time - self._client_time
            if passed <= 0:
                return
            self._now += passed
            self._client_time = client_time
        self._listeners.notify()
