"""Look-up of the job that a request is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..openapi import Cause
from ..openapi.jobs import JobOperation, JobRole, Meaning, Part, ResultOperation
from ..openapi.request_place import read_place
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .jobs.job import Job, Snapshot, observe
from .jobs.kind_parts import KindParts
from .jobs.store import Store, all_jobs


class JobLookup:
    """Finds the jobs that requests are about.

    Args:
        clock: The source of time.
        store: The place where jobs are kept.
        kinds: The parts of each kind of job, by name.
        roles: The roles of each operation, by its id.
        synthesize: True to return a finished job for an unknown id.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        store: Store,
        kinds: Mapping[str, KindParts],
        roles: Mapping[str, tuple[JobOperation, ...]],
        synthesize: bool,
    ) -> None:
        self._clock, self._store, self._kinds = clock, store, kinds
        self._synthesize, self._started = synthesize, clock.now()
        self._path_parameters = dict(_ids_in_path(roles))

    def of_any_key(self, accepted: AcceptedCall, role: JobOperation) -> Job | None:
        """Return the job that a call names, also that of another key; None if there is none."""
        return self._store.get(self.job_id(accepted, role))

    def seen(self, job_id: str, accepted: AcceptedCall) -> Job | None:
        """Return the job with this id, if the sender of a call may know of it."""
        job, owner = self._store.get(job_id), accepted.owner
        return job if job is not None and (owner is None or job.owner == owner) else None

    def find(
        self, accepted: AcceptedCall, roles: tuple[JobOperation, ...]
    ) -> tuple[Job | None, tuple[JobOperation, ...]]:
        """Return the job of a request and the roles of its kind; raises Refusal for unknown ids.

        The job is None if the document has a state for unknown ids.
        """
        first = roles[0]
        parameter = self._path_parameters.get(accepted.operation.id)
        if parameter is not None:
            job = self.seen(accepted.call.path_parameters[parameter], accepted)
            if job is not None and job.kind == first.kind:
                return job, roles
        job_id = self.job_id(accepted, first)
        names = tuple(dict.fromkeys(role.kind for role in roles))
        if isinstance(first, ResultOperation) and first.key is not None:
            job = self._by_key(accepted, first, names, job_id)
        else:
            job = self.seen(job_id, accepted)
        if job is not None:
            fitting = tuple(role for role in roles if role.kind == job.kind)
            if fitting:
                return job, fitting
        if first.role is JobRole.POLL and self._kinds[first.kind].kind.lifecycle.unknown:
            return None, roles
        name = first.id.name if first.id else ""
        return self._made_up(job_id, accepted, kinds=names, parameter=name), roles

    def get(
        self, accepted: AcceptedCall, job_id: str, *, kinds: tuple[str, ...], parameter: str
    ) -> Job:
        """Return the job with an id, made up if ids are synthesized; raises Refusal otherwise.

        Args:
            accepted: The request.
            job_id: The id.
            kinds: The names of the kinds that the job may have.
            parameter: The name of the parameter with the id.
        """
        job = self.seen(job_id, accepted)
        if job is not None and job.kind in kinds:
            return job
        return self._made_up(job_id, accepted, kinds=kinds, parameter=parameter)

    def _made_up(
        self, job_id: str, accepted: AcceptedCall, *, kinds: tuple[str, ...], parameter: str
    ) -> Job:
        """Return a finished job for an unknown id if ids are synthesized; raises Refusal if not."""
        if self._synthesize:
            return self._synthesized(job_id, self._kinds[kinds[0]])
        message, job = f"there is no job {quote(job_id)}", self._store.get(job_id)
        if job is not None and not accepted.sees(job):
            message += " of this key; it was created with another key"
        raise Refusal(Cause.JOB_UNKNOWN, message, parameter=parameter)

    def unknown(self, accepted: AcceptedCall, role: JobOperation) -> tuple[Job, Snapshot]:
        """Return a job with the state that the document has for unknown ids."""
        parts = self._kinds[role.kind]
        state = parts.kind.lifecycle.unknown
        job = self._synthesized(self.job_id(accepted, role), parts)
        return job, Snapshot(state.name if state else "", Meaning.UNKNOWN, 0, 0, None, 0.0)

    def observe_poll(self, job: Job) -> Snapshot:
        """Return the job now. A poll of a pending job may move the clock."""
        snapshot = observe(job, self._clock.now())
        if not snapshot.has_ended:
            self._clock.on_poll()
        return snapshot

    @staticmethod
    def job_id(accepted: AcceptedCall, role: JobOperation) -> str:
        """Return the id in a request; "" if it has none."""
        if role.id is None:
            return ""
        return str(read_place(role.id, accepted.call, accepted.arguments))

    def _by_key(
        self, accepted: AcceptedCall, result: ResultOperation, kinds: tuple[str, ...], wanted: str
    ) -> Job | None:
        """Return the job whose field has this value."""
        for job in all_jobs(self._store, owner=accepted.owner, newest_first=True):
            if job.kind in kinds and result.key:
                value = self._kinds[job.kind].value(job, result.key)
                if str(value) == wanted:
                    return job
        return None

    def _synthesized(self, job_id: str, parts: KindParts) -> Job:
        create = parts.kind.creates[0].operation.id
        request = parts.readers[create].defaults
        progression = parts.planner.plan(create, request)
        # One second earlier than necessary, so that it had ended when the service started.
        created = self._started - progression.pending_seconds - 1
        return Job(job_id, parts.kind.name, create, -1, created, request, progression)


def _ids_in_path(roles: Mapping[str, tuple[JobOperation, ...]]) -> Iterator[tuple[str, str]]:
    """Yield the operations about jobs of one kind with the path parameter that is their id."""
    for operation_id, (first, *others) in roles.items():
        by_key = isinstance(first, ResultOperation) and first.key is not None
        if not others and not by_key and first.id is not None and first.id.part is Part.PATH:
            yield operation_id, first.id.name
