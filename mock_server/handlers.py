"""Handlers of the operations: one for each role that a document gives to an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

import orjson

from ..openapi import Cause, Document, Ending, JobRole, Operation, Reply
from ..openapi.json import Json
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .jobs.ids import Ids
from .jobs.job import Job, Snapshot, observe
from .jobs.job_files import JobFiles
from .jobs.progression import DEFAULT_OUTCOME, Planner
from .jobs.rendering import Renderer
from .jobs.store import Store
from .keys.quotas import Quotas
from .media_library import MediaLibrary
from .webhooks.webhooks import Webhooks


class OperationHandlers:
    """The handlers of all operations of a document.

    Args:
        document: The document.
        clock: The source of time.
        ids: The source of new ids.
        store: The place where jobs are kept.
        planner: The planner of the progressions of new jobs.
        limits: The limits of each key.
        renderer: The renderer of JSON bodies.
        webhooks: The sender of job events, None if no events are sent.
        synthesize: True to return a finished job for an unknown id.

    Raises DocumentError if a media type of the document has no file.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        ids: Ids,
        store: Store,
        planner: Planner,
        limits: Quotas,
        renderer: Renderer,
        webhooks: Webhooks | None,
        synthesize: bool,
    ) -> None:
        self._lifecycle = document.lifecycle
        self._clock, self._ids, self._store = clock, ids, store
        self._planner, self._limits, self._renderer = planner, limits, renderer
        self._files = JobFiles(document, MediaLibrary())
        self._webhooks = webhooks
        self._synthesize, self._started = synthesize, clock.now()
        self._defaults = _default_fields(document)
        self._handlers: Mapping[JobRole, Callable[[AcceptedCall], Reply]] = {
            JobRole.CREATE: self._create,
            JobRole.RETRIEVE: self._retrieve,
            JobRole.LIST: self._list,
            JobRole.DELETE: self._delete,
            JobRole.CONTENT: self._content,
            JobRole.REMIX: self._remix,
        }

    def handle(self, accepted: AcceptedCall) -> Reply:
        """Return the reply to an accepted call; raises Refusal if it is invalid or impossible."""
        operation, problems = accepted.operation, accepted.arguments.problems
        if operation.role is None:
            message = f"{operation.id} has no x-job-role, so that the mock cannot answer it"
            raise Refusal(Cause.ENDPOINT_UNKNOWN, message)
        if problems:
            message = "; ".join(problem.message for problem in problems)
            raise Refusal(problems[0].cause, message, parameter=problems[0].parameter)
        return self._handlers[operation.role](accepted)

    def _create(self, accepted: AcceptedCall) -> Reply:
        fields = {
            name: accepted.arguments.fields.get(name, default)
            for name, default in self._defaults.items()
        }
        return self._make_job(accepted, fields, source=None)

    def _remix(self, accepted: AcceptedCall) -> Reply:
        source, snapshot = self._find_job(accepted)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{source.id} is {snapshot.state}; only a finished job can be remixed",
            )
        given = accepted.arguments.fields.items()
        known = {name: value for name, value in given if name in self._defaults}
        return self._make_job(accepted, {**source.fields, **known}, source=source.id)

    def _make_job(
        self, accepted: AcceptedCall, fields: dict[str, Json], *, source: str | None
    ) -> Reply:
        scenario = accepted.scenario
        outcome = scenario.outcome if scenario else DEFAULT_OUTCOME
        progression = self._planner.plan(fields, outcome)

        def make() -> Job:
            job = Job(
                id=self._lifecycle.id_prefix + self._ids.new_job_id(),
                sequence=self._store.next_sequence(),
                created=self._clock.now(),
                fields=fields,
                progression=progression,
                source=source,
                owner=accepted.key,
                scenario=scenario.name if scenario else "",
            )
            if self._webhooks is not None:
                self._webhooks.schedule(job)
            self._store.add(job)  # from here on, another thread can end it
            return job

        job = self._limits.create_job(accepted.key, {**accepted.arguments.fields, **fields}, make)
        return self._job_reply(accepted.operation, job, observe(job, job.created))

    def _retrieve(self, accepted: AcceptedCall) -> Reply:
        job, snapshot = self._find_job(accepted)
        return self._job_reply(accepted.operation, job, snapshot)

    def _list(self, accepted: AcceptedCall) -> Reply:
        operation, page = accepted.operation, accepted.operation.page
        if page is None:
            raise Refusal(Cause.INTERNAL, f"{operation.id} has no x-page")
        query, after = accepted.arguments.query, None
        if query.get(page.after) is not None:
            after = self._owned_job(query[page.after], accepted.key)
            if after is None and not self._synthesize:
                message = f"{page.after}: there is no job {quote(query[page.after])}"
                raise Refusal(Cause.JOB_UNKNOWN, message, parameter=page.after)
            if after is None:
                return _json(operation, self._renderer.render_page((), more=False))
        order = query.get(page.order) if page.order else None
        found = self._store.page(
            after=after,
            limit=query.get(page.limit, 20),
            newest_first=order == page.descending,
            owner=accepted.key,
        )
        now = self._clock.now()
        jobs = [(job, observe(job, now)) for job in found.jobs]
        if any(snapshot.ends is None for _, snapshot in jobs):
            self._clock.on_poll()
        return _json(operation, self._renderer.render_page(jobs, more=found.more))

    def _delete(self, accepted: AcceptedCall) -> Reply:
        job, snapshot = self._find_job(accepted)
        if snapshot.ends is None:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a job that has ended can be deleted",
            )
        if self._owned_job(job.id, accepted.key):
            self._limits.charge_finished_jobs(accepted.key)
            self._store.remove(job.id)
        return _json(accepted.operation, self._renderer.render_deletion(job))

    def _content(self, accepted: AcceptedCall) -> Reply:
        job, snapshot = self._find_job(accepted)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(Cause.CONTENT_PENDING, f"{job.id} is {snapshot.state} and has no files")
        expiry = dict(snapshot.timestamps).get(self._lifecycle.expiry_at or ())
        if expiry is not None and self._clock.now() >= expiry:
            raise Refusal(
                Cause.CONTENT_EXPIRED, f"the files of {job.id} expired at {expiry} (Unix time)"
            )
        return self._files.reply(accepted.operation, job, accepted.arguments, accepted.call.headers)

    def _owned_job(self, job_id: str, key: str) -> Job | None:
        """The job with this id, if it was created with this key."""
        job = self._store.get(job_id)
        return job if job is not None and job.owner == key else None

    def _find_job(self, accepted: AcceptedCall) -> tuple[Job, Snapshot]:
        """The job in the path and its current snapshot; raises Refusal if there is no such job."""
        (job_id,) = accepted.call.path_parameters.values()
        job = self._owned_job(job_id, accepted.key)
        if job is None and self._synthesize:
            progression = self._planner.plan(self._defaults)
            # One second earlier than necessary, so that it had ended when the service started.
            created = self._started - progression.pending_seconds - 1
            job = Job(job_id, -1, created, self._defaults, progression)
        if job is None:
            parameter = next(iter(accepted.call.path_parameters))
            message = f"there is no job {quote(job_id)}"
            if self._store.get(job_id) is not None:
                message += " of this key; it was created with another key"
            raise Refusal(Cause.JOB_UNKNOWN, message, parameter=parameter)
        snapshot = observe(job, self._clock.now())
        if snapshot.ends is None:
            self._clock.on_poll()
        return job, snapshot

    def _job_reply(self, operation: Operation, job: Job, snapshot: Snapshot) -> Reply:
        hint, headers = self._lifecycle.poll_hint, dict(_JSON_HEADERS)
        if hint is not None and snapshot.ends is None:
            wait = ceil(self._clock.wait_for(snapshot.remaining_seconds) * hint.units_per_second)
            headers[hint.header] = str(max(1, wait))
        body = orjson.dumps(self._renderer.render_job(job, snapshot))
        return Reply(operation.success.status, headers, body)


def _default_fields(document: Document) -> dict[str, Json]:
    """The request fields that a job keeps, with their defaults."""
    create, lifecycle = document.by_role[JobRole.CREATE], document.lifecycle
    content = document.by_role.get(JobRole.CONTENT)
    media = (content.media.size, content.media.seconds) if content and content.media else ()
    scaled = [name for state in lifecycle.states.values() for name in state.scale]
    names = dict.fromkeys(
        [*[echo.field for echo in lifecycle.echoes], *scaled, *filter(None, media)]
    )
    properties = {n: p for body in create.bodies.values() for n, p in body.properties.items()}
    return {name: properties[name].get("default") for name in names}


def _json(operation: Operation, body: dict[str, Json] | None) -> Reply:
    status = operation.success.status
    return Reply(status) if body is None else Reply(status, _JSON_HEADERS, orjson.dumps(body))


_JSON_HEADERS = {"content-type": "application/json"}
