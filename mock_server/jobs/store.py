"""Where the mock keeps its jobs: unchanging records, in the order in which they were made."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from .job import Job


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs in a row, and whether more follow."""

    jobs: tuple[Job, ...]
    more: bool


class Store(Protocol):
    """What the service needs of a store."""

    def next_sequence(self) -> int:
        """The sequence of a new job: higher than all that there were, and given to nobody else."""
        ...

    def add(self, job: Job) -> None:
        """Keeps a new job."""
        ...

    def get(self, job_id: str) -> Job | None:
        """The job of this id, if there is one."""
        ...

    def remove(self, job_id: str) -> None:
        """Forgets a job; raises KeyError if there is none of this id."""
        ...

    def replace(self, before: Job, after: Job) -> bool:
        """Keeps another record of a job, of the same id, if `before` is still the one that is kept;
        says whether it was. Raises KeyError if the job is gone.
        """
        ...

    def page(
        self, *, after: Job | None, limit: int, newest_first: bool, owner: str | None = None
    ) -> JobPage:
        """At most `limit` jobs behind `after`, from the beginning if that is None; those of one
        owner, or of all.
        """
        ...

    def clear(self) -> None:
        """Forgets every job."""
        ...

    def __len__(self) -> int:
        """How many jobs there are."""
        ...


class MemoryStore:
    """A store in this process. A look-up and a page cost the same however many jobs there are."""

    def __init__(self) -> None:
        self._by_id: dict[str, Job] = {}
        # Jobs in their order, by owner, and all of them under None.
        self._in_order: dict[str | None, list[Job]] = {None: []}
        self._lock, self._sequence = Lock(), -1

    def next_sequence(self) -> int:
        with self._lock:
            self._sequence += 1
            return self._sequence

    def add(self, job: Job) -> None:
        with self._lock:
            self._by_id[job.id] = job
            self._sequence = max(self._sequence, job.sequence)
            for owner in (None, job.owner):
                jobs = self._in_order.setdefault(owner, [])
                if jobs and jobs[-1].sequence > job.sequence:
                    insort(jobs, job, key=_order)
                else:
                    jobs.append(job)

    def get(self, job_id: str) -> Job | None:
        return self._by_id.get(job_id)

    def remove(self, job_id: str) -> None:
        with self._lock:
            job = self._by_id.pop(job_id)
            for owner in (None, job.owner):
                jobs = self._in_order[owner]
                del jobs[_place(jobs, job)]

    def replace(self, before: Job, after: Job) -> bool:
        with self._lock:
            if self._by_id[before.id] is not before:
                return False
            self._by_id[after.id] = after
            for owner in (None, before.owner):
                jobs = self._in_order[owner]
                jobs[_place(jobs, before)] = after
            return True

    def page(
        self, *, after: Job | None, limit: int, newest_first: bool, owner: str | None = None
    ) -> JobPage:
        with self._lock:
            jobs = self._in_order.get(owner, [])
            if newest_first:
                end = len(jobs) if after is None else _place(jobs, after)
                start = max(0, end - limit)
                return JobPage(tuple(reversed(jobs[start:end])), start > 0)
            start = 0 if after is None else bisect_right(jobs, after.sequence, key=_order)
            return JobPage(tuple(jobs[start : start + limit]), start + limit < len(jobs))

    def clear(self) -> None:
        with self._lock:
            self._by_id.clear()
            self._in_order = {None: []}

    def __len__(self) -> int:
        return len(self._by_id)


def _place(jobs: list[Job], job: Job) -> int:
    return bisect_left(jobs, job.sequence, key=_order)


def _order(job: Job) -> int:
    return job.sequence
