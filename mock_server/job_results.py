"""Results of jobs: bytes or JSON from their operations, and the files of their fields."""

from __future__ import annotations

from collections.abc import Mapping

from ..openapi import Call, Cause, Reply
from ..openapi.jobs import ResultOperation
from ..openapi.text import quote
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .job_replies import JobReplies
from .jobs.job import Job, Snapshot
from .jobs.kind_parts import KindParts
from .jobs.store import Store


class JobResults:
    """The results of jobs.

    Args:
        clock: The source of time.
        store: The place where jobs are kept.
        kinds: The parts of each kind of job, by name.
        replies: Makes the replies with JSON.
    """

    def __init__(
        self, *, clock: Clock, store: Store, kinds: Mapping[str, KindParts], replies: JobReplies
    ) -> None:
        self._clock, self._store, self._kinds, self._replies = clock, store, kinds, replies

    def of_operation(
        self, accepted: AcceptedCall, result: ResultOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        """Return the reply of an operation; raises Refusal if there is no result now."""
        parts = self._kinds[job.kind]
        if snapshot.state not in result.states:
            raise Refusal(Cause.CONTENT_PENDING, f"{job.id} is {snapshot.state} and has no files")
        self._refuse_expired(parts, job)
        if result.media_type is None:
            return self._replies.of_job(accepted.call, result, job, snapshot)
        return parts.files.reply(result, job, accepted.call, accepted.arguments)

    def of_field(self, path: str, call: Call) -> Reply:
        """Return the reply with the file of a field of a job, by the path below the files.

        Raises Refusal if there is no such file, or not yet, or not any more.
        """
        job_id, slash, rest = path.partition("/")
        job = self._store.get(job_id)
        if job is None:
            raise Refusal(Cause.JOB_UNKNOWN, f"there is no file of a job {quote(job_id)}")
        parts = self._kinds[job.kind]
        field = parts.files.field_at(job, slash + rest)
        if field is None:
            raise Refusal(Cause.JOB_UNKNOWN, f"{job_id} has no file at {slash + rest}")
        state = parts.view(job).snapshot.state
        if state not in field.possible:
            raise Refusal(Cause.CONTENT_PENDING, f"{job.id} is {state} and has no files")
        self._refuse_expired(parts, job)
        return parts.files.field_reply(job, field, call.headers)

    def _refuse_expired(self, parts: KindParts, job: Job) -> None:
        expiry = parts.expiry(job)
        if expiry is not None and self._clock.now() >= expiry:
            raise Refusal(
                Cause.CONTENT_EXPIRED, f"the files of {job.id} expired at {expiry:.0f} (Unix time)"
            )
