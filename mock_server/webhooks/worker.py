"""Who delivers events: a thread of its own, or whoever moves the clock."""

from __future__ import annotations

from collections.abc import Callable
from threading import TIMEOUT_MAX, Event, Thread
from types import TracebackType

from ..clock import MovableClock, SystemClock
from .webhooks import Webhooks

GRACE_SECONDS = 1.0


class WebhookWorker:
    """Delivers events in a thread of its own for the length of the block, whatever the clock.

    It sleeps until an event is due and is woken where that changes: by a job, or by the clock being
    moved. An attempt that is under way as the block ends has `grace` real seconds to end; then it
    is left to itself.
    """

    def __init__(
        self, webhooks: Webhooks, *, clock: MovableClock, grace: float = GRACE_SECONDS
    ) -> None:
        self._webhooks, self._clock, self._grace = webhooks, clock, grace
        self._woken, self._stopped = Event(), Event()
        self._thread = Thread(target=self._run, name="webhook courier", daemon=True)
        self._removers: tuple[Callable[[], None], ...] = ()

    def __enter__(self) -> WebhookWorker:
        wake = self._woken.set
        self._removers = (self._webhooks.on_notify(wake), self._clock.on_move(wake))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for remove in self._removers:
            remove()
        self._stopped.set()
        self._woken.set()
        self._thread.join(self._grace)

    def pause(self) -> float | None:
        """How many real seconds there is nothing to do; None for as long as nothing happens."""
        due = self._webhooks.next_due()
        if due is None or not self._runs():
            return None
        seconds = self._clock.wait_for(due - self._clock.now())
        # What is less is not worth waking up for, and what is more no thread can wait.
        return min(max(seconds, _SHORTEST), TIMEOUT_MAX)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            while not self._stopped.is_set() and self._webhooks.deliver_next():
                pass
            if not self._stopped.is_set():
                self._woken.wait(self.pause())

    def _runs(self) -> bool:
        """Whether the clock goes on by itself."""
        if isinstance(self._clock, SystemClock):
            return not self._clock.frozen
        return self._clock.wait_for(1) > 0


def deliver_on_moves(webhooks: Webhooks, *, clock: MovableClock) -> Callable[[], None]:
    """Has events delivered by whoever moves the clock or makes a job, before that returns, until
    the callable that this gives is called.

    For a clock that does not go on by itself, and receivers that do not wait for the very thread
    that they are called in.
    """
    removers = (webhooks.on_notify(webhooks.deliver), clock.on_move(webhooks.deliver))

    def stop() -> None:
        for remove in removers:
            remove()

    return stop


_SHORTEST = 0.001
