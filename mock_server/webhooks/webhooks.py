"""The schedule of webhook events: signed, sent when jobs end, and retried."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from heapq import heappop, heappush
from itertools import count
from threading import Lock

from ...openapi import Document
from ...openapi.json import Json
from ..clock import Clock
from ..errors import DeliveryError
from ..jobs.job import Job
from ..observers import Listeners
from .delivery_attempt import (
    RETRY_DELAYS,
    DeliveryAttempt,
    DeliveryResult,
    PendingEvent,
    Receiver,
    attempt_of,
    result_of,
)
from .events import Event, JobEvents
from .signature import Signer


class Webhooks:
    """Sends the events that a document declares to a receiver, or to the URLs of requests.

    Events are sent only by a WebhookWorker, side by side, or by `deliver`, one by one. Events of
    one job are never sent side by side. If the response to an event is not 2xx, the event is
    retried after each of RETRY_DELAYS, with the same bytes and id, but a new signature.

    Args:
        document: the document that declares the events.
        clock: decides when events are due and retried.
        receiver: the receiver of the events for which the request of their job names no URL. None
            to send no such events.
        secret: the secret for signatures: `whsec_` and the key in base64.
        wall_clock: returns the real time for signatures, in Unix seconds. Verifiers compare it with
            their own time to reject replayed messages, so it is not the time of the mock.
        receiver_at: makes the receiver at a URL that a request names, such as HttpReceiver. By
            default, these events also go to `receiver`, so that no request leads elsewhere.
        max_attempts: the number of latest attempts that are remembered.

    Raises ValueError if the secret is invalid.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        receiver: Receiver | None,
        secret: str,
        # Looked up at each call, because tests freeze time for the verifier as well.
        wall_clock: Callable[[], float] = lambda: time.time(),
        receiver_at: Callable[[str], Receiver] | None = None,
        max_attempts: int = 1000,
    ) -> None:
        self._events = JobEvents(document, clock=clock)
        self._clock, self._receiver = clock, receiver
        # A receiver at a URL is kept, because making one takes milliseconds.
        self._receiver_at = receiver_at and lru_cache(_MAX_RECEIVERS)(receiver_at)
        self._signer, self._wall_clock = Signer(secret), wall_clock
        self._lock, self._listeners, self._order = Lock(), Listeners(), count()
        self._queue: list[PendingEvent] = []
        # Events before their first attempt, by job and by their order. A first attempt that is in
        # the queue and not here was replaced.
        self._first_attempts: dict[str, dict[int, PendingEvent]] = {}
        self._in_progress: dict[str, PendingEvent] = {}  # by job
        self._faults: dict[str, Json] = {}  # by job
        self._attempts: deque[DeliveryAttempt] = deque(maxlen=max_attempts)

    @property
    def attempts(self) -> tuple[DeliveryAttempt, ...]:
        """The latest attempts, the oldest first."""
        with self._lock:
            return tuple(self._attempts)

    def use_document(self, document: Document) -> None:
        """Send the events of another document for jobs that are scheduled from now on."""
        self._events = JobEvents(document, clock=self._clock)

    def schedule(self, job: Job, *, instead_of: Job | None = None, fault: Json = None) -> None:
        """Schedule the events of a new job, or of a job with another future.

        Events are sent even if the job is deleted before. Call `notify` afterwards, when no lock
        is held.

        Args:
            job: The job.
            instead_of: The job with its future before; its events that were sent are not sent
                again.
            fault: How the events of a new job are sent: "lost", "twice" or {"late": seconds};
                None as usual.
        """
        events = [*self._events.of(job)]
        before = [*self._events.of(instead_of)] if instead_of else []
        with self._lock:
            pending = self._first_attempts.pop(job.id, {})
            unsent = {(event.type, event.id) for event in pending.values()}
            sent = {(e.type, e.id) for e in before} - unsent
            if fault is not None:
                self._faults[job.id] = fault
            for event in events:
                if (event.type, event.id) not in sent and self._has_receiver(event):
                    self._push(job, event)

    def notify(self) -> None:
        """Notify the listeners that events were scheduled; some may be due already."""
        self._listeners.notify()

    def next_due(self) -> float | None:
        """Return when the next event is due, in Unix seconds of the mock's clock.

        An event of a job with an attempt in progress is not due before the end of the attempt.
        """
        with self._lock:
            self._drop_replaced()
            if self._queue and self._may_start(self._queue[0]):
                return self._queue[0].due
            return min((e.due for e in self._queue if self._may_start(e)), default=None)

    def deliver(self) -> None:
        """Send all events that are due, in order.

        Errors of the receiver are recorded, not raised. Returns at once if another thread is
        delivering, which then sends the events.
        """
        while (event := self.take_due(alone=True)) is not None:
            self.attempt(event)

    def take_due(self, *, alone: bool = False) -> PendingEvent | None:
        """Take the first event that is due, to pass it to `attempt`; None if there is none.

        Args:
            alone: True to take no event while another attempt is in progress.
        """
        now = self._clock.now()
        with self._lock:
            self._drop_replaced()
            if alone and self._in_progress:
                return None
            event = self._pop_due(now)
            if event is not None:
                self._in_progress[event.job] = event
                if event.attempt == 1:
                    del self._first_attempts[event.job][event.order]
            return event

    def attempt(self, event: PendingEvent) -> None:
        """Send an event that `take_due` returned, and record the result."""
        start = self._clock.now()
        result = DeliveryResult(None, "interrupted")
        try:
            result = self._send(event)
        finally:
            self._record_result(event, result, duration=self._clock.now() - start)

    def clear(self) -> None:
        """Forget all scheduled events and all attempts."""
        with self._lock:
            self._queue.clear()
            self._faults.clear()
            self._first_attempts.clear()
            self._attempts.clear()
            self._in_progress.clear()

    def on_notify(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener at every `notify`, in the same thread; return a function to stop it."""
        return self._listeners.add(listener)

    def to_json(self) -> dict[str, Json]:
        """Return the latest attempts, the newest first, and the time of the next one."""
        newest_first = reversed(self.attempts)
        return {"next_due": self.next_due(), "attempts": [a._asdict() for a in newest_first]}

    def _has_receiver(self, event: Event) -> bool:
        named = event.url is not None and self._receiver_at is not None
        return named or self._receiver is not None

    def _push(self, job: Job, event: Event) -> None:
        fault = self._faults.get(job.id)
        late = fault["late"] if isinstance(fault, dict) else 0
        for _ in range({"lost": 0, "twice": 2}.get(str(fault), 1)):
            self._push_once(job, event, due=event.due + late)

    def _push_once(self, job: Job, event: Event, *, due: float) -> None:
        order = next(self._order)
        pending = PendingEvent(due, order, 1, event.id, event.type, job.id, event.body, event.url)
        self._first_attempts.setdefault(job.id, {})[order] = pending
        heappush(self._queue, pending)

    def _drop_replaced(self) -> None:
        while self._queue and self._is_replaced(self._queue[0]):
            heappop(self._queue)

    def _is_replaced(self, event: PendingEvent) -> bool:
        waiting = self._first_attempts.get(event.job, {})
        return event.attempt == 1 and waiting.get(event.order) is not event

    def _pop_due(self, now: float) -> PendingEvent | None:
        """Remove the first due event of a job without an attempt in progress from the queue."""
        waiting: list[PendingEvent] = []
        found = None
        while found is None and self._queue and self._queue[0].due <= now:
            event = heappop(self._queue)
            if self._is_replaced(event):
                continue
            if self._may_start(event):
                found = event
            else:
                waiting.append(event)
        for event in waiting:
            heappush(self._queue, event)
        return found

    def _may_start(self, event: PendingEvent) -> bool:
        return event.job not in self._in_progress

    def _send(self, event: PendingEvent) -> DeliveryResult:
        try:
            status = self._receiver_of(event)(self._headers(event), event.body)
            return result_of(200 if status is None else status)
        except DeliveryError as error:
            return DeliveryResult(None, str(error))
        except Exception as error:  # must not reach the code that moves the clock
            return DeliveryResult(None, f"the receiver raised {type(error).__name__}: {error}")

    def _receiver_of(self, event: PendingEvent) -> Receiver:
        if event.url is not None and self._receiver_at is not None:
            return self._receiver_at(event.url)
        if self._receiver is None:
            raise DeliveryError("there is no receiver")
        return self._receiver

    def _headers(self, event: PendingEvent) -> dict[str, str]:
        # Real time is read at some distance from the start of a thread: freezegun returns real
        # time to functions that a thread calls directly.
        signature = self._signer.headers(event.id, event.body, moment=self._wall_clock())
        return {"content-type": "application/json", **signature}

    def _record_result(
        self, event: PendingEvent, result: DeliveryResult, *, duration: float
    ) -> None:
        """Record an attempt, and schedule the next one if it failed.

        The delay starts at the end of the attempt in the time of the event. So a clock that is
        moved over several attempts makes each of them at its own time.
        """
        retry = None
        if result.error is not None and event.attempt <= len(RETRY_DELAYS):
            due = event.due + duration + RETRY_DELAYS[event.attempt - 1]
            retry = replace(event, due=due, attempt=event.attempt + 1)
        with self._lock:
            if self._in_progress.get(event.job) is not event:  # cleared in the meantime
                return
            del self._in_progress[event.job]
            self._attempts.append(attempt_of(event, result, retry))
            if retry is not None:
                heappush(self._queue, retry)


_MAX_RECEIVERS = 100
