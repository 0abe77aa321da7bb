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

    def add(self, job: Job) -> None:
        """Keeps a new job."""
        ...

    def get(self, job_id: str) -> Job | None:
        """The job of this id, if there is one."""
        ...

    def remove(self, job_id: str) -> None:
        """Forgets a job; raises KeyError if there is none of this id."""
        ...

    def page(self, *, after: Job | None, limit: int, newest_first: bool) -> JobPage:
        """At most `limit` jobs behind `after`, from the beginning if that is None."""
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
        self._in_order: list[Job] = []
        self._lock = Lock()

    def add(self, job: Job) -> None:
        with self._lock:
            self._by_id[job.id] = job
            if self._in_order and self._in_order[-1].sequence > job.sequence:
                insort(self._in_order, job, key=_order)
            else:
                self._in_order.append(job)

    def get(self, job_id: str) -> Job | None:
        return self._by_id.get(job_id)

    def remove(self, job_id: str) -> None:
        with self._lock:
            job = self._by_id.pop(job_id)
            del self._in_order[self._place(job)]

    def page(self, *, after: Job | None, limit: int, newest_first: bool) -> JobPage:
        with self._lock:
            jobs, count = self._in_order, len(self._in_order)
            if newest_first:
                end = count if after is None else self._place(after)
                start = max(0, end - limit)
                return JobPage(tuple(reversed(jobs[start:end])), start > 0)
            start = 0 if after is None else bisect_right(self._in_order, after.sequence, key=_order)
            return JobPage(tuple(jobs[start : start + limit]), start + limit < count)

    def clear(self) -> None:
        with self._lock:
            self._by_id.clear()
            self._in_order.clear()

    def __len__(self) -> int:
        return len(self._by_id)

    def _place(self, job: Job) -> int:
        return bisect_left(self._in_order, job.sequence, key=_order)


def _order(job: Job) -> int:
    return job.sequence
