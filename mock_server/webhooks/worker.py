"""Delivery of events by a thread, or by moves of the clock."""

from __future__ import annotations

from collections.abc import Callable
from threading import TIMEOUT_MAX, Event, Semaphore, Thread, current_thread
from time import monotonic
from types import TracebackType

from ..clock import MovableClock, SystemClock
from .delivery_attempt import PendingEvent
from .webhooks import Webhooks

GRACE_SECONDS = 1.0
MAX_CONCURRENT_ATTEMPTS = 100


class WebhookWorker:
    """Delivers events in its own threads while its `with` block runs. Works with every clock.

    One thread sleeps until an event is due. New jobs and moves of the clock wake it. Each attempt
    has its own thread, so that a slow response delays only the events of the same job.

    Args:
        webhooks: the events to deliver.
        clock: the clock of the webhooks.
        grace: the real seconds that running attempts may take after the end of the block.
    """

    def __init__(
        self, webhooks: Webhooks, *, clock: MovableClock, grace: float = GRACE_SECONDS
    ) -> None:
        self._webhooks, self._clock, self._grace = webhooks, clock, grace
        self._woken, self._stopped = Event(), Event()
        self._thread = Thread(target=self._run, name="webhook worker", daemon=True)
        self._attempts: set[Thread] = set()
        self._slots = Semaphore(MAX_CONCURRENT_ATTEMPTS)
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
        deadline = monotonic() + self._grace
        self._thread.join(self._grace)
        for thread in tuple(self._attempts):
            thread.join(max(0, deadline - monotonic()))

    def seconds_until_due(self) -> float | None:
        """Return the real seconds until the next event; None if only a wake-up can change it."""
        due = self._webhooks.next_due()
        if due is None or not self._clock_advances():
            return None
        seconds = self._clock.wait_for(due - self._clock.now())
        # A shorter sleep is not worth its wake-up, and threads cannot wait longer.
        return min(max(seconds, _MIN_WAIT_SECONDS), TIMEOUT_MAX)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._woken.clear()
            has_slots = self._start_attempts()
            if not self._stopped.is_set():
                self._woken.wait(self.seconds_until_due() if has_slots else None)

    def _start_attempts(self) -> bool:
        """Start an attempt for each due event; return False if too many attempts are running."""
        while self._slots.acquire(blocking=False):
            event = None if self._stopped.is_set() else self._webhooks.take_due()
            if event is None:
                self._slots.release()
                return True
            thread = Thread(
                target=self._attempt, args=(event,), name="webhook attempt", daemon=True
            )
            self._attempts.add(thread)
            thread.start()
        return False

    def _attempt(self, event: PendingEvent) -> None:
        try:
            self._webhooks.attempt(event)
        finally:
            self._attempts.discard(current_thread())
            self._slots.release()
            self._woken.set()  # the next event of the job, or a retry

    def _clock_advances(self) -> bool:
        """True if time passes without moves of the clock."""
        if isinstance(self._clock, SystemClock):
            return not self._clock.frozen
        return self._clock.wait_for(1) > 0


def deliver_on_moves(webhooks: Webhooks, *, clock: MovableClock) -> Callable[[], None]:
    """Deliver events in the calls that move the clock or create a job; return a function to stop.

    This is for clocks that only move on request, and for receivers that do not wait for the thread
    that calls them.
    """
    removers = (webhooks.on_notify(webhooks.deliver), clock.on_move(webhooks.deliver))

    def stop() -> None:
        for remove in removers:
            remove()

    return stop


_MIN_WAIT_SECONDS = 0.001
