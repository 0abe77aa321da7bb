"""All that a client asked about one job, and all that it was told of it; and what it has
done besides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ....openapi import JobRole
from ....openapi.operation import CREATING
from .fingerprint import Fingerprint
from .request_record import JobReport, RequestRecord


@dataclass(frozen=True, slots=True)
class JobHistory:
    """One job: the request that made it, None if that is not known, the requests that name it, and
    the answers that show it, each in their order.

    `followed` says whether the client has come back to it: it was named by a request or shown by a
    list, or there was nothing to come back for, since it had ended when it was made.
    """

    job_id: str
    made: RequestRecord | None
    requests: tuple[RequestRecord, ...]
    reports: tuple[JobReport, ...]
    followed: bool

    @property
    def last(self) -> JobReport | None:
        """How the job was shown last."""
        return self.reports[-1] if self.reports else None

    @property
    def ended(self) -> bool:
        """Whether any answer has shown an end."""
        return any(telling.state and telling.state.ends for telling in self.reports)

    def of(self, role: JobRole) -> tuple[RequestRecord, ...]:
        """The requests with this role."""
        return tuple(attempt for attempt in self.requests if attempt.role is role)


def job_histories(attempts: Iterable[RequestRecord]) -> Mapping[str, JobHistory]:
    """The story of each job, by its id."""
    made: dict[str, RequestRecord] = {}
    requests: dict[str, list[RequestRecord]] = {}
    tellings: dict[str, list[JobReport]] = {}
    followed: set[str] = set()
    for attempt in attempts:
        if attempt.exchange.job_id is not None:
            requests.setdefault(attempt.exchange.job_id, []).append(attempt)
        for telling in attempt.jobs:
            tellings.setdefault(telling.job_id, []).append(telling)
            if attempt.role in CREATING:
                made.setdefault(telling.job_id, attempt)
            if attempt.role is JobRole.LIST or (telling.state and telling.state.ends):
                followed.add(telling.job_id)
    return {
        job_id: JobHistory(
            job_id,
            made.get(job_id),
            tuple(requests.get(job_id, ())),
            tuple(tellings.get(job_id, ())),
            job_id in requests or job_id in followed,
        )
        for job_id in dict.fromkeys([*tellings, *requests])
    }


class ListCalls:
    """When each sender has looked in the list of its jobs."""

    def __init__(self, attempts: Iterable[RequestRecord]) -> None:
        self._numbers: dict[str | None, list[int]] = {}
        for attempt in attempts:
            seen = attempt.exchange.accepted and not attempt.unreadable
            if attempt.role is JobRole.LIST and seen:
                self._numbers.setdefault(attempt.sender, []).append(attempt.number)

    def between(self, first: RequestRecord, second: RequestRecord) -> bool:
        """Whether the sender of these requests has looked between them."""
        numbers = self._numbers.get(first.sender, [])
        index = bisect_right(numbers, first.number)
        return index < len(numbers) and numbers[index] < second.number

    def after(self, attempt: RequestRecord) -> bool:
        """Whether the sender of this request has looked since."""
        return any(number > attempt.number for number in self._numbers.get(attempt.sender, ())[-1:])


class Concurrency:
    """In how many hands the work of each sender may lie: each may follow a job of its own."""

    def __init__(self, attempts: Iterable[RequestRecord]) -> None:
        self._wishes: dict[str | None, set[Fingerprint]] = {}
        for attempt in attempts:
            if attempt.role in CREATING:
                self._wishes.setdefault(attempt.sender, set()).add(attempt.fingerprint)

    def of(self, attempt: RequestRecord) -> int:
        """The hands of whoever has sent this: one for each different job that it has asked for."""
        return max(1, len(self._wishes.get(attempt.sender, ())))
