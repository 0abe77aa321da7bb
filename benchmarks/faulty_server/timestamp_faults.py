"""Faults in the timestamps of a job: creation, completion and expiry."""

from __future__ import annotations

from datetime import UTC, datetime

from .behaviour import Behaviour
from .catalogue import Fault
from .changes import ViewChange, changed_field, in_state, replaced_field

HOUR = 3600


def _timestamp_fault(name: str, summary: str, change_view: ViewChange) -> Fault:
    return Fault(name, "lifecycle", "lifecycle: stamp", summary, Behaviour(change_view=change_view))


def _when_completed(change_view: ViewChange) -> ViewChange:
    return in_state("completed", change_view)


def _after_creation(field: str, seconds: int) -> ViewChange:
    return lambda view, _: {**view, field: view["created_at"] + seconds}


def _milliseconds(seconds: int) -> int:
    return seconds * 1000


def _iso_date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _moving(field: str) -> ViewChange:
    """Each poll shows a timestamp one second later."""
    return lambda view, context: (
        view if view[field] is None else {**view, field: view[field] + context.job.retrieved}
    )


TIMESTAMP_FAULTS = (
    _timestamp_fault(
        "completed-at-null", "A completed job has no time.", replaced_field("completed_at", None)
    ),
    _timestamp_fault(
        "completed-at-while-queued",
        "completed_at is set in the queue.",
        in_state("queued", _after_creation("completed_at", 0)),
    ),
    _timestamp_fault(
        "completed-at-while-working",
        "completed_at is set before the end.",
        in_state("in_progress", _after_creation("completed_at", 0)),
    ),
    _timestamp_fault(
        "completed-before-created",
        "A job is completed a minute before its creation.",
        _when_completed(_after_creation("completed_at", -60)),
    ),
    _timestamp_fault(
        "completed-at-zero",
        "A job is completed in 1970.",
        _when_completed(replaced_field("completed_at", 0)),
    ),
    _timestamp_fault(
        "completed-at-milliseconds",
        "completed_at counts milliseconds.",
        changed_field("completed_at", _milliseconds),
    ),
    _timestamp_fault(
        "completed-at-iso", "completed_at is a date.", changed_field("completed_at", _iso_date)
    ),
    _timestamp_fault("completed-at-moves", "completed_at moves.", _moving("completed_at")),
    _timestamp_fault(
        "created-at-milliseconds",
        "created_at counts milliseconds.",
        changed_field("created_at", _milliseconds),
    ),
    _timestamp_fault("created-at-moves", "created_at moves.", _moving("created_at")),
    _timestamp_fault(
        "created-after-completed",
        "A job is created an hour after its completion.",
        changed_field("created_at", lambda at: at + HOUR),
    ),
    _timestamp_fault(
        "created-at-zero", "A job is created in 1970.", replaced_field("created_at", 0)
    ),
    _timestamp_fault(
        "created-at-corrected",
        "created_at is another once the job is done.",
        _when_completed(changed_field("created_at", lambda at: at - 1)),
    ),
    _timestamp_fault(
        "expires-before-completed",
        "The files go an hour before they come.",
        _when_completed(_after_creation("expires_at", -HOUR)),
    ),
    _timestamp_fault(
        "expires-at-moves", "expires_at moves with every poll.", _moving("expires_at")
    ),
    _timestamp_fault(
        "expires-at-milliseconds",
        "expires_at counts milliseconds.",
        changed_field("expires_at", _milliseconds),
    ),
    _timestamp_fault(
        "expires-at-iso", "expires_at is a date.", changed_field("expires_at", _iso_date)
    ),
)
