"""The requests about each job, the list calls and the concurrency of each sender."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ....openapi import JobKind, JobRole, Meaning
from .fingerprint import Fingerprint
from .request_record import JobKey, JobReport, RequestRecord


@dataclass(frozen=True, slots=True)
class JobHistory:
    """The requests about one job, and the responses that show it.

    Args:
        job: the job.
        create: the request that created the job, None if unknown.
        requests: the requests that name the job, in their order.
        reports: the job as responses show it, in their order.
        followed: True if a request names the job or a list shows it, or if it had ended when
            created.
    """

    job: JobKey
    create: RequestRecord | None
    requests: tuple[RequestRecord, ...]
    reports: tuple[JobReport, ...]
    followed: bool

    @property
    def kind(self) -> JobKind | None:
        """The kind of the job, None if no response shows the job."""
        return self.reports[0].kind if self.reports else None

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self.job[1]

    @property
    def last_report(self) -> JobReport | None:
        """The job as the last response with its state shows it; None if no response shows it."""
        with_state = (report for report in reversed(self.reports) if report.value is not None)
        return next(with_state, self.reports[-1] if self.reports else None)

    @property
    def ended(self) -> bool:
        """True if a response shows a final state, or if the client has canceled the job."""
        return any(report.ended for report in self.reports) or any(
            record.exchange.accepted for record in self.requests_with(JobRole.CANCEL)
        )

    @property
    def succeeded(self) -> bool:
        """True if a response shows that the job succeeded."""
        return self._ended_as(Meaning.SUCCESS)

    @property
    def ended_by_server(self) -> bool:
        """True if a response shows a final state that the client did not ask for."""
        asked = any(self.requests_with(role) for role in (JobRole.CANCEL, JobRole.DELETE))
        ends = [Meaning.SUCCESS, Meaning.FAILURE, *([] if asked else [Meaning.CANCELED])]
        return self._ended_as(*ends)

    def _ended_as(self, *meanings: Meaning) -> bool:
        return any(r.state is not None and r.state.meaning in meanings for r in self.reports)

    def requests_with(self, role: JobRole) -> tuple[RequestRecord, ...]:
        """Return the requests with this role."""
        return tuple(record for record in self.requests if record.role is role)


def job_histories(records: Iterable[RequestRecord]) -> Mapping[JobKey, JobHistory]:
    """Return the history of each job."""
    creates: dict[JobKey, RequestRecord] = {}
    requests: dict[JobKey, list[RequestRecord]] = {}
    reports: dict[JobKey, list[JobReport]] = {}
    followed: set[JobKey] = set()
    for record in records:
        if record.job is not None:
            requests.setdefault(record.job, []).append(record)
        for report in record.job_reports:
            reports.setdefault(report.key, []).append(report)
            if record.role is JobRole.CREATE:
                creates.setdefault(report.key, record)
            if record.role is JobRole.LIST or report.ended:
                followed.add(report.key)
    return {
        job: JobHistory(
            job,
            creates.get(job),
            tuple(requests.get(job, ())),
            tuple(reports.get(job, ())),
            job in requests or job in followed,
        )
        for job in dict.fromkeys([*reports, *requests])
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
            if record.role is JobRole.CREATE:
                self._creates.setdefault(record.sender, set()).add(record.fingerprint)

    def workers(self, record: RequestRecord) -> int:
        """Return how many workers the sender of this request may have, at least 1."""
        return max(1, len(self._creates.get(record.sender, ())))
