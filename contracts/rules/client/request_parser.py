"""The parser that makes records of requests, with the names of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from math import inf

from ....openapi import Cause, Document, JobOperation, JobRole, ListOperation, Meaning, Reply
from ....openapi.envelope import USUAL_STATUSES
from ....openapi.jobs import Part, Place, ResultOperation
from ....openapi.jobs.sources import RetryHint
from ....openapi.json import Json
from ....openapi.pointer import get_or_none
from ...traffic.exchange import Exchange
from ...traffic.job_places import says_unknown
from ...traffic.job_views import ShownJob, json_body, shown_jobs
from .fingerprint import fingerprint
from .request_record import JobKey, JobReport, RequestedWait, RequestRecord


class RequestParser:
    """Makes the records of the requests of a history, in their order."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._key_header = document.credentials.header if document.credentials else ""
        self._envelope = envelope = document.envelope
        # Clients read the header with the milliseconds first.
        headers = ((envelope.retry_milliseconds, 1000), (envelope.retry_seconds, 1))
        self._retry_places = tuple(
            (Place(Part.HEADER, (name,)), units) for name, units in headers if name
        )
        self._poll_places: dict[str, tuple[_WaitPlace, ...]] = {}
        # The kinds of the jobs so far by id, and the jobs by operation and id of their results.
        self._kinds: dict[str, str] = {}
        self._jobs_by_key: dict[tuple[str, str], JobKey] = {}
        # Who was shown a job first. Files are read at their addresses without a key.
        self._first_senders: dict[JobKey, str | None] = {}

    def parse(self, exchange: Exchange, number: int, *, run: int = 0) -> RequestRecord:
        """Return the record of the request with this number, after so many restarts."""
        shown = shown_jobs(self._document, exchange, kinds=self._kinds)
        reports = _reports(exchange, shown, number)
        unknown = any(says_unknown(self._document, exchange, role) for role in exchange.roles)
        unreadable = exchange.accepted and not (reports or unknown) and _lacks_jobs(exchange)
        undelivered = self._undelivered(exchange, reports, number)
        self._remember(exchange, [*reports, *undelivered])
        job, sender = self._job(exchange), exchange.headers.get(self._key_header)
        if exchange.is_file and sender is None and job is not None:
            sender = self._first_senders.get(job)
        return RequestRecord(
            number=number,
            run=run,
            exchange=exchange,
            status=self._status(exchange),
            fingerprint=fingerprint(exchange, key_header=self._key_header),
            sender=sender,
            job=job,
            job_reports=reports,
            undelivered=undelivered,
            retry_after=_requested_wait(exchange, self._retry_places),
            poll_after=_requested_wait(exchange, self._poll_hints(exchange)),
            from_sdk=_SDK_HEADER in exchange.headers,
            quota_exhausted=self._says_quota_exhausted(exchange.reply),
            unreadable=unreadable,
            reports_unknown_job=unknown,
            job_unknown_to_client=(
                exchange.role is JobRole.CREATE
                and exchange.accepted
                and (unreadable or bool(undelivered))
            ),
        )

    def _undelivered(
        self, exchange: Exchange, reports: Iterable[JobReport], number: int
    ) -> tuple[JobReport, ...]:
        """Return the jobs of the response that a mock made, without those that the client got."""
        if exchange.undelivered_reply is None:
            return ()
        answered = replace(exchange, reply=exchange.undelivered_reply, reports_error=False)
        shown = shown_jobs(self._document, answered, kinds=self._kinds)
        known = {report.key for report in reports}
        return tuple(r for r in _reports(exchange, shown, number) if r.key not in known)

    def _remember(self, exchange: Exchange, reports: Iterable[JobReport]) -> None:
        for report in reports:
            self._first_senders.setdefault(report.key, exchange.headers.get(self._key_header))
            if len(exchange.roles) == 1:
                self._kinds.setdefault(report.job_id, report.kind.name)
            for result in report.kind.results:
                value = get_or_none(report.job, result.key) if result.key else None
                if isinstance(value, str | int):
                    self._jobs_by_key[(result.operation.id, str(value))] = report.key

    def _job(self, exchange: Exchange) -> JobKey | None:
        """Return the job that a request names, None if it names none or one that is not known."""
        role = exchange.roles[0] if exchange.roles else None
        if isinstance(role, ResultOperation) and role.key is not None:
            return self._jobs_by_key.get((exchange.operation_id, exchange.job_id or ""))
        job_id = exchange.job_id or exchange.source_id
        if role is None or job_id is None:
            return None
        kind = self._kinds.get(job_id, role.kind)
        shares = any(each.kind == kind for each in exchange.roles)
        return (kind if shares else role.kind, job_id)

    def _poll_hints(self, exchange: Exchange) -> tuple[_WaitPlace, ...]:
        places = self._poll_places.get(exchange.operation_id)
        if places is None:
            found = (p for role in exchange.roles for p in _hint_places(self._document, role))
            places = self._poll_places[exchange.operation_id] = tuple(dict.fromkeys(found))
        return places

    def _status(self, exchange: Exchange) -> int | None:
        """Return the status of a response; of an error that comes with 2xx, its usual status."""
        code_at = self._envelope.code_at
        if exchange.reply is None or not exchange.reports_error or code_at is None:
            return exchange.status
        code = get_or_none(json_body(exchange.reply), code_at)
        causes = (c for c, r in self._envelope.responses.items() if r.code == code)
        return USUAL_STATUSES.get(next(causes, ""), 400)

    def _says_quota_exhausted(self, reply: Reply | None) -> bool:
        quota_error = self._envelope.responses.get(Cause.QUOTA_EXCEEDED)
        code_at = self._envelope.code_at
        if reply is None or quota_error is None or code_at is None:
            return False
        if reply.status != quota_error.status:
            return False
        return bool(get_or_none(json_body(reply), code_at) == quota_error.code)


