"""Storage of jobs: immutable records in the order of their creation."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from threading import Lock
from typing import NamedTuple, Protocol

from .job import Job


class JobPage(NamedTuple):
    """Consecutive jobs of a store.

    Args:
        jobs: The jobs in the order that was asked for.
        more: True if other jobs follow.
    """

    jobs: tuple[Job, ...]
    more: bool


class Store(Protocol):
    """The interface of a store. Its methods may be called from several threads."""

    def next_sequence(self) -> int:
        """Return the sequence of a new job: higher than any sequence before."""
        ...

    def add(self, job: Job) -> None:
        """Add a new job."""
        ...

    def get(self, job_id: str) -> Job | None:
        """Return the job with this id, None if there is no such job."""
        ...

    def remove(self, job_id: str) -> None:
        """Remove the job with this id; raises KeyError if there is no such job."""
        ...

    def replace(self, old: Job, new: Job) -> bool:
        """Replace the record of a job by one with the same id, unless it was changed in between.

        Returns False, and changes nothing, if `old` is not the current record. Raises KeyError if
        the job was removed.
        """
        ...

    def page(
        self, *, after: Job | None, limit: int, newest_first: bool, owner: str | None = None
    ) -> JobPage:
        """Return some jobs.

        Args:
            after: The job before the first one of the page; None to start at the beginning.
            limit: The maximum number of jobs.
            newest_first: True for the newest jobs first.
            owner: The API key of the jobs; None for the jobs of all keys.
        """
        ...

    def has_other_kinds(self, kinds: Collection[str]) -> bool:
        """Return True if there may be jobs of other kinds than these."""
        ...

    def clear(self) -> None:
        """Remove all jobs."""
        ...

    def __len__(self) -> int:
        """Return the number of jobs."""
        ...


class MemoryStore:
    """A store in memory. Look-ups and pages take the same time for any number of jobs."""

    def __init__(self) -> None:
        self._by_id: dict[str, Job] = {}
        # The jobs of each owner in order of creation, and all jobs under None.
        self._in_order: dict[str | None, list[Job]] = {None: []}
        self._lock, self._sequence = Lock(), -1
        self._kinds: set[str] = set()

    def next_sequence(self) -> int:
        with self._lock:
            self._sequence += 1
            return self._sequence

    def add(self, job: Job) -> None:
        with self._lock:
            self._by_id[job.id] = job
            self._kinds.add(job.kind)
            if job.sequence > self._sequence:
                self._sequence = job.sequence
            for owner in (None, job.owner):
                jobs = self._in_order.setdefault(owner, [])
                if jobs and jobs[-1].sequence > job.sequence:
                    insort(jobs, job, key=_sequence_of)
                else:
                    jobs.append(job)

    def get(self, job_id: str) -> Job | None:
        return self._by_id.get(job_id)

    def remove(self, job_id: str) -> None:
        with self._lock:
            job = self._by_id.pop(job_id)
            for owner in (None, job.owner):
                jobs = self._in_order[owner]
                del jobs[_position(jobs, job)]

    def replace(self, old: Job, new: Job) -> bool:
        with self._lock:
            if self._by_id[old.id] is not old:
                return False
            self._by_id[new.id] = new
            for owner in (None, old.owner):
                jobs = self._in_order[owner]
                jobs[_position(jobs, old)] = new
            return True

    def page(
        self, *, after: Job | None, limit: int, newest_first: bool, owner: str | None = None
    ) -> JobPage:
        with self._lock:
            jobs = self._in_order.get(owner, [])
            if newest_first:
                end = len(jobs) if after is None else _position(jobs, after)
                start = max(0, end - limit)
                return JobPage(tuple(reversed(jobs[start:end])), start > 0)
            start = 0 if after is None else bisect_right(jobs, after.sequence, key=_sequence_of)
            return JobPage(tuple(jobs[start : start + limit]), start + limit < len(jobs))

    def has_other_kinds(self, kinds: Collection[str]) -> bool:
        return not self._kinds.issubset(kinds)

    def clear(self) -> None:
        with self._lock:
            self._kinds.clear()
            self._by_id.clear()
            self._in_order = {None: []}

    def __len__(self) -> int:
        return len(self._by_id)


def all_jobs(store: Store, *, owner: str | None = None, newest_first: bool) -> tuple[Job, ...]:
    """Return all jobs of an API key; by default, those of all keys."""
    return store.page(after=None, limit=len(store), newest_first=newest_first, owner=owner).jobs


def _position(jobs: list[Job], job: Job) -> int:
    return bisect_left(jobs, job.sequence, key=_sequence_of)


def _sequence_of(job: Job) -> int:
    return job.sequence
