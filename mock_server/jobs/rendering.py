"""Jobs, pages of jobs and farewells as the document's schemas describe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import orjson

from ...openapi import Document, JobRole, Operation, Schema
from ...openapi.json import Json
from ...openapi.pointer import Path, parse_pointer, set_at
from .job import Job, Snapshot

Copier = Callable[[], dict[str, Json]]


class Renderer:
    """Makes the bodies of answers. Which field stands where was looked up in the document once."""

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._job = _copier(document.template(document.job))
        operations = document.by_role
        lists, deletes = operations.get(JobRole.LIST), operations.get(JobRole.DELETE)
        self._page = _success_skeleton(document, lists)
        self._places = lists.page.places if lists and lists.page else {}
        self._farewell = _success_skeleton(document, deletes)
        self._farewell_id = _job_id_place(deletes)

    def job(self, job: Job, snapshot: Snapshot) -> dict[str, Json]:
        """The job as it stands in the snapshot."""
        lifecycle = self._lifecycle
        body = self._job()
        for echo in lifecycle.echoes:
            set_at(body, echo.at, job.fields.get(echo.field))
        set_at(body, lifecycle.id_at, job.id)
        set_at(body, lifecycle.state_at, snapshot.state)
        if lifecycle.progress_at:
            set_at(body, lifecycle.progress_at, snapshot.progress)
        for path, moment in snapshot.stamps:
            set_at(body, path, moment)
        if job.source is not None and lifecycle.source_at:
            set_at(body, lifecycle.source_at, job.source)
        if snapshot.reason and lifecycle.failure:
            set_at(body, lifecycle.failure.code, snapshot.reason[0])
            set_at(body, lifecycle.failure.message, snapshot.reason[1])
        return body

    def page(self, jobs: Sequence[tuple[Job, Snapshot]], *, more: bool) -> dict[str, Json]:
        """A page of jobs, and whether more follow."""
        body = self._page()
        first, last = (jobs[0][0].id, jobs[-1][0].id) if jobs else (None, None)
        values = {
            "items": [self.job(job, snapshot) for job, snapshot in jobs],
            "first": first,
            "last": last,
            "more": more,
            "next": last if more else None,
        }
        for key, path in self._places.items():
            set_at(body, path, values[key])
        return body

    def deletion(self, job: Job) -> dict[str, Json] | None:
        """That the job is gone; None where the document answers without a body."""
        body = self._farewell()
        if self._farewell_id:
            set_at(body, self._farewell_id, job.id)
        return body or None


def _success_schema(operation: Operation | None) -> Schema | None:
    content = operation.success.content.values() if operation else ()
    return next((schema for schema in content if schema is not None), None)


def _success_skeleton(document: Document, operation: Operation | None) -> Copier:
    schema = _success_schema(operation)
    return _copier(document.template(schema) if schema else {})


def _copier(skeleton: dict[str, Json]) -> Copier:
    """The quickest way to fresh copies: a nested one is read from JSON again and again."""
    if any(isinstance(value, dict | list) for value in skeleton.values()):
        return partial(orjson.loads, orjson.dumps(skeleton))
    return skeleton.copy


def _job_id_place(operation: Operation | None) -> Path | None:
    schema = _success_schema(operation)
    pointer = schema.raw.get("x-job-id") if schema else None
    return parse_pointer(pointer) if pointer else None
