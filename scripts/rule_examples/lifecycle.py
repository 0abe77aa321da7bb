"""Examples of the rules for the life of a job: AV201 to AV219."""

from __future__ import annotations

from .changes import error, postponed, replaced_by, with_fields
from .session import ExampleSession

FAILURE = {"code": "generation_failed", "message": "No."}


def poll_in_states(session: ExampleSession, *states: dict[str, object]) -> None:
    """Poll one job, once for each of these changes to its fields."""
    job_id = session.create()
    for fields in states:
        session.poll(job_id, with_fields(**fields))


def never_finished(session: ExampleSession) -> None:
    job_id = session.create()
    for _ in range(2):
        session.clock.advance(200)
        pending = {"completed_at": None, "expires_at": None}
        session.poll(job_id, with_fields(status="in_progress", progress=99, **pending))


def available_after_deletion(session: ExampleSession) -> None:
    job_id = session.create_completed()
    before = session.poll(job_id)
    session.request("DELETE", f"/videos/{job_id}")
    session.poll(job_id, replaced_by(before))


EXAMPLES = {
    "AV201": lambda s: poll_in_states(
        s, {"status": "in_progress", "progress": 0}, {"status": "queued"}
    ),
    "AV202": lambda s: s.poll(s.create_completed(), with_fields(status="failed", error=FAILURE)),
    "AV203": lambda s: poll_in_states(
        s, {"status": "in_progress", "progress": 60}, {"status": "in_progress", "progress": 40}
    ),
    "AV204": lambda s: s.poll(s.create_completed(), with_fields(progress=110)),
    "AV205": lambda s: poll_in_states(s, {"model": "sora-2-pro"}),
    "AV207": lambda s: poll_in_states(s, {"status": "completed", "progress": 100}),
    "AV208": lambda s: s.poll(s.create_completed(), postponed("expires_at", 60)),
    "AV209": lambda s: s.poll(
        s.create(), with_fields(status="completed", progress=100, completed_at=1779999990)
    ),
    "AV210": lambda s: s.create(with_fields(created_at=1780000000000)),
    "AV211": lambda s: poll_in_states(s, {"status": "failed", "error": None}),
    "AV212": lambda s: s.poll(s.create_completed(), with_fields(error=FAILURE)),
    "AV213": lambda s: s.create(with_fields(id=s.create())),
    "AV215": never_finished,
    "AV216": available_after_deletion,
    "AV217": lambda s: s.poll(s.create(), error(404, "resource_not_found", "there is no such job")),
    "AV219": lambda s: s.poll("video_" + "0" * 32, replaced_by(s.poll(s.create()))),
}
