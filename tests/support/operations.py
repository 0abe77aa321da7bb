"""The kind of job of a document, and the operations that tests choose by role."""

from __future__ import annotations

from aisa_testkit.openapi import Document, JobRole, Operation
from aisa_testkit.openapi.jobs import JobKind, Part
from aisa_testkit.openapi.jobs.sources import RetryHint
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get

REMIX = "remixVideo"
"""The operation of the bundled document that makes a job from another one."""


def only_kind(document: Document) -> JobKind:
    """The kind of job of a document that has one."""
    (kind,) = document.kinds.values()
    return kind


def find_operation(document: Document, operation: JobRole | str) -> Operation:
    """An operation by its id, or by its role: the first one of the only kind that has it."""
    if isinstance(operation, JobRole):
        found = (o for o in only_kind(document).operations() if o.role is operation)
        return next(found).operation
    return document.operations[operation]


def poll_hints(document: Document) -> dict[str | None, int]:
    """The headers that ask for a wait before the next poll, and their units per second."""
    return {
        field.place.name: 1000 if field.source.unit == "milliseconds" else 1
        for field in only_kind(document).fields
        if field.place.part is Part.HEADER and isinstance(field.source, RetryHint)
    }


def has_role(document: Document, role: JobRole) -> bool:
    """True if the only kind of a document has an operation with a role."""
    return any(each.role is role for each in only_kind(document).operations())


def id_in(document: Document, body: Json) -> str:
    """The id of a job of the only kind, in the JSON of a job."""
    return str(get(body, only_kind(document).id_at or ()))


def state_in(document: Document, body: Json) -> Json:
    """The state of a job of the only kind, in the JSON of a job."""
    return get(body, only_kind(document).state_at)
