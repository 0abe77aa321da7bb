"""Jobs and their progressions, made without a service."""

from __future__ import annotations

from collections.abc import Mapping

from aisa_testkit.mock_server import Job, JobOutcome, Progression, plan_progression
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.operations import only_kind

CREATED = 1_780_000_000.0


def plan(
    document: Document, request: Mapping[str, Json] | None = None, outcome: JobOutcome | None = None
) -> Progression:
    """The progression of a job of the first create; the request is by place, such as `/seconds`."""
    kind = only_kind(document)
    return plan_progression(kind, kind.creates[0], request or {}, outcome or JobOutcome())


def planned_job(
    document: Document,
    job_id: str = "video_1",
    *,
    sequence: int = 0,
    created: float = CREATED,
    request: Mapping[str, Json] | None = None,
    outcome: JobOutcome | None = None,
    source: str | None = None,
    owner: str = "",
) -> Job:
    """A job of the first create that makes such jobs, with a source or without one.

    No store knows the job.
    """
    kind = only_kind(document)
    made_from_others = [create for create in kind.creates if create.source]
    create = made_from_others[0] if source and made_from_others else kind.creates[0]
    return Job(
        id=job_id,
        kind=kind.name,
        create=create.operation.id,
        sequence=sequence,
        created=created,
        request=request or {},
        progression=plan(document, request, outcome),
        source=source,
        source_fields={"/id": source} if source else {},
        owner=owner,
    )
