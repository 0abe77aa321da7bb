"""The rules for the use of jobs, checked request by request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....openapi import JobKind, JobRole, Meaning
from ....openapi.jobs.sources import Moment
from ....openapi.moment import SECONDS
from ....openapi.pointer import get_or_none
from ....openapi.text import one_line
from .. import client_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .fingerprint import Fingerprint
from .request_record import JobKey, JobReport, RequestRecord, format_seconds


class JobUsageRules:
    """The rules for the use of jobs, over the requests of a history in their order.

    A client is judged by the responses that it received. Each API key knows only its own jobs.

    Args:
        whole: True if the history contains the first request of the client.
    """

    def __init__(self, *, whole: bool = True) -> None:
        self._whole = whole
        self._last_reports: dict[_SenderAndJob, JobReport] = {}
        self._final_reports: dict[_SenderAndJob, JobReport] = {}
        self._expiry_reports: dict[_SenderAndJob, JobReport] = {}
        self._begun_in_time: set[_SenderAndJob] = set()
        self._deleted: set[_SenderAndJob] = set()
        self._run = 0
        self._permanent_errors: dict[tuple[Fingerprint, str | None], str] = {}

    def check(self, record: RequestRecord) -> list[Violation]:
        """Return the violations of the next request."""
        violations: list[Violation] = []
        if record.run > self._run:
            self._forget(record.run)
        if record.job is not None:
            violations += self._check_job(record, record.job)
        if not violations:
            violations += self._check_permanent_error(record)
        self._remember(record)
        return violations

    def _forget(self, run: int) -> None:
        """Let the client repeat its requests: a restarted one may ask for everything once more."""
        self._run = run
        self._final_reports.clear()
        self._permanent_errors.clear()

    def _check_job(self, record: RequestRecord, key: JobKey) -> Iterator[Violation]:
        job = (record.sender, key)
        report = self._last_reports.get(job)
        if report is None:
            if self._whole and record.reports_unknown_job:
                yield violation_of(
                    catalogue.UNKNOWN_JOB,
                    record.exchange,
                    record.number,
                    received=one_line(key[1]) + self._describe_owner(key),
                    expected=self._describe_known_ids(record.sender, key[0]),
                )
        elif record.role is JobRole.POLL and job in self._final_reports:
            final = self._final_reports[job]
            yield violation_of(
                catalogue.POLLED_AFTER_END,
                record.exchange,
                record.number,
                received=f"a poll for {one_line(key[1])} after response no. {final.number}, which"
                f" showed it {final.status}",
                expected=f"no poll after {_describe_final_states(final.kind)}",
            )
        elif record.role in (JobRole.RESULT, JobRole.CREATE):
            yield from self._check_result_use(record, report)

    def _check_result_use(self, record: RequestRecord, report: JobReport) -> Iterator[Violation]:
        """Yield the violation if a request needs a job in another state, mostly a successful one.

        A create is here one that makes a job from another job.
        """
        usable = _usable_states(record, report.kind)
        rule = _misuse_rule(record, report, usable)
        if rule:
            unknown = ", an unknown status" if report.has_unknown_status else ""
            yield violation_of(
                rule,
                record.exchange,
                record.number,
                received=f"a request for {one_line(report.job_id)}, which was"
                f" {one_line(report.status)} in response no. {report.number}{unknown}",
                expected=f"a job that is {' or '.join(usable)}",
            )
        elif record.role is JobRole.RESULT:
            yield from self._check_expiry(record, report)

    def _check_expiry(self, record: RequestRecord, report: JobReport) -> Iterator[Violation]:
        """Yield the violation if a rejected download came after the known expiry."""
        expiry, exchange = _expiry(report), record.exchange
        job = (record.sender, report.key)
        if job in self._deleted or expiry is None:
            return
        if self._expiry_reports[job].exchange.at >= expiry:
            return  # the files expired before the client could know it
        late = exchange.at - exchange.took - expiry
        if late <= 0 and record.failed_transiently:
            self._begun_in_time.add(job)  # a retry is right, even if it comes too late
        if late > 0 and record.failed_permanently and job not in self._begun_in_time:
            announced = "which response no. {} had announced"
            if report.kind.expires_at is None:
                seconds = format_seconds(report.kind.expires_after or 0)
                announced = f"which came at most {seconds} after response no. {{}}"
            yield violation_of(
                catalogue.DOWNLOADED_LATE,
                exchange,
                record.number,
                received=f"a request for the files of {one_line(report.job_id)}"
                f" {format_seconds(late)} after their expiry, {announced.format(report.number)}",
                expected=f"a download before {expiry:.0f} (Unix time)",
            )

    def _check_permanent_error(self, record: RequestRecord) -> Iterator[Violation]:
        """Yield the violation if the same request has failed permanently before."""
        if not self._permanent_errors and not record.failed_permanently:
            return
        # A request that a job rejects in one state may succeed in another.
        report = self._last_reports.get((record.sender, record.job)) if record.job else None
        key = (record.fingerprint, report.status if report else None)
        if key in self._permanent_errors:
            yield violation_of(
                catalogue.RETRY_AFTER_PERMANENT_ERROR,
                record.exchange,
                record.number,
                received=f"the same request after {self._permanent_errors[key]}",
                expected="a changed request, or none",
            )
        if record.failed_permanently:
            self._permanent_errors[key] = record.outcome

    def _remember(self, record: RequestRecord) -> None:
        for report in record.job_reports:
            job = (record.sender, report.key)
            if report.value is None and job in self._last_reports:
                continue  # the item of a list may leave out the state
            self._last_reports[job] = report
            if job not in self._expiry_reports and _expiry(report) is not None:
                self._expiry_reports[job] = report
            if record.role is JobRole.POLL and report.ended:
                self._final_reports.setdefault(job, report)
        deletes = any(role.role is JobRole.DELETE for role in record.exchange.roles)
        if deletes and record.job and record.exchange.accepted:
            # One look at a deleted job does not count as a poll.
            deleted = (record.sender, record.job)
            self._final_reports.pop(deleted, None)
            self._deleted.add(deleted)

    def _describe_owner(self, job: JobKey) -> str:
        """Return in words that another API key has created the job, "" if none has."""
        for (_, known), report in self._last_reports.items():
            if known == job:
                return (
                    f", which belongs to another API key: response no. {report.number} returned it"
                )
        return ""

    def _describe_known_ids(self, sender: str | None, kind: str) -> str:
        jobs = [(other, job_id) for other, (k, job_id) in self._last_reports if k == kind]
        known = [job_id for other, job_id in jobs if other == sender]
        if not known:
            others = " with this API key" if jobs else ""
            return f"the id of a created job; none was created{others} so far"
        return f"one of {', '.join(map(one_line, known[-_MAX_SHOWN_IDS:]))}"


def _describe_final_states(kind: JobKind) -> str:
    states = kind.lifecycle.states.values()
    return " or ".join(state.name for state in states if state.meaning.is_terminal)


def _usable_states(record: RequestRecord, kind: JobKind) -> tuple[str, ...]:
    """Return the states in which the operation accepts a job, in the order of the document."""
    if record.role is JobRole.CREATE:
        return kind.lifecycle.named(Meaning.SUCCESS)
    roles = (role for role in record.exchange.roles if role.kind == kind.name)
    names = {name for role in roles if role.role is record.role for name in role.states}
    return tuple(name for name in kind.lifecycle.states if name in names)


def _misuse_rule(record: RequestRecord, report: JobReport, usable: Sequence[str]) -> Rule | None:
    """Return the rule that the use of a job in this state breaks."""
    if report.has_unknown_status:
        return catalogue.UNKNOWN_STATUS_ACCEPTED
    if report.state is None or report.state.name not in usable:
        if report.pending:
            # The client may have heard of the end in another way, such as by a webhook: only a
            # rejection shows that the job has not ended.
            return catalogue.USED_TOO_EARLY if record.failed_permanently else None
        if report.state and report.state.meaning is not Meaning.SUCCESS:
            return catalogue.FAILURE_IGNORED
    return None


def _expiry(report: JobReport) -> float | None:
    """Return the latest expiry (Unix time) of the files of a job, None if it is unknown."""
    kind = report.kind
    if kind.expires_at is not None:
        fields = (f for create in kind.creates for f in create.fields)
        sources = (f.source for f in fields if f.place.path == kind.expires_at)
        form = next((s.form for s in sources if isinstance(s, Moment)), SECONDS)
        return form.read(get_or_none(report.job, kind.expires_at))
    if kind.expires_after is None or not report.ended:
        return None
    return report.exchange.at + kind.expires_after


_SenderAndJob = tuple[str | None, JobKey]
"""The header with the API key, and a job."""

_MAX_SHOWN_IDS = 3
