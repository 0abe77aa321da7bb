"""The rules for the end of a history: what a client left unfinished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ....openapi import JobRole, Meaning
from ....openapi.text import one_line
from .. import client_catalogue as catalogue
from ..violation import Violation, violation_of
from .job_history import Concurrency, JobHistory, ListCalls
from .request_record import JobReport, RequestRecord, format_seconds
from .retry_window import RetryWindows
from .vendor_limits import (
    MAX_RETRY_SECONDS,
    MAX_WAIT_SECONDS,
    USUAL_WAIT_SECONDS,
    WAIT_GRACE_SECONDS,
)


def orphaned_job(
    history: JobHistory, windows: RetryWindows, list_calls: ListCalls
) -> Iterator[Violation]:
    """Yield the violation of a created job that was not followed, or not for long enough."""
    create, report = history.create, history.last_report
    if create is None or report is None or create.job_unknown_to_client:
        return
    if report.has_unknown_status:
        return
    numbers, since = [create.number], "it was accepted"
    if history.followed:
        if not _stopped_too_early(history, windows, list_calls):
            return
        numbers.append(report.number)
        since = f"response no. {report.number}, which showed it {one_line(report.status)}"
    yield violation_of(
        catalogue.ORPHANED_JOB,
        create.exchange,
        *numbers,
        received=f"no request for {one_line(history.job_id)} after {since}",
        expected="polls until it is finished",
    )


def _stopped_too_early(history: JobHistory, windows: RetryWindows, list_calls: ListCalls) -> bool:
    """Return True if the last request was a poll of a pending job, sooner than most jobs finish.

    The client must have sent other requests for so long after it that it could have polled again.
    """
    poll = history.requests[-1] if history.requests else None
    if history.create is None or poll is None or poll.role is not JobRole.POLL:
        return False
    report = history.last_report
    pending = report is not None and report.number == poll.number and report.pending
    elapsed = windows.elapsed(history.create.number, poll.number)
    early = elapsed is not None and elapsed < USUAL_WAIT_SECONDS
    stayed = windows.active_after(poll) > MAX_WAIT_SECONDS + WAIT_GRACE_SECONDS
    return pending and early and stayed and not list_calls.after(poll)


def unknown_status_accepted(history: JobHistory, windows: RetryWindows) -> Iterator[Violation]:
    """Yield the violation if the client stopped at an unknown status as if it were final.

    A client that has polled past an unknown status, or for longer than most jobs take, gave up.
    """
    report = history.last_report
    if report is None or not report.has_unknown_status or history.ended:
        return
    polls = history.requests_with(JobRole.POLL)
    if polls and report.exchange.role is JobRole.LIST:
        return  # the list was read for another job
    if any(r.has_unknown_status and r.number < polls[-1].number for r in history.reports if polls):
        return
    create = history.create
    elapsed = windows.elapsed(create.number, report.number) if create else None
    if elapsed is not None and elapsed >= USUAL_WAIT_SECONDS:
        return
    if not any(request.number > report.number for request in history.requests):
        yield violation_of(
            catalogue.UNKNOWN_STATUS_ACCEPTED,
            report.exchange,
            report.number,
            received=f"no poll for {one_line(history.job_id)} after the unknown status"
            f" {one_line(report.status)}",
            expected="polls until a final state",
        )


def abandoned_job(
    history: JobHistory, windows: RetryWindows, *, last_run: int
) -> Iterator[Violation]:
    """Yield the violation if the only request for a job or a file failed, without a retry.

    Args:
        history: the job.
        windows: the retry windows.
        last_run: the last run of the client. Nothing is known of one that was stopped.
    """
    report = history.last_report
    failed = _last_attempt(history, report) if report else None
    if failed is None or failed.run < last_run or not _deserves_retry(failed):
        return
    if history.create is None or not windows.expired(history.create.number, failed.number):
        yield _gave_up(failed)


def _last_attempt(history: JobHistory, report: JobReport) -> RequestRecord | None:
    """Return the only download of a successful job, or the last poll of a pending one.

    None if something came after that poll, or if the poll before it failed, too.
    """
    downloads = history.requests_with(JobRole.RESULT)
    polls = history.requests_with(JobRole.POLL)
    if report.state and report.state.meaning is Meaning.SUCCESS and len(downloads) == 1:
        return downloads[0]
    failed_before = any(poll.failed_transiently or poll.unreadable for poll in polls[-2:-1])
    if not report.pending or not polls or failed_before:
        return None
    last_number = max(report.number, history.requests[-1].number)
    return None if polls[-1].number < last_number else polls[-1]


def abandoned_request(
    groups: Iterable[Sequence[RequestRecord]], concurrency: Concurrency, windows: RetryWindows
) -> Iterator[Violation]:
    """Yield the same violation for requests without a job id: the list, and a create after a 429.

    Args:
        groups: the requests in groups that ask for the same.
    """
    list_requests: dict[str | None, list[RequestRecord]] = {}
    for group in groups:
        first = group[0]
        rate_limited = first.role is JobRole.CREATE and first.status == 429
        if rate_limited and len(group) == 1 and _is_abandoned(first, windows):
            yield _gave_up(first)
        # Of several workers that list jobs, it is unknown which one gave up.
        if first.role is JobRole.LIST and concurrency.workers(first) == 1:
            list_requests.setdefault(first.sender, []).extend(group)
    for requests in list_requests.values():
        *_, previous, last = [None, *sorted(requests, key=lambda record: record.number)]
        retried = previous is not None and (previous.failed_transiently or previous.unreadable)
        if last and not retried and _is_abandoned(last, windows):
            yield _gave_up(last)


def _is_abandoned(record: RequestRecord, windows: RetryWindows) -> bool:
    return _deserves_retry(record) and not windows.expired(record.number, record.number)


def _deserves_retry(record: RequestRecord) -> bool:
    """Return True unless the wait would be too long, or the credit is used up."""
    wait = record.retry_after.wait or 0
    return record.failed_transiently and not record.quota_exhausted and wait <= MAX_RETRY_SECONDS


def _gave_up(failed: RequestRecord) -> Violation:
    wait = failed.retry_after.wait
    requested = f" and a requested wait of {format_seconds(wait)}" if wait else ""
    return violation_of(
        catalogue.GAVE_UP_TOO_EARLY,
        failed.exchange,
        failed.number,
        received=f"no retry after {failed.outcome}{requested}",
        expected="3 to 5 attempts",
    )
