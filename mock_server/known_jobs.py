"""The jobs that a service has had, also those that were deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..openapi.jobs import Meaning
from .jobs.job import Job, observe
from .service import JobService

A_DAY = 86_400.0
"""After so long, in seconds, jobs have ended, unless they never do."""


class KnownJob(NamedTuple):
    """What becomes of a job.

    Args:
        id: The id of the job.
        completed: True if it has completed.
        completes: True if it has completed, or will complete within a day.
        fails: True if it has failed, or will fail within a day.
        deleted: True if it is not there any more.
    """

    id: str
    completed: bool
    completes: bool
    fails: bool
    deleted: bool


class KnownJobs:
    """Keeps the jobs of a service, which is looked at from time to time."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._present: set[str] = set()

    def look(self, service: JobService[Any]) -> tuple[str, ...]:
        """Return the states of the jobs that there are now, in the order of their creation."""
        now, store = service.clock.now(), service.store
        jobs = store.page(after=None, limit=len(store), newest_first=False).jobs
        self._jobs |= {job.id: job for job in jobs}
        self._present = {job.id for job in jobs}
        return tuple(observe(job, now).state for job in jobs)

    def outcomes(self, now: float) -> Iterator[KnownJob]:
        """Yield what has become of each job at a time (Unix seconds)."""
        for job in self._jobs.values():
            meaning, last = observe(job, now).meaning, observe(job, now + A_DAY).meaning
            completed, completes = (each is Meaning.SUCCESS for each in (meaning, last))
            deleted = job.id not in self._present
            yield KnownJob(job.id, completed, completes, last is Meaning.FAILURE, deleted)
