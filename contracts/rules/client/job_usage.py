"""The rules for the use of jobs, checked request by request."""

from __future__ import annotations

from collections.abc import Iterator

from ....openapi import Cause, Document, Ending, JobRole
from ....openapi.text import one_line
from ...traffic.job_views import get_or_none, is_number
from .. import client_catalogue as catalogue
from ..rule import Rule
from ..violation import Violation, violation_of
from .fingerprint import Fingerprint
from .request_record import JobReport, RequestRecord, format_seconds


class JobUsageRules:
    """The rules for the use of jobs, over the requests of a history in their order.

    A client is judged by the responses that it received. Each API key knows only its own jobs.

    Args:
        document: the document of the API.
        whole: True if the history contains the first request of the client.
    """

    def __init__(self, document: Document, *, whole: bool = True) -> None:
        self._lifecycle, self._whole = document.lifecycle, whole
        self._unknown_job_status = document.envelope.responses[Cause.JOB_UNKNOWN].status
        self._last_reports: dict[_SenderAndJob, JobReport] = {}
        self._final_reports: dict[_SenderAndJob, JobReport] = {}
        self._deleted: set[_SenderAndJob] = set()
        self._permanent_errors: dict[tuple[Fingerprint, str | None], int] = {}

    def check(self, record: RequestRecord) -> list[Violation]:
        """Return the violations of the next request."""
        violations: list[Violation] = []
        if record.exchange.job_id is not None:
            violations += self._check_job(record, record.exchange.job_id)
        if not violations:
            violations += self._check_permanent_error(record)
        self._remember(record)
        return violations

    def _check_job(self, record: RequestRecord, job_id: str) -> Iterator[Violation]:
        job = (record.sender, job_id)
        report = self._last_reports.get(job)
        if report is None:
            if self._whole and record.exchange.status == self._unknown_job_status:
                yield violation_of(
                    catalogue.UNKNOWN_JOB,
                    record.exchange,
                    record.number,
                    received=one_line(job_id) + self._describe_owner(job_id),
                    expected=self._describe_known_ids(record.sender),
                )
        elif record.role is JobRole.RETRIEVE and job in self._final_reports:
            final = self._final_reports[job]
            yield violation_of(
                catalogue.POLLED_AFTER_END,
                record.exchange,
                record.number,
                received=f"a poll for {one_line(job_id)} after response no. {final.number}, which"
                f" showed it {final.status}",
                expected=f"no poll after {self._describe_final_states()}",
            )
        elif record.role in _ROLES_USING_RESULTS:
            yield from self._check_result_use(record, report)

    def _check_result_use(self, record: RequestRecord, report: JobReport) -> Iterator[Violation]:
        """Yield the violation if a request needs a successful job and this one is not."""
        rule = _misuse_rule(record, report)
        if rule:
            unknown = "" if report.state else ", an unknown status"
            yield violation_of(
                rule,
                record.exchange,
                record.number,
                received=f"a request for {one_line(report.job_id)}, which was"
                f" {one_line(report.status)} in response no. {report.number}{unknown}",
                expected="a job that is "
                f"{' or '.join(self._lifecycle.final_states(Ending.SUCCESS))}",
            )
        elif record.role is JobRole.CONTENT and record.failed_permanently:
            yield from self._check_expiry(record, report)

    def _check_expiry(self, record: RequestRecord, report: JobReport) -> Iterator[Violation]:
        """Yield the violation if a rejected download came after the known expiry."""
        expiry_at = self._lifecycle.expiry_at
        expiry = get_or_none(report.job, expiry_at) if expiry_at else None
        exchange = record.exchange
        if (record.sender, report.job_id) in self._deleted or not is_number(expiry):
            return
        late = exchange.at - exchange.took - expiry
        if late > 0:
            yield violation_of(
                catalogue.DOWNLOADED_LATE,
                exchange,
                record.number,
                received=f"a request for the files of {one_line(report.job_id)}"
                f" {format_seconds(late)} after their expiry, which response no. {report.number}"
                " had announced",
                expected=f"a download before {expiry:.0f} (Unix time)",
            )

    def _check_permanent_error(self, record: RequestRecord) -> Iterator[Violation]:
        """Yield the violation if the same request has failed permanently before."""
        if not self._permanent_errors and not record.failed_permanently:
            return
        # A request that a job rejects in one state may succeed in another.
        report = self._last_reports.get((record.sender, record.exchange.job_id or ""))
        key = (record.fingerprint, report.status if report else None)
        if key in self._permanent_errors:
            yield violation_of(
                catalogue.RETRY_AFTER_PERMANENT_ERROR,
                record.exchange,
                record.number,
                received=f"the same request after status {self._permanent_errors[key]}",
                expected="a changed request, or none",
            )
        if record.failed_permanently and record.exchange.status:
            self._permanent_errors[key] = record.exchange.status

    def _remember(self, record: RequestRecord) -> None:
        for report in record.job_reports:
            job = (record.sender, report.job_id)
            self._last_reports[job] = report
            if record.role is JobRole.RETRIEVE and report.state and report.state.ends:
                self._final_reports.setdefault(job, report)
        if record.role is JobRole.DELETE and record.exchange.accepted:
            # One look at a deleted job does not count as a poll.
            deleted = (record.sender, record.exchange.job_id or "")
            self._final_reports.pop(deleted, None)
            self._deleted.add(deleted)

    def _describe_owner(self, job_id: str) -> str:
        """Return in words that another API key has created the job, "" if none has."""
        for (_, known_id), report in self._last_reports.items():
            if known_id == job_id:
                return (
                    f", which belongs to another API key: response no. {report.number} returned it"
                )
        return ""

    def _describe_known_ids(self, sender: str | None) -> str:
        known = [job_id for other, job_id in self._last_reports if other == sender]
        if not known:
            others = " with this API key" if self._last_reports else ""
            return f"the id of a created job; none was created{others} so far"
        return f"one of {', '.join(map(one_line, known[-_MAX_SHOWN_IDS:]))}"

    def _describe_final_states(self) -> str:
        endings = self._lifecycle.final_states
        return " or ".join([*endings(Ending.SUCCESS), *endings(Ending.FAILURE)])


def _misuse_rule(record: RequestRecord, report: JobReport) -> Rule | None:
    """Return the rule that the use of a job in this state breaks."""
    if report.state is None:
        return catalogue.UNKNOWN_STATUS_ACCEPTED
    if report.state.ends is Ending.FAILURE:
        return catalogue.FAILURE_IGNORED
    too_early = report.pending and not record.exchange.accepted
    return catalogue.USED_TOO_EARLY if too_early else None


_SenderAndJob = tuple[str | None, str]
"""The header with the API key, and the id of a job."""

_ROLES_USING_RESULTS = (JobRole.CONTENT, JobRole.REMIX)
_MAX_SHOWN_IDS = 3
