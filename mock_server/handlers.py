"""Handlers of the operations: what each of them does to jobs, and its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

import orjson

from ..openapi import Call, Cause, Document, Reply
from ..openapi.jobs import (
    CancelOperation,
    CreateOperation,
    JobOperation,
    JobRole,
    ListOperation,
    Meaning,
    Part,
    ResultOperation,
)
from ..openapi.json import Json
from ..openapi.pointer import format_pointer
from ..openapi.request_place import read_place
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .jobs.base_url import BaseUrls
from .jobs.field_values import ABSENT, View
from .jobs.ids import Ids
from .jobs.job import Job, Snapshot, observe
from .jobs.kind_parts import KindParts
from .jobs.listing import JobLister, owned_jobs
from .jobs.progression import DEFAULT_OUTCOME, continue_to
from .jobs.request_values import holds
from .jobs.store import Store
from .keys.quotas import Quotas
from .stateless import StatelessReplies
from .webhooks.webhooks import Webhooks

_JobHandler: TypeAlias = Callable[[AcceptedCall, JobOperation, Job, Snapshot], Reply]


class OperationHandlers:
    """The handlers of all operations of a document.

    Args:
        document: The document.
        clock: The source of time.
        ids: The source of new ids.
        store: The place where jobs are kept.
        kinds: The parts of each kind of job, by name.
        limits: The limits of each key.
        stateless: The replies of operations that are not about jobs.
        webhooks: The sender of job events, None if no events are sent.
        synthesize: True to return a finished job for an unknown id.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        ids: Ids,
        store: Store,
        kinds: Mapping[str, KindParts],
        limits: Quotas,
        stateless: StatelessReplies,
        webhooks: Webhooks | None,
        synthesize: bool,
    ) -> None:
        self._base_urls, self._roles = BaseUrls(document), document.roles
        self._clock, self._ids, self._store, self._kinds = clock, ids, store, kinds
        self._limits, self._stateless, self._webhooks = limits, stateless, webhooks
        self._synthesize, self._started = synthesize, clock.now()
        self._handlers: Mapping[JobRole, _JobHandler] = {
            JobRole.POLL: self._poll,
            JobRole.CANCEL: self._cancel,
            JobRole.DELETE: self._delete,
            JobRole.RESULT: self._result,
        }

    def handle(self, accepted: AcceptedCall) -> Reply:
        """Return the reply to an accepted call; raises Refusal if it is invalid or impossible."""
        problems = accepted.arguments.problems
        if problems:
            message = "; ".join(problem.message for problem in problems)
            raise Refusal(problems[0].cause, message, parameter=problems[0].parameter)
        roles = self._roles.get(accepted.operation.id, ())
        first = roles[0] if roles else None
        if first is None:
            return self._stateless.reply(accepted)
        if first.role is JobRole.CREATE:
            return self._create(accepted, cast("tuple[CreateOperation, ...]", roles))
        if first.role is JobRole.LIST:
            return self._list(accepted, cast(ListOperation, first))
        return self._about_job(accepted, roles)

    def job_of(self, accepted: AcceptedCall) -> Job | None:
        """Return the job that a call is about; None if it is not about one that exists."""
        for role in self._roles.get(accepted.operation.id, ()):
            if role.id is not None:
                return self._store.get(str(read_place(role.id, accepted.call, accepted.arguments)))
        return None

    def _create(self, accepted: AcceptedCall, creates: tuple[CreateOperation, ...]) -> Reply:
        for create in creates:
            parts = self._kinds[create.kind]
            source = self._source(accepted, create, parts)
            request = parts.readers[create.operation.id].read(
                accepted.call, accepted.arguments, source=source.request if source else None
            )
            if holds(create.when, request):
                return self._make_job(accepted, create, parts, request, source=source)
        return self._stateless.reply(accepted)

    def _source(
        self, accepted: AcceptedCall, create: CreateOperation, parts: KindParts
    ) -> Job | None:
        """Return the job that a new one is made from; raises Refusal if it has not succeeded."""
        if create.source is None:
            return None
        job_id = read_place(create.source, accepted.call, accepted.arguments)
        job = self._job_or_refuse(accepted, str(job_id), (parts,), create.source.name)
        snapshot = self._observe_poll(job)
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
        parts: KindParts,
        request: dict[str, Json],
        *,
        source: Job | None,
    ) -> Reply:
        scenario = accepted.scenario
        outcome = scenario.outcome if scenario else DEFAULT_OUTCOME
        try:
            progression = parts.planner.plan(create.operation.id, request, outcome)
        except ValueError as error:  # the scenario is for another kind of job
            raise Refusal(Cause.PREFERENCE_INVALID, str(error)) from None
        source_fields = self._source_fields(create, parts, source)

        def make() -> Job:
            job = Job(
                id=parts.job_id_of(self._ids.new_job_id()),
                kind=create.kind,
                create=create.operation.id,
                sequence=self._store.next_sequence(),
                created=self._clock.now(),
                request=request,
                progression=progression,
                source=source.id if source else None,
                source_fields=source_fields,
                owner=accepted.key,
                scenario=scenario.name if scenario else "",
            )
            if self._webhooks is not None:
                self._webhooks.schedule(job)
            self._store.add(job)  # from here on, another thread can end it
            return job

        given = {f"/{name}": value for name, value in accepted.arguments.fields.items()}
        job = self._limits.create_job(accepted.key, create, {**given, **request}, make)
        return self._reply(accepted.call, create, job, observe(job, job.created))

    def _source_fields(
        self, create: CreateOperation, parts: KindParts, source: Job | None
    ) -> dict[str, Json]:
        if source is None:
            return {}
        view, fields = parts.view(source), parts.answers.source_paths(create)
        values = {format_pointer(path): parts.answers.field(path, view) for path in fields}
        return {pointer: value for pointer, value in values.items() if value is not ABSENT}

    def _list(self, accepted: AcceptedCall, listing: ListOperation) -> Reply:
        parts = self._kinds[listing.kind]
        lister = JobLister(
            parts.kind,
            listing,
            store=self._store,
            value_of=lambda job, path: parts.answers.field(path, parts.view(job)),
            synthesize=self._synthesize,
        )
        page = lister.page(accepted)
        base_url = self._base_urls.of(accepted.call)
        now = self._clock.now()
        views = [View(job, observe(job, now), base_url) for job in page.jobs]
        if any(not view.snapshot.has_ended for view in views):
            self._clock.on_poll()
        values = lister.values(page, accepted, base_url)
        items = [parts.answers.body(listing, view) for view in views]
        body = parts.answers.page(listing, items, values)
        return Reply(listing.status, _JSON_HEADERS, orjson.dumps(body))

    def _about_job(self, accepted: AcceptedCall, roles: tuple[JobOperation, ...]) -> Reply:
        """Return the reply of an operation about one job, in the role that fits the job."""
        job, fitting = self._find_job(accepted, roles)
        if job is None:
            return self._unknown_job(accepted, fitting[0])
        snapshot = self._observe_poll(job)
        if len(fitting) == 1:
            role = fitting[0]
            return self._handlers[role.role](accepted, role, job, snapshot)
        accepting = (r for r in fitting if not r.states or snapshot.state in r.states)
        role = next(accepting, fitting[-1])
        return self._handlers[role.role](accepted, role, job, snapshot)

    def _poll(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        return self._reply(accepted.call, role, job, snapshot)

    def _cancel(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        cancel, parts = cast(CancelOperation, role), self._kinds[job.kind]
        if snapshot.state not in cancel.states:
            if cancel.otherwise == "refuse":
                message = f"{job.id} is {snapshot.state} and cannot be canceled"
                raise Refusal(Cause.JOB_UNFINISHED, message)
            return self._reply(accepted.call, role, job, snapshot)
        elapsed = self._clock.now() - job.created
        progression = continue_to(
            job.progression, parts.kind.lifecycle, cancel.next, elapsed=elapsed
        )
        canceled = job.with_progression(progression)
        if self._owned_job(job.id, accepted.key) and self._store.replace(job, canceled):
            if self._webhooks is not None:
                self._webhooks.schedule(canceled, instead_of=job)
            job = canceled
        return self._reply(accepted.call, role, job, observe(job, job.created + elapsed))

    def _delete(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        if snapshot.state not in role.states:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a job that has ended can be deleted",
            )
        reply = self._reply(accepted.call, role, job, snapshot)
        if self._owned_job(job.id, accepted.key):
            self._limits.charge_finished_jobs(accepted.key)
            self._store.remove(job.id)
        return reply

    def _result(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        result, parts = cast(ResultOperation, role), self._kinds[job.kind]
        if snapshot.state not in result.states:
            raise Refusal(Cause.CONTENT_PENDING, f"{job.id} is {snapshot.state} and has no files")
        self._refuse_expired(parts, job)
        if result.media_type is None:
            return self._reply(accepted.call, role, job, snapshot)
        return parts.files.reply(result, job, accepted.call, accepted.arguments)

    def file(self, path: str, call: Call) -> Reply:
        """Return the reply with the file of a field of a job, by the path below the files.

        Raises Refusal if there is no such file, or not any more.
        """
        job_id, slash, rest = path.partition("/")
        job = self._store.get(job_id)
        if job is None:
            raise Refusal(Cause.JOB_UNKNOWN, f"there is no file of a job {quote(job_id)}")
        parts = self._kinds[job.kind]
        self._refuse_expired(parts, job)
        reply = parts.files.field_reply(job, slash + rest, call.headers)
        if reply is None:
            raise Refusal(Cause.JOB_UNKNOWN, f"{job_id} has no file at {slash + rest}")
        return reply

    def _refuse_expired(self, parts: KindParts, job: Job) -> None:
        expiry = parts.expiry(job)
        if expiry is not None and self._clock.now() >= expiry:
            raise Refusal(
                Cause.CONTENT_EXPIRED, f"the files of {job.id} expired at {expiry:.0f} (Unix time)"
            )

    def _owned_job(self, job_id: str, key: str) -> Job | None:
        """The job with this id, if it was created with this key."""
        job = self._store.get(job_id)
        return job if job is not None and job.owner == key else None

    def _find_job(
        self, accepted: AcceptedCall, roles: tuple[JobOperation, ...]
    ) -> tuple[Job | None, tuple[JobOperation, ...]]:
        """Return the job of a request and the roles of its kind; raises Refusal for unknown ids.

        The job is None if the document has a state for unknown ids.
        """
        first = roles[0]
        place = first.id
        if len(roles) == 1 and place is not None and place.part is Part.PATH:
            job = self._owned_job(accepted.call.path_parameters[place.name], accepted.key)
            if job is not None and job.kind == first.kind and not _has_key(first):
                return job, roles
        job_id = str(read_place(place, accepted.call, accepted.arguments)) if place else ""
        kinds = tuple(self._kinds[name] for name in dict.fromkeys(role.kind for role in roles))
        if isinstance(first, ResultOperation) and first.key is not None:
            job = self._by_key(accepted, first, kinds, job_id)
        else:
            job = self._owned_job(job_id, accepted.key)
        if job is not None:
            fitting = tuple(role for role in roles if role.kind == job.kind)
            if fitting:
                return job, fitting
        if first.role is JobRole.POLL and kinds[0].kind.lifecycle.unknown:
            return None, roles
        return self._job_or_refuse(accepted, job_id, kinds, place.name if place else ""), roles

    def _by_key(
        self,
        accepted: AcceptedCall,
        result: ResultOperation,
        kinds: tuple[KindParts, ...],
        wanted: str,
    ) -> Job | None:
        """Return the job whose field has this value."""
        names = [parts.kind.name for parts in kinds]
        for job in owned_jobs(self._store, owner=accepted.key, kinds=names):
            parts = self._kinds[job.kind]
            if result.key and str(parts.answers.field(result.key, parts.view(job))) == wanted:
                return job
        return None

    def _job_or_refuse(
        self, accepted: AcceptedCall, job_id: str, kinds: tuple[KindParts, ...], parameter: str
    ) -> Job:
        """Return the job with an id, made up if ids are synthesized; raises Refusal otherwise."""
        job = self._owned_job(job_id, accepted.key)
        if job is not None and job.kind in {parts.kind.name for parts in kinds}:
            return job
        if self._synthesize:
            return self._synthesized_job(job_id, kinds[0])
        message = f"there is no job {quote(job_id)}"
        if self._store.get(job_id) is not None and job is None:
            message += " of this key; it was created with another key"
        raise Refusal(Cause.JOB_UNKNOWN, message, parameter=parameter)

    def _synthesized_job(self, job_id: str, parts: KindParts) -> Job:
        create = parts.kind.creates[0].operation.id
        request = parts.readers[create].defaults
        progression = parts.planner.plan(create, request)
        # One second earlier than necessary, so that it had ended when the service started.
        created = self._started - progression.pending_seconds - 1
        return Job(job_id, parts.kind.name, create, -1, created, request, progression)

    def _unknown_job(self, accepted: AcceptedCall, role: JobOperation) -> Reply:
        """Return the reply with the state of a job that does not exist."""
        parts = self._kinds[role.kind]
        unknown = parts.kind.lifecycle.unknown
        place = role.id
        job_id = str(read_place(place, accepted.call, accepted.arguments)) if place else ""
        job = self._synthesized_job(job_id, parts)
        snapshot = Snapshot(unknown.name if unknown else "", Meaning.UNKNOWN, 0, 0, None, 0.0)
        return self._reply(accepted.call, role, job, snapshot)

    def _observe_poll(self, job: Job) -> Snapshot:
        snapshot = observe(job, self._clock.now())
        if not snapshot.has_ended:
            self._clock.on_poll()
        return snapshot

    def _reply(self, call: Call, role: JobOperation, job: Job, snapshot: Snapshot) -> Reply:
        """Return the reply of an operation that shows a job."""
        view = View(job, snapshot, self._base_urls.of(call))
        headers, body = self._kinds[job.kind].answers.respond(role, view)
        if body is None:
            return Reply(role.status, headers)
        return Reply(role.status, {**_JSON_HEADERS, **headers}, orjson.dumps(body))


def _has_key(role: JobOperation) -> bool:
    return isinstance(role, ResultOperation) and role.key is not None


_JSON_HEADERS = {"content-type": "application/json"}
