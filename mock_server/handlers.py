"""What each operation does with jobs, by the role that the document gives it."""

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
    """The roles of a document's operations. Raises DocumentError if files are asked for of which
    there are none.
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
        self._defaults = _kept_fields(document)
        self._roles: Mapping[JobRole, Callable[[AcceptedCall], Reply]] = {
            JobRole.CREATE: self._create,
            JobRole.RETRIEVE: self._retrieve,
            JobRole.LIST: self._list,
            JobRole.DELETE: self._delete,
            JobRole.CONTENT: self._content,
            JobRole.REMIX: self._remix,
        }

    def handle(self, asked: AcceptedCall) -> Reply:
        """The reply to a call that was let in; raises Refusal where there is none but an error."""
        operation, problems = asked.operation, asked.arguments.problems
        if operation.role is None:
            message = f"the mock knows no x-job-role of {operation.id} and cannot answer it"
            raise Refusal(Cause.ENDPOINT_UNKNOWN, message)
        if problems:
            message = "; ".join(problem.message for problem in problems)
            raise Refusal(problems[0].cause, message, parameter=problems[0].parameter)
        return self._roles[operation.role](asked)

    def _create(self, asked: AcceptedCall) -> Reply:
        fields = {
            name: asked.arguments.fields.get(name, default)
            for name, default in self._defaults.items()
        }
        return self._made(asked, fields, source=None)

    def _remix(self, asked: AcceptedCall) -> Reply:
        source, snapshot = self._find(asked)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{source.id} is {snapshot.state}; only a finished job can be remixed",
            )
        given = asked.arguments.fields.items()
        known = {name: value for name, value in given if name in self._defaults}
        return self._made(asked, {**source.fields, **known}, source=source.id)

    def _made(self, asked: AcceptedCall, fields: dict[str, Json], *, source: str | None) -> Reply:
        scenario = asked.scenario
        plan = self._planner.plan(fields, scenario.outcome if scenario else DEFAULT_OUTCOME)

        def make() -> Job:
            job = Job(
                id=self._lifecycle.id_prefix + self._ids.new_job_id(),
                sequence=self._store.next_sequence(),
                created=self._clock.now(),
                fields=fields,
                progression=plan,
                source=source,
                owner=asked.key,
                scenario=scenario.name if scenario else "",
            )
            if self._webhooks is not None:
                self._webhooks.schedule(job)
            self._store.add(job)  # from now on it can be given another end
            return job

        job = self._limits.create_job(asked.key, {**asked.arguments.fields, **fields}, make)
        return self._job_reply(asked.operation, job, observe(job, job.created))

    def _retrieve(self, asked: AcceptedCall) -> Reply:
        job, snapshot = self._find(asked)
        return self._job_reply(asked.operation, job, snapshot)

    def _list(self, asked: AcceptedCall) -> Reply:
        operation, page = asked.operation, asked.operation.page
        if page is None:
            raise Refusal(Cause.INTERNAL, f"{operation.id} has no x-page")
        query, after = asked.arguments.query, None
        if query.get(page.after) is not None:
            after = self._own(query[page.after], asked.key)
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
            owner=asked.key,
        )
        now = self._clock.now()
        jobs = [(job, observe(job, now)) for job in found.jobs]
        if any(snapshot.ends is None for _, snapshot in jobs):
            self._clock.on_poll()
        return _json(operation, self._renderer.render_page(jobs, more=found.more))

    def _delete(self, asked: AcceptedCall) -> Reply:
        job, snapshot = self._find(asked)
        if snapshot.ends is None:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a job that has ended can be deleted",
            )
        if self._own(job.id, asked.key):
            self._limits.charge_finished_jobs(asked.key)
            self._store.remove(job.id)
        return _json(asked.operation, self._renderer.render_deletion(job))

    def _content(self, asked: AcceptedCall) -> Reply:
        job, snapshot = self._find(asked)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(
                Cause.CONTENT_PENDING, f"{job.id} is {snapshot.state}; there are no files of it"
            )
        expiry = dict(snapshot.stamps).get(self._lifecycle.expiry_at or ())
        if expiry is not None and self._clock.now() >= expiry:
            raise Refusal(
                Cause.CONTENT_EXPIRED, f"the files of {job.id} expired at {expiry} (Unix time)"
            )
        return self._files.reply(asked.operation, job, asked.arguments, asked.call.headers)

    def _own(self, job_id: str, key: str) -> Job | None:
        """The job of this id, if there is one and it was made with this key."""
        job = self._store.get(job_id)
        return job if job is not None and job.owner == key else None

    def _find(self, asked: AcceptedCall) -> tuple[Job, Snapshot]:
        """The job that the path names, as it stands now; raises Refusal if there is none."""
        (job_id,) = asked.call.path_parameters.values()
        job = self._own(job_id, asked.key)
        if job is None and self._synthesize:
            plan = self._planner.plan(self._defaults)
            # A second more than it takes, so that it had ended when the service began.
            created = self._started - plan.pending_seconds - 1
            job = Job(job_id, -1, created, self._defaults, plan)
        if job is None:
            parameter = next(iter(asked.call.path_parameters))
            message = f"there is no job {quote(job_id)}"
            if self._store.get(job_id) is not None:
                message += " of this key; it was made with another one"
            raise Refusal(Cause.JOB_UNKNOWN, message, parameter=parameter)
        snapshot = observe(job, self._clock.now())
        if snapshot.ends is None:
            self._clock.on_poll()
        return job, snapshot

    def _job_reply(self, operation: Operation, job: Job, snapshot: Snapshot) -> Reply:
        hint, headers = self._lifecycle.poll_hint, dict(_JSON_HEADERS)
        if hint is not None and snapshot.ends is None:
            wait = ceil(self._clock.wait_for(snapshot.remaining_seconds) * hint.per_second)
            headers[hint.header] = str(max(1, wait))
        body = orjson.dumps(self._renderer.render_job(job, snapshot))
        return Reply(operation.success.status, headers, body)


def _kept_fields(document: Document) -> dict[str, Json]:
    """The request fields that a job needs for the rest of its life, with their defaults."""
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
