"""The places of a job that a response declares, and responses that say that there is no job."""

from __future__ import annotations

from functools import lru_cache

from ...openapi import Cause, Document, JobKind, JobRole, ListOperation, Meaning, State
from ...openapi.jobs import JobField, JobOperation, Part, Place
from ...openapi.jobs.answer import answer_of
from ...openapi.json import Json
from ...openapi.pointer import Path, get_or_none
from .exchange import Exchange
from .job_views import ROLES_RETURNING_JOBS, json_body


class JobPlaces:
    """Knows which fields of a job the responses of one document declare."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas: dict[tuple[str, str, str, Path, str], list[dict[str, Json]]] = {}

    def shows(self, role: JobOperation, field: JobField, state: State | None) -> bool:
        """Return True if the response of an operation has a field of the body.

        A field that no response declares belongs to the poll, if its schema leaves it open.
        """
        if field.place.part is not Part.BODY:
            return False
        if self.schemas_at(role, field.place.path, state):
            return True
        kind = self._document.kinds[role.kind]
        declared = any(self.schemas_at(r, field.place.path) for r in _reporting(kind))
        return (
            role.role is JobRole.POLL and not declared and answer_of(role).is_open_at(field.place)
        )

    def schemas_at(
        self, role: JobOperation, path: Path, state: State | None = None
    ) -> list[dict[str, Json]]:
        """Return the schemas of a place of a job in the response of an operation.

        Args:
            role: The operation.
            path: The path in the job.
            state: The state of the job, if alternatives depend on it.
        """
        key = role.kind, role.role.value, role.operation.id, path, state.name if state else ""
        if key not in self._schemas:
            self._schemas[key] = self._find(role, path, state)
        return self._schemas[key]

    def _find(self, role: JobOperation, path: Path, state: State | None) -> list[dict[str, Json]]:
        part = role.part if isinstance(role, ListOperation) else ()
        state_at = self._document.kinds[role.kind].state_at
        if path[: len(part)] != part:
            return []
        known = None
        if state is not None and state_at[: len(part)] == part:
            known = state_at[len(part) :], state.value
        place = Place(Part.BODY, path[len(part) :])
        return answer_of(role).schemas_at(place, state=known)


@lru_cache(maxsize=8)
def places_of(document: Document) -> JobPlaces:
    """Return what is known of the places of a document."""
    return JobPlaces(document)


def says_unknown(document: Document, exchange: Exchange, role: JobOperation) -> bool:
    """Return True if a response says that there is no job with the id in the request."""
    reply, refusal = exchange.reply, document.envelope.responses[Cause.JOB_UNKNOWN]
    status = document.envelope.status_of(Cause.JOB_UNKNOWN, role.operation)
    if reply is None:
        return False
    if exchange.accepted:
        lifecycle = document.kinds[role.kind].lifecycle
        if lifecycle.unknown is None:
            return False
        path = (*role.job_at, *document.kinds[role.kind].state_at)
        states = lifecycle.find_all(get_or_none(json_body(reply), path))
        return any(state.meaning is Meaning.UNKNOWN for state in states)
    if reply.status != status or not exchange.reports_error:
        return reply.status == status
    at = document.envelope.code_at
    return at is not None and bool(get_or_none(json_body(reply), at) == refusal.code)


def refuses_unknown(document: Document, role: JobOperation) -> bool:
    """Return True if the document says that an operation refuses ids that no job has."""
    status = document.envelope.status_of(Cause.JOB_UNKNOWN, role.operation)
    return document.envelope.declared or status in {*role.operation.responses}


def _reporting(kind: JobKind) -> list[JobOperation]:
    """Return the operations whose responses report jobs of a kind."""
    return [o for o in kind.operations() if o.role in ROLES_RETURNING_JOBS]
