"""Faults in the timestamps of a job: creation, completion and expiry."""

from __future__ import annotations

from datetime import UTC, datetime

from .behaviour import Behaviour
from .catalogue import Fault
from .changes import ViewChange, changed_field, in_state, replaced_field

HOUR = 3600


def _stamp(name: str, summary: str, show: ViewChange) -> Fault:
    return Fault(name, "lifecycle", "lifecycle: stamp", summary, Behaviour(change_view=show))


def _done(show: ViewChange) -> ViewChange:
    return in_state("completed", show)


def _from_start(field: str, seconds: int) -> ViewChange:
    return lambda view, _: {**view, field: view["created_at"] + seconds}


def _milliseconds(seconds: int) -> int:
    return seconds * 1000


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _moving(field: str) -> ViewChange:
    """Each poll shows a timestamp one second later."""
    return lambda view, context: (
        view if view[field] is None else {**view, field: view[field] + context.job.retrieved}
    )


STAMP_FAULTS = (
    _stamp(
        "completed-at-null", "A completed job has no time.", replaced_field("completed_at", None)
    ),
    _stamp(
        "completed-at-while-queued",
        "completed_at is set in the queue.",
        in_state("queued", _from_start("completed_at", 0)),
    ),
    _stamp(
        "completed-at-while-working",
        "completed_at is set before the end.",
        in_state("in_progress", _from_start("completed_at", 0)),
    ),
    _stamp(
        "completed-before-created",
        "A job is completed a minute before it was made.",
        _done(_from_start("completed_at", -60)),
    ),
    _stamp(
        "completed-at-zero",
        "A job is completed in 1970.",
        _done(replaced_field("completed_at", 0)),
    ),
    _stamp(
        "completed-at-milliseconds",
        "completed_at counts milliseconds.",
        changed_field("completed_at", _milliseconds),
    ),
    _stamp("completed-at-iso", "completed_at is a date.", changed_field("completed_at", _iso)),
    _stamp("completed-at-moves", "completed_at moves.", _moving("completed_at")),
    _stamp(
        "created-at-milliseconds",
        "created_at counts milliseconds.",
        changed_field("created_at", _milliseconds),
    ),
    _stamp("created-at-moves", "created_at moves.", _moving("created_at")),
    _stamp(
        "created-after-completed",
        "A job is made an hour after its completion.",
        changed_field("created_at", lambda at: at + HOUR),
    ),
    _stamp("created-at-zero", "A job is made in 1970.", replaced_field("created_at", 0)),
    _stamp(
        "created-at-corrected",
        "created_at is another once the job is done.",
        _done(changed_field("created_at", lambda at: at - 1)),
    ),
    _stamp(
        "expires-before-completed",
        "The files go an hour before they come.",
        _done(_from_start("expires_at", -HOUR)),
    ),
    _stamp("expires-at-moves", "expires_at moves with every poll.", _moving("expires_at")),
    _stamp(
        "expires-at-milliseconds",
        "expires_at counts milliseconds.",
        changed_field("expires_at", _milliseconds),
    ),
    _stamp("expires-at-iso", "expires_at is a date.", changed_field("expires_at", _iso)),
    _stamp(
        "expires-at-while-queued",
        "expires_at is set in the queue.",
        in_state("queued", _from_start("expires_at", 86400)),
    ),
)
