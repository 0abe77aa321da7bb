"""Creation of jobs: the requests that create one, and what the job keeps of them."""

from __future__ import annotations

from collections.abc import Mapping

from ..openapi import Cause, Reply
from ..openapi.jobs import CreateOperation, Meaning
from ..openapi.json import Json
from ..openapi.pointer import format_pointer
from ..openapi.request_place import read_place
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .job_lookup import JobLookup
from .job_replies import JobReplies
from .jobs.ids import Ids
from .jobs.job import Job, observe
from .jobs.kind_parts import KindParts
from .jobs.progression import DEFAULT_OUTCOME, Progression
from .jobs.request_values import holds
from .jobs.store import Store
from .jobs.view import ABSENT
from .keys.quotas import Quotas
from .webhooks.webhooks import Webhooks


class JobCreation:
    """Creates jobs.

    Args:
        clock: The source of time.
        ids: The source of new ids.
        store: The place where jobs are kept.
        kinds: The parts of each kind of job, by name.
        limits: The limits of each key.
        webhooks: The sender of job events, None if no events are sent.
        lookup: Finds the jobs that others are made from.
        replies: Makes the replies.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        store: Store,
        kinds: Mapping[str, KindParts],
        limits: Quotas,
        webhooks: Webhooks | None,
        lookup: JobLookup,
        replies: JobReplies,
    ) -> None:
        self._clock, self._ids, self._store, self._kinds = clock, ids, store, kinds
        self._limits, self._webhooks, self._lookup, self._replies = (
            limits,
            webhooks,
            lookup,
            replies,
        )

    def create(self, accepted: AcceptedCall, creates: tuple[CreateOperation, ...]) -> Reply | None:
        """Return the reply to a request that creates a job; None if it creates none.

        Raises Refusal if the job is not allowed or cannot be made.
        """
        for create in creates:
            parts = self._kinds[create.kind]
            source = self._source(accepted, create) if create.source else None
            request = parts.readers[create.operation.id].read(
                accepted.call, accepted.arguments, source=source.request if source else None
            )
            if not create.when.values or holds(create.when, request):
                job = self._make_job(accepted, create, request, source=source)
                return self._replies.of_job(accepted.call, create, job, observe(job, job.created))
        return None

    def _source(self, accepted: AcceptedCall, create: CreateOperation) -> Job | None:
        """Return the job that a new one is made from; raises Refusal if it has not succeeded."""
        if create.source is None:
            return None
        job_id = read_place(create.source, accepted.call, accepted.arguments)
        if job_id is None:  # such as a request that uploads a file instead
            return None
        job = self._lookup.get(
            accepted, str(job_id), kinds=(create.kind,), parameter=create.source.name
        )
        snapshot = self._lookup.observe_poll(job)
        if snapshot.meaning is not Meaning.SUCCESS:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a finished job can be remixed",
            )
        return job

    def _make_job(
        self,
        accepted: AcceptedCall,
        create: CreateOperation,
        request: dict[str, Json],
        *,
        source: Job | None,
    ) -> Job:
        parts, scenario = self._kinds[create.kind], accepted.scenario
        progression = self._progression(accepted, create, request)
        source_fields = self._source_fields(create, parts, source) if source else _NO_FIELDS

        def make() -> Job:
            # By position, which is faster.
            job = Job(
                parts.job_id_of(self._ids.new_job_id()),
                create.kind,
                create.operation.id,
                self._store.next_sequence(),
                self._clock.now(),
                request,
                progression,
                source.id if source else None,
                source_fields,
                accepted.key,
                scenario.name if scenario else "",
            )
            if self._webhooks is not None:
                self._webhooks.schedule(job, fault=accepted.webhook)
            self._store.add(job)  # from here on, another thread can end it
            return job

        if not self._limits.active:
            return make()
        sent = {f"/{name}": value for name, value in accepted.arguments.fields.items()}
        return self._limits.create_job(accepted.key, create, {**sent, **request}, make)

    def _progression(
        self, accepted: AcceptedCall, create: CreateOperation, request: Mapping[str, Json]
    ) -> Progression:
        outcome = accepted.scenario.outcome if accepted.scenario else DEFAULT_OUTCOME
        try:
            return self._kinds[create.kind].planner.plan(create.operation.id, request, outcome)
        except ValueError as error:  # the scenario is for another kind of job
            raise Refusal(Cause.PREFERENCE_INVALID, str(error)) from None

    @staticmethod
    def _source_fields(
        create: CreateOperation, parts: KindParts, source: Job
    ) -> Mapping[str, Json]:
        """Return the fields of a job that a new one made from it keeps, by pointer."""
        view, fields = parts.view(source), parts.answers.source_paths(create)
        values = {format_pointer(path): parts.answers.field(path, view) for path in fields}
        return {pointer: value for pointer, value in values.items() if value is not ABSENT}


_NO_FIELDS: Mapping[str, Json] = {}
