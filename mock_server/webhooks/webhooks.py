"""The events of jobs, signed and sent when the clock says that a job has ended."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from heapq import heappop, heappush
from itertools import count
from math import floor
from threading import Lock

import orjson

from ...openapi import Document
from ...openapi.json import Json
from ..clock import Clock
from ..jobs.job import Job
from ..observers import Listeners
from .receiver import DeliveryError, Receiver
from .signature import Signer

# Seconds between one attempt and the next: those of Svix, whose service wrote Standard Webhooks.
# Over a day in all, so that a receiver which is down for a night loses nothing.
PAUSES = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try to deliver an event. `number` is 1 for the first, `moment` when it was due and
    `next_try` when the next one is, both in Unix seconds of the mock's clock; None if there is
    none. `status` is that of the answer, None without one, `error` why it does not count.
    """

    id: str
    type: str
    job: str
    number: int
    moment: float
    status: int | None
    error: str | None
    next_try: float | None


# The status of an answer, and why it does not count; None for what there is not.
_Answer = tuple[int | None, str | None]


@dataclass(frozen=True, slots=True, order=True)
class _Sending:
    """An event on its way, in the order in which events are sent."""

    due: float
    order: int
    number: int = field(compare=False)
    id: str = field(compare=False)
    type: str = field(compare=False)
    job: str = field(compare=False)
    body: bytes = field(compare=False)


class Webhooks:
    """Sends the events that a document declares to one receiver, signed with one secret.

    Nothing is sent until `deliver` is called: by a WebhookWorker, or by whoever moves the clock. An
    event
    that is not answered by 2xx is tried again after each of PAUSES, with the same bytes and the
    same id but a new signature. The last `kept` attempts are remembered.

    `clock` tells when events are due and tried again. Signatures are stamped by `wall`, the real
    time in Unix seconds: those who verify them compare the stamp with their own time, to keep old
    messages from being sent to them again, and know nothing of the mock's clock.

    Raises ValueError for a secret that is none.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        receiver: Receiver,
        secret: str,
        wall: Callable[[], float] = time.time,
        kept: int = 1000,
    ) -> None:
        self._events, self._clock, self._receiver = document.events, clock, receiver
        self._signer, self._wall = Signer(secret), wall
        self._lock, self._announced, self._order = Lock(), Listeners(), count()
        self._queue: list[_Sending] = []
        # Events that were not tried yet, by job. What is in the queue for the first time and not
        # here was replaced.
        self._untried: dict[str, _Sending] = {}
        self._at_work: _Sending | None = None
        self._attempts: deque[DeliveryAttempt] = deque(maxlen=kept)

    @property
    def attempts(self) -> tuple[DeliveryAttempt, ...]:
        """The last attempts, the oldest first."""
        with self._lock:
            return tuple(self._attempts)

    def use_document(self, document: Document) -> None:
        """Sends the events of another document, of the jobs that are expected from now on."""
        self._events = document.events

    def schedule(self, job: Job) -> None:
        """A job was made, or one that has not ended was given another end: its event, if the
        document declares one, is sent when it ends, even if it is deleted then. Whoever calls this
        calls `announce` as soon as it holds no lock.
        """
        with self._lock:
            self._untried.pop(job.id, None)
            sending = self._sending(job)
            if sending is not None:
                self._untried[job.id] = sending
                heappush(self._queue, sending)

    def notify(self) -> None:
        """Tells those who deliver that jobs were expected: a courier wakes up, and who delivers as
        the clock moves sends at once what is due already.
        """
        self._announced.notify()

    def next_due(self) -> float | None:
        """When there is something to send, in Unix seconds of the mock's clock."""
        with self._lock:
            self._drop_replaced()
            return self._queue[0].due if self._queue else None

    def deliver(self) -> None:
        """Sends all that is due by now, in the order of the moments; what the receiver does wrong
        is written down and never raised. Returns at once where somebody is delivering already, who
        then sends it.
        """
        while self.deliver_next():
            pass

    def deliver_next(self) -> bool:
        """Sends the first event that is due by now, and says whether there was one to send."""
        sending = self._take()
        if sending is None:
            return False
        began = self._clock.now()
        answer: _Answer = (None, "was interrupted")
        try:
            answer = self._send(sending)
        finally:
            self._settle(sending, answer, took=self._clock.now() - began)
        return True

    def clear(self) -> None:
        """Forgets every event that is still to be sent, and every attempt."""
        with self._lock:
            self._queue.clear()
            self._untried.clear()
            self._attempts.clear()
            self._at_work = None

    def on_notify(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls the listener at every `announce`, in the thread that calls it, until the callable
        that this gives is called.
        """
        return self._announced.add(listener)

    def report(self) -> dict[str, Json]:
        """The last attempts as JSON, the newest first, and when the next one is due."""
        newest_first = reversed(self.attempts)
        return {"next_due": self.next_due(), "attempts": [asdict(a) for a in newest_first]}

    def _sending(self, job: Job) -> _Sending | None:
        end = job.progression.phases[-1]
        due, event = job.created + end.since, self._events.get(end.state)
        if event is None:
            return None
        # Made of what it tells, the id is the same under the same seed, and takes none from the
        # series of other ids.
        digest = sha256(f"{event.name} {job.id}".encode()).hexdigest()
        event_id = event.id_prefix + digest[:32]
        body = orjson.dumps(event.body(event_id=event_id, job_id=job.id, moment=floor(due)))
        return _Sending(due, next(self._order), 1, event_id, event.name, job.id, body)

    def _drop_replaced(self) -> None:
        while self._queue and self._replaced(self._queue[0]):
            heappop(self._queue)

    def _replaced(self, sending: _Sending) -> bool:
        return sending.number == 1 and self._untried.get(sending.job) is not sending

    def _take(self) -> _Sending | None:
        now = self._clock.now()
        with self._lock:
            self._drop_replaced()
            if self._at_work or not self._queue or self._queue[0].due > now:
                return None
            self._at_work = sending = heappop(self._queue)
            if sending.number == 1:
                del self._untried[sending.job]
            return sending

    def _send(self, sending: _Sending) -> _Answer:
        headers = {"content-type": "application/json"}
        headers |= self._signer.headers(sending.id, sending.body, moment=self._wall())
        try:
            status = self._receiver(headers, sending.body)
            status = 200 if status is None else status
            return status, None if 200 <= status < 300 else _refused(status)
        except DeliveryError as error:
            return None, str(error)
        except Exception as error:  # a receiver's slip must not strike whoever moves the clock
            return None, f"the receiver raised {type(error).__name__}: {error}"

    def _settle(self, sending: _Sending, answer: _Answer, *, took: float) -> None:
        """Writes an attempt down and, if it failed, plans the next; the pause counts from its end,
        so that a clock which is moved over several has them all made, each at its own moment.
        """
        again = None
        if answer[1] is not None and sending.number <= len(PAUSES):
            due = sending.due + took + PAUSES[sending.number - 1]
            again = replace(sending, due=due, number=sending.number + 1)
        with self._lock:
            if self._at_work is not sending:  # all was forgotten meanwhile
                return
            self._at_work = None
            self._attempts.append(_attempt(sending, answer, again))
            if again is not None:
                heappush(self._queue, again)


def _attempt(sending: _Sending, answer: _Answer, again: _Sending | None) -> DeliveryAttempt:
    status, error = answer
    return DeliveryAttempt(
        id=sending.id,
        type=sending.type,
        job=sending.job,
        number=sending.number,
        moment=sending.due,
        status=status,
        error=error,
        next_try=again.due if again else None,
    )


def _refused(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed"
    return f"answered {status}"
