"""Rules over time: the responses of a server must agree with each other and with the lifecycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ....openapi import Cause, Document, JobRole
from ....openapi.json import Json
from ....openapi.operation import CREATE_ROLES
from ....openapi.text import one_line, quote
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange
from ...traffic.job_views import JobView, jobs_in
from ...traffic.request_builder import unknown_job_id
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .availability import AvailabilityRules
from .files import FileRules
from .lifecycle import LifecycleRules, ObservedJob
from .pagination import PaginationRules
from .prompt_tags import TaggedPrompts
from .server_clock import ServerClock


class HistoryRules:
    """The rules over the responses of one server, which are checked one after the other."""

    def __init__(self, document: Document, *, timeout: float | None = None) -> None:
        self._document, self._timeout = document, timeout
        self._unknown_job_id = unknown_job_id(document)
        self._unknown_job_status = document.envelope.responses[Cause.JOB_UNKNOWN].status
        self._lifecycles: dict[str, LifecycleRules] = {}
        self._first_views: dict[str, ObservedJob] = {}
        self._created_in: dict[str, int] = {}
        self._creator_keys: dict[str, str | None] = {}
        self._viewer_keys: dict[str, set[str | None]] = {}
        self._deleted_in: dict[str, int] = {}
        self._maybe_deleted: set[str] = set()
        self._requested_fields: dict[str, Mapping[str, Json]] = {}
        self._reported_late: set[str] = set()
        self._key_header = document.credentials.header if document.credentials else ""
        self._clock = ServerClock(document)
        self._files, self._availability = FileRules(document), AvailabilityRules(document)
        self._pagination, self._prompts = PaginationRules(document), TaggedPrompts(document)

    def check(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield the violations of one exchange, which is compared with the exchanges before."""
        job_id, role = exchange.job_id, exchange.operation.role
        maybe_gone = job_id in self._deleted_in or job_id in self._maybe_deleted
        self._availability.check(exchange, number, deleted=maybe_gone)
        yield from self._check_requested_job(exchange, number)
        for view in jobs_in(self._document, exchange):
            yield from self._check_view(view, exchange, number)
        self._prompts.record_request(exchange)
        if role is JobRole.LIST and exchange.accepted:
            yield from self._check_list(exchange, number)
        if role is JobRole.DELETE and job_id:
            if exchange.accepted:
                self._deleted_in.setdefault(job_id, number)
            elif exchange.status is None or exchange.status >= 500:
                self._maybe_deleted.add(job_id)

    def finish(self) -> Iterator[Violation]:
        """Yield the violations that are certain only when the history is complete."""
        yield from self._availability.finish()

    def _check_list(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        for view in jobs_in(self._document, exchange):
            yield from self._check_unrequested(view, exchange, number)
        maybe_gone = self._deleted_in.keys() | self._maybe_deleted
        key = self._key_of(exchange)  # a server may hide jobs from other keys
        existing = {
            job_id: created_in
            for job_id, created_in in self._created_in.items()
            if job_id not in maybe_gone and self._creator_keys[job_id] == key
        }
        yield from self._pagination.check(exchange, number, existing)

    def _check_unrequested(
        self, view: JobView, exchange: Exchange, number: int
    ) -> Iterator[Violation]:
        """Yield a violation if a job has a prompt of ours, but no accepted request created it."""
        prompt = self._prompts.requested_prompt(view)
        created = view.job_id in self._created_in or view.job_id in self._deleted_in
        if prompt and not created and not self._clock.is_older_than_history(view):
            yield violation_of(
                catalogue.UNREQUESTED_JOB,
                exchange,
                number,
                received=f"{one_line(view.job_id)} with {quote(prompt)}",
                expected="only jobs that accepted requests created",
            )

    def _check_view(self, view: JobView, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield the violations of a job as one response shows it."""
        job_id, role = view.job_id, exchange.operation.role
        if role in CREATE_ROLES:
            if job_id in self._first_views:
                yield self._duplicate_id(exchange, self._first_views[job_id].number, number, job_id)
                return
            if not self._created_in:
                self._clock.learn(exchange, view)
            self._created_in[job_id] = number
            self._creator_keys[job_id] = self._key_of(exchange)
            self._requested_fields[job_id] = exchange.fields
        elif job_id in self._deleted_in:
            yield self._still_present(exchange, number, job_id)
            return
        self._viewer_keys.setdefault(job_id, set()).add(self._key_of(exchange))
        yield from self._files.check_view(view, number)
        observed = ObservedJob(view, exchange, number)
        first = self._first_views.setdefault(job_id, observed)
        yield from self._check_timeout(first, observed)
        rules = self._lifecycles.setdefault(job_id, LifecycleRules(self._document))
        yield from rules.check(observed)

    def _check_timeout(self, first: ObservedJob, observed: ObservedJob) -> Iterator[Violation]:
        """Yield a violation, once for each job, if the job has not ended in time."""
        job_id, elapsed = observed.view.job_id, observed.exchange.at - first.exchange.at
        if self._timeout is None or observed.state.ends or elapsed <= self._timeout:
            return
        if job_id not in self._reported_late:
            self._reported_late.add(job_id)
            yield violation_of(
                catalogue.JOB_NEVER_FINISHED,
                observed.exchange,
                first.number,
                observed.number,
                received=f"{job_id} is {observed.state.name} after {elapsed:.0f} seconds",
                expected=f"a final state within {self._timeout:g} seconds",
            )

    def _check_requested_job(self, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield the violations in the status of a response to a request for one job."""
        job_id, unknown = exchange.job_id, exchange.status == self._unknown_job_status
        if job_id is None or exchange.reply is None or credential_problem(self._document, exchange):
            return  # a rejection of the API key says nothing about the job
        if job_id == self._unknown_job_id and exchange.accepted:
            yield violation_of(
                catalogue.UNKNOWN_JOB_ACCEPTED,
                exchange,
                number,
                received=f"{exchange.status} for {job_id}",
                expected=str(self._unknown_job_status),
            )
        elif job_id in self._deleted_in:
            # A response that shows the job itself is checked as a view.
            if exchange.operation.role in (JobRole.CONTENT, JobRole.DELETE) and exchange.accepted:
                yield self._still_present(exchange, number, job_id)
        elif job_id in self._lifecycles and not (unknown and job_id in self._maybe_deleted):
            last = self._lifecycles[job_id].last
            is_visible = exchange.accepted or self._key_of(exchange) in self._viewer_keys[job_id]
            if last is not None and is_visible:
                yield from self._check_existing_job(exchange, number, last)

    def _key_of(self, exchange: Exchange) -> str | None:
        """Return the header with the API key, which is masked; each key has another mask."""
        return exchange.headers.get(self._key_header)

    def _check_existing_job(
        self, exchange: Exchange, number: int, last: ObservedJob
    ) -> Iterator[Violation]:
        job_id, role = last.view.job_id, exchange.operation.role
        if exchange.status == self._unknown_job_status and role in _ROLES_THAT_FIND_JOBS:
            first = self._first_views[job_id].number
            yield violation_of(
                catalogue.JOB_DISAPPEARED,
                exchange,
                first,
                number,
                received=f"{exchange.status} for {job_id}",
                expected=f"the job that no. {first} returned",
            )
        elif role is JobRole.RETRIEVE and exchange.status in _REJECTIONS:
            yield violation_of(
                catalogue.VALID_REJECTED,
                exchange,
                last.number,
                number,
                received=str(exchange.status),
                expected=f"{job_id}, which no. {last.number} returned",
            )
        elif role is JobRole.CONTENT:
            yield from self._files.check(
                exchange,
                number,
                last,
                requested_fields=self._requested_fields.get(job_id, {}),
                server_time=self._clock.time_of(exchange),
            )

    def _duplicate_id(self, exchange: Exchange, first: int, number: int, job_id: str) -> Violation:
        return violation_of(
            catalogue.DUPLICATE_ID,
            exchange,
            first,
            number,
            received=one_line(job_id),
            expected=f"an id other than that of no. {first}",
        )

    def _still_present(self, exchange: Exchange, number: int, job_id: str) -> Violation:
        deleted_in = self._deleted_in[job_id]
        return violation_of(
            catalogue.DELETED_JOB_AVAILABLE,
            exchange,
            deleted_in,
            number,
            received=f"{job_id}, which no. {deleted_in} deleted",
            expected=f"{self._unknown_job_status}, or a list without the job",
        )


# These operations find a job, or say that it does not exist.
_ROLES_THAT_FIND_JOBS = (JobRole.RETRIEVE, JobRole.DELETE)
# These statuses reject a request; others, such as 401, 429 and 503, say nothing about the job.
_REJECTIONS = (400, 403, 405, 409, 410, 422)
