"""The store of jobs, compared with a sorted list."""

from __future__ import annotations

from random import Random
from threading import Barrier, Thread

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from aisa_testkit.mock_server import Job, JobPage, MemoryStore, Phase, Progression
from aisa_testkit.openapi.jobs import Meaning

PROGRESSION = Progression((Phase("done", Meaning.SUCCESS, 0.0, float("inf"), 0, 0),), None)


def job_of(sequence: int) -> Job:
    return Job(f"job {sequence}", "video", "createVideo", sequence, 0.0, {}, PROGRESSION)


class StoreAgainstList(RuleBasedStateMachine):
    """The store returns the same jobs as a sorted list."""

    jobs = Bundle("jobs")
    removed = Bundle("removed")

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        self.kept: list[Job] = []
        self.used: set[int] = set()

    @rule(target=jobs, sequence=st.integers(0, 60))
    def add(self, sequence: int) -> object:
        if sequence in self.used:
            return multiple()
        self.used.add(sequence)
        job = job_of(sequence)
        self.store.add(job)
        self.kept = sorted([*self.kept, job], key=lambda kept: kept.sequence)
        return job

    @rule(target=removed, job=consumes(jobs))
    def remove(self, job: Job) -> Job:
        if job in self.kept:
            self.store.remove(job.id)
            self.kept.remove(job)
        assert self.store.get(job.id) is None
        with pytest.raises(KeyError):
            self.store.remove(job.id)
        return job

    @rule(
        after=st.none() | jobs | removed,
        limit=st.integers(0, 5) | st.just(1000),
        newest_first=st.booleans(),
    )
    def page(self, after: Job | None, limit: int, newest_first: bool) -> None:
        following = self.kept[::-1] if newest_first else self.kept
        if after is not None and newest_first:
            following = [job for job in following if job.sequence < after.sequence]
        elif after is not None:
            following = [job for job in following if job.sequence > after.sequence]
        page = self.store.page(after=after, limit=limit, newest_first=newest_first)
        assert page == JobPage(tuple(following[:limit]), len(following) > limit)

    @rule()
    def clear(self) -> None:
        self.store.clear()
        self.kept.clear()

    @invariant()
    def store_and_list_have_the_same_jobs(self) -> None:
        assert len(self.store) == len(self.kept)
        for job in self.kept:
            assert self.store.get(job.id) is job


test_store_agrees_with_a_sorted_list = StoreAgainstList.TestCase


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
@pytest.mark.parametrize("limit", [1, 3, 10, 11], ids=lambda limit: f"{limit} to a page")
def test_pagination_returns_every_job_once(newest_first: bool, limit: int) -> None:
    store, jobs = MemoryStore(), [job_of(sequence) for sequence in range(10)]
    for job in jobs:
        store.add(job)
    found: list[Job] = []
    more, pages = True, 0
    while more:
        page = store.page(
            after=found[-1] if found else None, limit=limit, newest_first=newest_first
        )
        found += page.jobs
        more, pages = page.more, pages + 1
    assert found == (jobs[::-1] if newest_first else jobs)
    assert pages == -(-10 // limit)


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest first", "oldest first"])
def test_pagination_after_a_removed_job_skips_none(newest_first: bool) -> None:
    store, jobs = MemoryStore(), [job_of(sequence) for sequence in range(5)]
    for job in jobs:
        store.add(job)
    store.remove(jobs[2].id)
    page = store.page(after=jobs[2], limit=10, newest_first=newest_first)
    assert page == JobPage((jobs[1], jobs[0]) if newest_first else (jobs[3], jobs[4]), False)


def test_jobs_added_by_threads_are_in_order() -> None:
    store, threads, each = MemoryStore(), 4, 500
    start = Barrier(threads)

    def add(first: int) -> None:
        sequences = list(range(first, threads * each, threads))
        Random(first).shuffle(sequences)
        start.wait()
        for sequence in sequences:
            store.add(job_of(sequence))

    workers = [Thread(target=add, args=(first,)) for first in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    page = store.page(after=None, limit=threads * each, newest_first=False)
    assert [job.sequence for job in page.jobs] == list(range(threads * each))
    assert (len(store), page.more) == (threads * each, False)


def test_replace_changes_a_job_only_if_it_is_unchanged() -> None:
    store, jobs = MemoryStore(), [job_of(sequence) for sequence in range(3)]
    for job in jobs:
        store.add(job)
    first, second = (jobs[1]._replace(created=moment) for moment in (1.0, 2.0))
    assert store.replace(jobs[1], first)
    assert not store.replace(jobs[1], second)
    assert store.get(first.id) is first
    for owner in (None, first.owner):
        page = store.page(after=None, limit=9, newest_first=False, owner=owner)
        assert page.jobs == (jobs[0], first, jobs[2])
    store.remove(first.id)
    with pytest.raises(KeyError):
        store.replace(first, second)
