"""All that a client asked about one job, and all that it was told of it; and what it has
done besides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ....openapi import JobRole
from ....openapi.operation import MAKING
from .fingerprint import Identity
from .request_record import Attempt, Telling


@dataclass(frozen=True, slots=True)
class Story:
    """One job: the request that made it, None if that is not known, the requests that name it, and
    the answers that show it, each in their order.

    `followed` says whether the client has come back to it: it was named by a request or shown by a
    list, or there was nothing to come back for, since it had ended when it was made.
    """

    job_id: str
    made: Attempt | None
    requests: tuple[Attempt, ...]
    tellings: tuple[Telling, ...]
    followed: bool

    @property
    def last(self) -> Telling | None:
        """How the job was shown last."""
        return self.tellings[-1] if self.tellings else None

    @property
    def ended(self) -> bool:
        """Whether any answer has shown an end."""
        return any(telling.state and telling.state.ends for telling in self.tellings)

    def of(self, role: JobRole) -> tuple[Attempt, ...]:
        """The requests with this role."""
        return tuple(attempt for attempt in self.requests if attempt.role is role)


def stories(attempts: Iterable[Attempt]) -> Mapping[str, Story]:
    """The story of each job, by its id."""
    made: dict[str, Attempt] = {}
    requests: dict[str, list[Attempt]] = {}
    tellings: dict[str, list[Telling]] = {}
    followed: set[str] = set()
    for attempt in attempts:
        if attempt.exchange.job_id is not None:
            requests.setdefault(attempt.exchange.job_id, []).append(attempt)
        for telling in attempt.tells:
            tellings.setdefault(telling.job_id, []).append(telling)
            if attempt.role in MAKING:
                made.setdefault(telling.job_id, attempt)
            if attempt.role is JobRole.LIST or (telling.state and telling.state.ends):
                followed.add(telling.job_id)
    return {
        job_id: Story(
            job_id,
            made.get(job_id),
            tuple(requests.get(job_id, ())),
            tuple(tellings.get(job_id, ())),
            job_id in requests or job_id in followed,
        )
        for job_id in dict.fromkeys([*tellings, *requests])
    }


class Looks:
    """When each sender has looked in the list of its jobs."""

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        self._numbers: dict[str | None, list[int]] = {}
        for attempt in attempts:
            seen = attempt.exchange.accepted and not attempt.unread
            if attempt.role is JobRole.LIST and seen:
                self._numbers.setdefault(attempt.sender, []).append(attempt.number)

    def between(self, first: Attempt, second: Attempt) -> bool:
        """Whether the sender of these requests has looked between them."""
        numbers = self._numbers.get(first.sender, [])
        index = bisect_right(numbers, first.number)
        return index < len(numbers) and numbers[index] < second.number

    def after(self, attempt: Attempt) -> bool:
        """Whether the sender of this request has looked since."""
        return any(number > attempt.number for number in self._numbers.get(attempt.sender, ())[-1:])


class Hands:
    """In how many hands the work of each sender may lie: each may follow a job of its own."""

    def __init__(self, attempts: Iterable[Attempt]) -> None:
        self._wishes: dict[str | None, set[Identity]] = {}
        for attempt in attempts:
            if attempt.role in MAKING:
                self._wishes.setdefault(attempt.sender, set()).add(attempt.same)

    def of(self, attempt: Attempt) -> int:
        """The hands of whoever has sent this: one for each different job that it has asked for."""
        return max(1, len(self._wishes.get(attempt.sender, ())))