def _reports(exchange: Exchange, shown: Iterable[ShownJob], number: int) -> tuple[JobReport, ...]:
    """Return the reports of jobs in a response; only creates and lists may leave out the state."""
    stateless = exchange.role in (JobRole.CREATE, JobRole.LIST)
    return tuple(
        JobReport(number, exchange, job.job_id, job.kind, value, job.state, job.job)
        for job in shown
        if (value := _status(job)) is not None or stateless
        if job.state is None or job.state.meaning is not Meaning.UNKNOWN
    )


def _status(job: ShownJob) -> Json:
    """Return the state as the response writes it, None for a value that cannot be a state."""
    types = {type(state.value) for state in job.kind.lifecycle.states.values()}
    return job.value if type(job.value) in types else None


def _lacks_jobs(exchange: Exchange) -> bool:
    """Return True if a response without jobs should have a job, or at least an empty list."""
    if exchange.role not in _ROLES_WITH_JOBS or exchange.reply is None:
        return False
    lists = [role for role in exchange.roles if isinstance(role, ListOperation)]
    body = json_body(exchange.reply) if lists else None
    return not any(isinstance(get_or_none(body, role.items), list) for role in lists)


def _hint_places(document: Document, role: JobOperation) -> Iterator[_WaitPlace]:
    """Yield the places of the wait before the next poll in the responses of an operation."""
    creates = document.kinds[role.kind].creates
    own = [c for c in creates if role.operation in (c.operation, c.poll.operation)]
    for field in (f for create in own or creates for f in create.fields):
        if isinstance(field.source, RetryHint):
            in_list = isinstance(role, ListOperation) and field.place.part is Part.BODY
            if not in_list:
                yield field.place.below(role.job_at), _units(field.source)
    for field in role.answer:
        if isinstance(field.source, RetryHint):
            yield field.place, _units(field.source)


def _units(hint: RetryHint) -> int:
    return 1000 if hint.unit == "milliseconds" else 1


def _requested_wait(exchange: Exchange, places: Iterable[_WaitPlace]) -> RequestedWait:
    """Return the waits at these places of a response."""
    reply = exchange.reply
    if reply is None:
        return RequestedWait()
    sent = [(value, units) for p, units in places if (value := _value_at(reply, p)) is not None]
    parsed = (
        _seconds_until(value, exchange.at)
        if isinstance(value, str) and ":" in value
        else _parse_seconds(value, units)
        for value, units in sent
    )
    waits = [wait for wait in parsed if wait is not None]
    return RequestedWait(tuple(waits) if waits else (0.0,) * bool(sent))


def _value_at(reply: Reply, place: Place) -> Json:
    if place.part is Part.HEADER:
        return reply.headers.get(place.name)
    return get_or_none(json_body(reply), place.path)


def _seconds_until(text: str, now: float) -> float | None:
    """Return the seconds until a date of HTTP, None if the text is not a date."""
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _parse_seconds(value: Json, units_per_second: int) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number / units_per_second if 0 <= number < inf else None


_WaitPlace = tuple[Place, int]
"""The place of a wait in a response, and the number of its units in a second."""

_ROLES_WITH_JOBS = (JobRole.CREATE, JobRole.POLL, JobRole.LIST)
# Every official SDK sends this header: the same generator makes all of them.
_SDK_HEADER = "x-stainless-lang"
