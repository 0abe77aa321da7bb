"""What each operation does with jobs, by the role that the document gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from math import ceil

import orjson

from ..openapi import (
    Arguments,
    Call,
    Cause,
    Document,
    Ending,
    JobRole,
    Operation,
    Reply,
)
from ..openapi.json import Json
from ..openapi.request import read_call
from ..openapi.schema import show
from .clock import Clock
from .ids import Ids
from .job import Job, Snapshot, observe
from .job_files import JobFiles
from .media import MediaLibrary
from .refusal import Refusal
from .rendering import Renderer
from .scenario import Planner
from .store import Store


class Roles:
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
        renderer: Renderer,
        synthesize: bool,
    ) -> None:
        self._lifecycle = document.lifecycle
        self._clock, self._ids, self._store = clock, ids, store
        self._planner, self._renderer = planner, renderer
        self._files = JobFiles(document, MediaLibrary())
        self._synthesize, self._started = synthesize, clock.now()
        self._sequence = count()
        self._defaults = _kept_fields(document)
        self._roles: Mapping[JobRole, Callable[[Operation, Call, Arguments], Reply]] = {
            JobRole.CREATE: self._create,
            JobRole.RETRIEVE: self._retrieve,
            JobRole.LIST: self._list,
            JobRole.DELETE: self._delete,
            JobRole.CONTENT: self._content,
            JobRole.REMIX: self._remix,
        }

    def reply(self, operation: Operation, call: Call) -> Reply:
        """The reply to a call whose sender is let in; raises Refusal where there is none but an
        error.
        """
        if operation.role is None:
            message = f"the mock knows no x-job-role of {operation.id} and cannot answer it"
            raise Refusal(Cause.ENDPOINT_UNKNOWN, message)
        arguments = read_call(operation, call)
        if arguments.problems:
            first = arguments.problems[0]
            message = "; ".join(problem.message for problem in arguments.problems)
            raise Refusal(first.cause, message, parameter=first.parameter)
        return self._roles[operation.role](operation, call, arguments)

    def _create(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        fields = {
            name: arguments.fields.get(name, default) for name, default in self._defaults.items()
        }
        return self._made(operation, call, fields, source=None)

    def _remix(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        source, snapshot = self._find(call)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{source.id} is {snapshot.state}; only a finished job can be remixed",
            )
        known = {name: value for name, value in arguments.fields.items() if name in self._defaults}
        return self._made(operation, call, {**source.fields, **known}, source=source.id)

    def _made(
        self, operation: Operation, call: Call, fields: dict[str, Json], *, source: str | None
    ) -> Reply:
        job = Job(
            id=self._lifecycle.id_prefix + self._ids.job(),
            sequence=next(self._sequence),
            created=self._clock.now(),
            fields=fields,
            plan=self._planner.plan(fields, call.headers),
            source=source,
        )
        self._store.add(job)
        return self._job_reply(operation, job, observe(job, job.created))

    def _retrieve(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        job, snapshot = self._find(call)
        return self._job_reply(operation, job, snapshot)

    def _list(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        page = operation.page
        if page is None:
            raise Refusal(Cause.INTERNAL, f"{operation.id} has no x-page")
        query, after = arguments.query, None
        if query.get(page.after) is not None:
            after = self._store.get(query[page.after])
            if after is None and not self._synthesize:
                message = f"{page.after}: there is no job {show(query[page.after])}"
                raise Refusal(Cause.JOB_UNKNOWN, message, parameter=page.after)
            if after is None:
                return _json(operation, self._renderer.page((), more=False))
        order = query.get(page.order) if page.order else None
        found = self._store.page(
            after=after, limit=query.get(page.limit, 20), newest_first=order == page.descending
        )
        now = self._clock.now()
        jobs = [(job, observe(job, now)) for job in found.jobs]
        if any(snapshot.ends is None for _, snapshot in jobs):
            self._clock.polled()
        return _json(operation, self._renderer.page(jobs, more=found.more))

    def _delete(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        job, snapshot = self._find(call)
        if snapshot.ends is None:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a job that has ended can be deleted",
            )
        if self._store.get(job.id):
            self._store.remove(job.id)
        return _json(operation, self._renderer.farewell(job))

    def _content(self, operation: Operation, call: Call, arguments: Arguments) -> Reply:
        job, snapshot = self._find(call)
        if snapshot.ends is not Ending.SUCCESS:
            raise Refusal(
                Cause.CONTENT_PENDING, f"{job.id} is {snapshot.state}; there are no files of it"
            )
        expiry = dict(snapshot.stamps).get(self._lifecycle.expiry_at or ())
        if expiry is not None and self._clock.now() >= expiry:
            raise Refusal(
                Cause.CONTENT_EXPIRED, f"the files of {job.id} expired at {expiry} (Unix time)"
            )
        return self._files.reply(operation, job, arguments, call.headers)

    def _find(self, call: Call) -> tuple[Job, Snapshot]:
        """The job that the path names, as it stands now; raises Refusal if there is none."""
        (job_id,) = call.path_parameters.values()
        job = self._store.get(job_id)
        if job is None and self._synthesize:
            plan = self._planner.success(self._defaults)
            # A second more than it takes, so that it had ended when the service began.
            created = self._started - plan.seconds - 1
            job = Job(job_id, -1, created, self._defaults, plan)
        if job is None:
            parameter = next(iter(call.path_parameters))
            raise Refusal(Cause.JOB_UNKNOWN, f"there is no job {show(job_id)}", parameter=parameter)
        snapshot = observe(job, self._clock.now())
        if snapshot.ends is None:
            self._clock.polled()
        return job, snapshot

    def _job_reply(self, operation: Operation, job: Job, snapshot: Snapshot) -> Reply:
        hint, headers = self._lifecycle.poll_hint, dict(_JSON_HEADERS)
        if hint is not None and snapshot.ends is None:
            wait = ceil(self._clock.wait_for(snapshot.remaining) * hint.per_second)
            headers[hint.header] = str(max(1, wait))
        body = orjson.dumps(self._renderer.job(job, snapshot))
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
