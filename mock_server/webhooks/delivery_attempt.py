"""Events on their way to the receiver, and the attempts to deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

# Seconds between the attempts, as Svix, the authors of Standard Webhooks, recommend. They add up to
# more than a day, so that a receiver which is down for a night misses nothing.
RETRY_DELAYS = (5, 300, 1800, 7200, 18_000, 36_000, 36_000)


class Receiver(Protocol):
    """A receiver of events: a function of a test, or an HttpReceiver."""

    def __call__(self, headers: Mapping[str, str], body: bytes, /) -> int | None:
        """Receive an event and return the status of the response, None for 200.

        A WebhookWorker calls the receiver in several threads at the same time.

        Any exception means that there was no response. DeliveryError gives the reason.
        """
        ...


class DeliveryAttempt(NamedTuple):
    """An attempt to deliver an event. Moments are Unix seconds of the mock's clock.

    Args:
        id: the id of the event.
        type: the type of the event.
        job: the id of the job.
        number: 1 for the first attempt.
        moment: the time when the attempt was due.
        status: the status of the response, None if there was no response.
        error: the reason for the failure, None if the event was delivered.
        next_try: the time of the next attempt, None if there is none.
    """

    id: str
    type: str
    job: str
    number: int
    moment: float
    status: int | None
    error: str | None
    next_try: float | None


@dataclass(frozen=True, slots=True, order=True)
class PendingEvent:
    """An event and its next attempt, sorted by the time when it is due.

    Args:
        due: the time of the attempt, in Unix seconds of the mock's clock.
        order: the order of events that are due at the same time.
        attempt: the number of the attempt, from 1.
        id: the id of the event.
        type: the type of the event.
        job: the id of the job.
        body: the JSON of the event.
        url: the URL that the request of the job names for it; None if it names none.
    """

    due: float
    order: int
    attempt: int = field(compare=False)
    id: str = field(compare=False)
    type: str = field(compare=False)
    job: str = field(compare=False)
    body: bytes = field(compare=False)
    url: str | None = field(compare=False, default=None)


class DeliveryResult(NamedTuple):
    """The status of the response and the reason for a failure; each is None if there is none."""

    status: int | None
    error: str | None


def result_of(status: int) -> DeliveryResult:
    """Return the result of a delivery whose response has this status."""
    if 200 <= status < 300:
        return DeliveryResult(status, None)
    redirect = "; redirects are not followed" if 300 <= status < 400 else ""
    return DeliveryResult(status, f"status {status}{redirect}")


def attempt_of(
    event: PendingEvent, result: DeliveryResult, retry: PendingEvent | None
) -> DeliveryAttempt:
    """Return the record of an attempt; `retry` is the same event with its next attempt."""
    return DeliveryAttempt(
        id=event.id,
        type=event.type,
        job=event.job,
        number=event.attempt,
        moment=event.due,
        status=result.status,
        error=result.error,
        next_try=retry.due if retry else None,
    )
