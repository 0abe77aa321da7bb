"""JSON bodies of jobs, pages of jobs and deletions, as the schemas describe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import orjson

from ...openapi import Document, JobRole, Operation, Schema
from ...openapi.json import Json
from ...openapi.pointer import Path, set_at
from .job import Job, Snapshot

Copier = Callable[[], dict[str, Json]]


class Renderer:
    """Makes the bodies of replies.

    Args:
        document: The document; the places of all fields are looked up once.
    """

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._copy_job = _copier(document.template_of(document.job))
        operations = document.by_role
        lists, deletes = operations.get(JobRole.LIST), operations.get(JobRole.DELETE)
        self._copy_page = _success_copier(document, lists)
        self._places = lists.page.places if lists and lists.page else {}
        self._copy_deletion = _success_copier(document, deletes)
        self._deleted_id_at = _job_id_path(deletes, document.lifecycle.id_at)

    def render_job(self, job: Job, snapshot: Snapshot) -> dict[str, Json]:
        """Return the JSON of a job in this snapshot."""
        lifecycle = self._lifecycle
        body = self._copy_job()
        for echo in lifecycle.echoes:
            set_at(body, echo.at, job.fields.get(echo.field))
        set_at(body, lifecycle.id_at, job.id)
        set_at(body, lifecycle.state_at, snapshot.state)
        if lifecycle.progress_at:
            set_at(body, lifecycle.progress_at, snapshot.progress)
        for path, moment in snapshot.timestamps:
            set_at(body, path, moment)
        if job.source is not None and lifecycle.source_at:
            set_at(body, lifecycle.source_at, job.source)
        if snapshot.reason and lifecycle.failure:
            set_at(body, lifecycle.failure.code, snapshot.reason[0])
            set_at(body, lifecycle.failure.message, snapshot.reason[1])
        return body

    def render_page(self, jobs: Sequence[tuple[Job, Snapshot]], *, more: bool) -> dict[str, Json]:
        """Return the JSON of a page of jobs; `more` is True if other jobs follow."""
        body = self._copy_page()
        first, last = (jobs[0][0].id, jobs[-1][0].id) if jobs else (None, None)
        values = {
            "items": [self.render_job(job, snapshot) for job, snapshot in jobs],
            "first": first,
            "last": last,
            "more": more,
            "next": last if more else None,
        }
        for key, path in self._places.items():
            set_at(body, path, values[key])
        return body

    def render_deletion(self, job: Job) -> dict[str, Json] | None:
        """Return the JSON of the deletion of a job, None if the document describes no body."""
        body = self._copy_deletion()
        if self._deleted_id_at:
            set_at(body, self._deleted_id_at, job.id)
        return body or None


def _success_schema(operation: Operation | None) -> Schema | None:
    content = operation.success.content.values() if operation else ()
    return next((schema for schema in content if schema is not None), None)


def _success_copier(document: Document, operation: Operation | None) -> Copier:
    schema = _success_schema(operation)
    return _copier(document.template_of(schema) if schema else {})


def _copier(template: dict[str, Json]) -> Copier:
    """Return the fastest function that copies a template; a nested one is parsed from JSON."""
    if any(isinstance(value, dict | list) for value in template.values()):
        return partial(orjson.loads, orjson.dumps(template))
    return template.copy


def _job_id_path(operation: Operation | None, id_at: Path) -> Path | None:
    """Return the path of the job id in a response; None if its schema has no place for it."""
    schema = _success_schema(operation)
    return id_at if schema and schema.schemas_at(id_at) else None
