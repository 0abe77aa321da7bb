"""Rules over time for the jobs of one kind, which connect the responses of several operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ....openapi import Cause, Document, JobKind, JobOperation, JobRole
from ....openapi.jobs import JobField, ResultOperation
from ....openapi.text import one_line
from ...traffic.credentials import credential_problem
from ...traffic.exchange import Exchange
from ...traffic.job_places import JobPlaces, refuses_unknown, says_unknown
from ...traffic.job_views import JobView, created_job_id
from ...traffic.request_builder import unknown_job_id
from .. import server_catalogue as catalogue
from ..violation import Violation, violation_of
from .echoes import EchoRules
from .files import FileRules
from .lifecycle import LifecycleRules
from .observed_job import ObservedJob
from .pagination import PaginationRules
from .server_clock import ServerClock
from .source_fields import SourceRules


@dataclass(slots=True)
class _KnownJob:
    """What is known of one job.

    rules: the rules for its life
    create: the exchange that created it, None if that is not in the history
    created_in: the number of that exchange; 0 without one
    first: the first view of it; None before that
    viewer_keys: the API keys, masked, that it was shown to
    is_late: True if it was reported for not ending in time
    """

    rules: LifecycleRules
    create: Exchange | None = None
    created_in: int = 0
    first: ObservedJob | None = None
    viewer_keys: set[str | None] = field(default_factory=set)
    is_late: bool = False


class KindRules:
    """The rules for the jobs of one kind on one server.

    Args:
        document: The document of the API.
        kind: The kind of job.
        places: The places that responses declare.
        clock: The clock of the server.
        timeout: The seconds in which a job must end; None for no limit.
    """

    def __init__(
        self,
        document: Document,
        kind: JobKind,
        *,
        places: JobPlaces,
        clock: ServerClock,
        timeout: float | None,
    ) -> None:
        self.kind, self._document, self._places = kind, document, places
        self._clock, self._timeout = clock, timeout
        self._unknown_job_id = unknown_job_id(kind)
        self._key_header = document.credentials.header if document.credentials else ""
        self._jobs: dict[str, _KnownJob] = {}
        self._deleted_in: dict[str, int] = {}
        self._maybe_deleted: set[str] = set()
        self._files, self._echoes = FileRules(), EchoRules(places)
        self._sources = SourceRules(kind, places)
        self._pagination = PaginationRules(document, kind)

    def check(
        self, exchange: Exchange, number: int, views: Sequence[JobView]
    ) -> Iterator[Violation]:
        """Yield the violations of one exchange, which is compared with the exchanges before.

        Args:
            exchange: The request and its response.
            number: The number of the exchange in the history.
            views: The jobs of this kind in the response.
        """
        roles = [role for role in exchange.roles if role.kind == self.kind.name]
        yield from self._check_requested_job(exchange, number, roles[0])
        if exchange.create is not None and exchange.accepted:
            yield from self._record_create(exchange, number, views)
        self._record_cancel(exchange, number, roles)
        for view in views:
            yield from self._check_view(view, exchange, number)
        if exchange.role is JobRole.LIST and exchange.accepted:
            yield from self._pagination.check(exchange, number, self._existing(exchange))
        self._record_delete(exchange, number, roles)

    def may_be_gone(self, job_id: str | None) -> bool:
        """Return True if a job is deleted, or may be."""
        return job_id in self._deleted_in or job_id in self._maybe_deleted

    def was_created(self, job_id: str) -> bool:
        """Return True if an accepted request of the history created a job, or deleted it."""
        job = self._jobs.get(job_id)
        return job_id in self._deleted_in or (job is not None and job.create is not None)

    def _refusal(self, exchange: Exchange) -> str:
        """Return the status of the refusal of an unknown id."""
        return str(self._document.envelope.status_of(Cause.JOB_UNKNOWN, exchange.operation))

    def _existing(self, exchange: Exchange) -> dict[str, int]:
        """Return the ids of the jobs that a list must have, with the numbers of their creates.

        A server may hide jobs from other keys.
        """
        key = self._key_of(exchange)
        return {
            job_id: job.created_in
            for job_id, job in self._jobs.items()
            if job.create and not self.may_be_gone(job_id) and self._key_of(job.create) == key
        }

    def _record_create(
        self, exchange: Exchange, number: int, views: Sequence[JobView]
    ) -> Iterator[Violation]:
        job_id = created_job_id(self._document, exchange)
        if job_id is None:
            return
        known = self._jobs.get(job_id)
        if known is not None and (known.first or known.create):
            first = known.first.number if known.first else known.created_in
            yield _duplicate_id(exchange, first, number, job_id)
            return
        if views and not any(job.create for job in self._jobs.values()):
            self._clock.learn(exchange, views[0])
        fields = exchange.create.fields if exchange.create else ()
        rules = LifecycleRules(self.kind, fields, self._places)
        self._jobs[job_id] = _KnownJob(rules, exchange, number)
        self._echoes.record_create(exchange, job_id, views[0] if views else None)
        source = self._jobs.get(exchange.source_id or "")
        self._sources.record_create(exchange, job_id, source.rules.last if source else None)

    def _record_cancel(
        self, exchange: Exchange, number: int, roles: Sequence[JobOperation]
    ) -> None:
        job = self._jobs.get(exchange.job_id or "")
        if job is not None and exchange.accepted and roles[0].role is JobRole.CANCEL:
            job.rules.cancel(number)

    def _record_delete(
        self, exchange: Exchange, number: int, roles: Sequence[JobOperation]
    ) -> None:
        job_id, actions = exchange.job_id, {role.role for role in roles}
        if JobRole.DELETE not in actions or not job_id:
            return
        job = self._jobs.get(job_id)
        last = job.rules.last if job else None
        # The same operation may cancel pending jobs and delete the others.
        deletes = JobRole.CANCEL not in actions or (last and last.state.meaning.is_terminal)
        if exchange.accepted and deletes:
            self._deleted_in.setdefault(job_id, number)
        elif exchange.accepted or exchange.status is None or exchange.status >= 500:
            self._maybe_deleted.add(job_id)

    def _check_view(self, view: JobView, exchange: Exchange, number: int) -> Iterator[Violation]:
        """Yield the violations of a job as one response shows it."""
        job_id = view.job_id
        if job_id in self._deleted_in and exchange.create is None:
            yield self._still_present(exchange, number, job_id)
            return
        job = self._jobs.get(job_id)
        if job is None:
            job = _KnownJob(LifecycleRules(self.kind, _common_fields(self.kind), self._places))
            self._jobs[job_id] = job
        elif exchange.create is not None and job.created_in != number:
            return  # an id that another job has already
        job.viewer_keys.add(self._key_of(exchange))
        yield from self._files.check_view(view, exchange, number)
        observed = ObservedJob(view, exchange, number)
        job.first = job.first or observed
        yield from self._check_timeout(job, job.first, observed)
        yield from self._echoes.check(observed)
        yield from self._sources.check(observed)
        yield from job.rules.check(observed)

    def _check_timeout(
        self, job: _KnownJob, first: ObservedJob, observed: ObservedJob
    ) -> Iterator[Violation]:
        """Yield a violation, once for each job, if the job has not ended in time."""
        job_id, elapsed = observed.view.job_id, observed.exchange.at - first.exchange.at
        ended = observed.state.meaning.is_terminal
        if self._timeout is None or ended or elapsed <= self._timeout or job.is_late:
            return
        job.is_late = True
        yield violation_of(
            catalogue.JOB_NEVER_FINISHED,
            observed.exchange,
            first.number,
            observed.number,
            received=f"{job_id} is {observed.state.name} after {elapsed:.0f} seconds",
            expected=f"a final state within {self._timeout:g} seconds",
        )

    def _check_requested_job(
        self, exchange: Exchange, number: int, role: JobOperation
    ) -> Iterator[Violation]:
        """Yield the violations in the status of a response to a request for one job."""
        requested = exchange.job_id
        if requested is None or exchange.reply is None:
            return
        if credential_problem(self._document, exchange):
            return  # a rejection of the API key says nothing about the job
        unknown, job_id = says_unknown(self._document, exchange, role), self._find(role, requested)
        accepted = exchange.accepted and not unknown
        if requested == self._unknown_job_id and accepted and self._must_refuse(role):
            yield violation_of(
                catalogue.UNKNOWN_JOB_ACCEPTED,
                exchange,
                number,
                received=f"{exchange.status} for {requested}",
                expected=self._refusal(exchange),
            )
        elif job_id in self._deleted_in:
            # A response that shows the job itself is checked as a view.
            removed = role.role in (JobRole.RESULT, JobRole.DELETE)
            if removed and accepted and self._must_refuse(role):
                yield self._still_present(exchange, number, job_id)
        elif job_id in self._jobs and not (unknown and job_id in self._maybe_deleted):
            job = self._jobs[job_id]
            is_visible = exchange.accepted or self._key_of(exchange) in job.viewer_keys
            if job.rules.last is not None and is_visible:
                yield from self._check_existing_job(
                    exchange, number, role, job=job, last=job.rules.last, unknown=unknown
                )

    def _find(self, role: JobOperation, requested: str) -> str:
        """Return the id of the job that a request is about, which may name a file of the job."""
        if not isinstance(role, ResultOperation) or role.key is None:
            return requested
        for job_id, job in self._jobs.items():
            if job.rules.last and str(job.rules.last.value_at(role.key)) == requested:
                return job_id
        return ""

    def _must_refuse(self, role: JobOperation) -> bool:
        """Return True if an operation must not accept ids that no job has.

        Many servers accept to remove what is gone; the document may say otherwise.
        """
        removes = role.role in (JobRole.DELETE, JobRole.CANCEL)
        return not removes or refuses_unknown(self._document, role)

    def _key_of(self, exchange: Exchange) -> str | None:
        """Return the header with the API key, which is masked; each key has another mask."""
        return exchange.headers.get(self._key_header)

    def _check_existing_job(
        self,
        exchange: Exchange,
        number: int,
        role: JobOperation,
        *,
        job: _KnownJob,
        last: ObservedJob,
        unknown: bool,
    ) -> Iterator[Violation]:
        job_id, first = last.view.job_id, job.first or last
        if unknown and role.role in _ROLES_THAT_FIND_JOBS:
            yield violation_of(
                catalogue.JOB_DISAPPEARED,
                exchange,
                first.number,
                number,
                received=f"{exchange.status} for {job_id}",
                expected=f"the job that no. {first.number} returned",
            )
        elif role.role is JobRole.POLL and exchange.status in _REJECTIONS:
            yield violation_of(
                catalogue.VALID_REJECTED,
                exchange,
                last.number,
                number,
                received=str(exchange.status),
                expected=f"{job_id}, which no. {last.number} returned",
            )
        elif isinstance(role, ResultOperation):
            server_time = self._clock.time_of(exchange)
            yield from self._files.check(
                exchange, number, role, last=last, create=job.create, server_time=server_time
            )

    def _still_present(self, exchange: Exchange, number: int, job_id: str) -> Violation:
        deleted_in = self._deleted_in[job_id]
        return violation_of(
            catalogue.DELETED_JOB_AVAILABLE,
            exchange,
            deleted_in,
            number,
            received=f"{job_id}, which no. {deleted_in} deleted",
            expected=f"{self._refusal(exchange)}, or a list without the job",
        )


def _common_fields(kind: JobKind) -> tuple[JobField, ...]:
    """Return the fields of a job whose create is not known: those that all creates declare."""
    return tuple(f for f in kind.fields if all(f in create.fields for create in kind.creates))


def _duplicate_id(exchange: Exchange, first: int, number: int, job_id: str) -> Violation:
    return violation_of(
        catalogue.DUPLICATE_ID,
        exchange,
        first,
        number,
        received=one_line(job_id),
        expected=f"an id other than that of no. {first}",
    )


# These operations find a job, or say that it does not exist.
_ROLES_THAT_FIND_JOBS = (JobRole.POLL, JobRole.DELETE)
# These statuses reject a request; others, such as 401, 429 and 503, say nothing about the job.
_REJECTIONS = (400, 403, 405, 409, 410, 422)
