"""The requests about each job, the list calls and the concurrency of each sender."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ....openapi import JobRole
from ....openapi.operation import CREATE_ROLES
from .fingerprint import Fingerprint
from .request_record import JobReport, RequestRecord


@dataclass(frozen=True, slots=True)
class JobHistory:
    """The requests about one job, and the responses that show it.

    Args:
        job_id: the id of the job.
        create: the request that created the job, None if unknown.
        requests: the requests whose path names the job, in their order.
        reports: the job as responses show it, in their order.
        followed: True if a request names the job or a list shows it, or if it had ended when
            created.
    """

    job_id: str
    create: RequestRecord | None
    requests: tuple[RequestRecord, ...]
    reports: tuple[JobReport, ...]
    followed: bool

    @property
    def last_report(self) -> JobReport | None:
        """The job as the last response shows it, None if no response shows it."""
        return self.reports[-1] if self.reports else None

    @property
    def ended(self) -> bool:
        """True if a response shows a final state."""
        return any(report.state and report.state.ends for report in self.reports)

    def requests_with(self, role: JobRole) -> tuple[RequestRecord, ...]:
        """Return the requests with this role."""
        return tuple(record for record in self.requests if record.role is role)


def job_histories(records: Iterable[RequestRecord]) -> Mapping[str, JobHistory]:
    """Return the history of each job, by its id."""
    creates: dict[str, RequestRecord] = {}
    requests: dict[str, list[RequestRecord]] = {}
    reports: dict[str, list[JobReport]] = {}
    followed: set[str] = set()
    for record in records:
        if record.exchange.job_id is not None:
            requests.setdefault(record.exchange.job_id, []).append(record)
        for report in record.job_reports:
            reports.setdefault(report.job_id, []).append(report)
            if record.role in CREATE_ROLES:
                creates.setdefault(report.job_id, record)
            if record.role is JobRole.LIST or (report.state and report.state.ends):
                followed.add(report.job_id)
    return {
        job_id: JobHistory(
            job_id,
            creates.get(job_id),
            tuple(requests.get(job_id, ())),
            tuple(reports.get(job_id, ())),
            job_id in requests or job_id in followed,
        )
        for job_id in dict.fromkeys([*reports, *requests])
    }


class ListCalls:
    """The successful list requests of each sender."""

    def __init__(self, records: Iterable[RequestRecord]) -> None:
        self._numbers: dict[str | None, list[int]] = {}
        for record in records:
            readable = record.exchange.accepted and not record.unreadable
            if record.role is JobRole.LIST and readable:
                self._numbers.setdefault(record.sender, []).append(record.number)

    def between(self, first: RequestRecord, second: RequestRecord) -> bool:
        """Return True if the sender read the list between these two of its requests."""
        numbers = self._numbers.get(first.sender, [])
        index = bisect_right(numbers, first.number)
        return index < len(numbers) and numbers[index] < second.number

    def after(self, record: RequestRecord) -> bool:
        """Return True if the sender read the list after this request."""
        return any(number > record.number for number in self._numbers.get(record.sender, ())[-1:])


class Concurrency:
    """The number of workers that each sender may have, one for each different create."""

    def __init__(self, records: Iterable[RequestRecord]) -> None:
        self._creates: dict[str | None, set[Fingerprint]] = {}
        for record in records:
            if record.role in CREATE_ROLES:
                self._creates.setdefault(record.sender, set()).add(record.fingerprint)

    def workers(self, record: RequestRecord) -> int:
        """Return how many workers the sender of this request may have, at least 1."""
        return max(1, len(self._creates.get(record.sender, ())))
