"""Ids: format, uniqueness and seeds."""

from __future__ import annotations

import re

import pytest

from aisa_testkit.mock_server import RandomIds

COUNT = 50


def job_ids(ids: RandomIds) -> list[str]:
    return [ids.new_job_id() for _ in range(COUNT)]


def request_ids(ids: RandomIds) -> list[str]:
    return [ids.new_request_id() for _ in range(COUNT)]


@pytest.mark.parametrize("seed", [0, 1, -1, 2**70], ids=lambda seed: f"seed {seed}")
def test_same_seed_gives_the_same_ids(seed: int) -> None:
    one, other = RandomIds(seed), RandomIds(seed)
    assert job_ids(one) == job_ids(other)
    assert request_ids(one) == request_ids(other)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (0, None), (None, None)], ids=str)
def test_other_seeds_give_other_ids(one: int | None, other: int | None) -> None:
    first, second = RandomIds(one), RandomIds(other)
    assert not set(job_ids(first)) & set(job_ids(second))
    assert not set(request_ids(first)) & set(request_ids(second))


@pytest.mark.parametrize("ids", [RandomIds(7), RandomIds()], ids=["seeded", "unseeded"])
def test_ids_have_their_format_and_are_unique(ids: RandomIds) -> None:
    jobs, requests = job_ids(ids), request_ids(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", job) for job in jobs)
    assert all(re.fullmatch("01[0-9A-HJKMNP-TV-Z]{24}", request) for request in requests)
    assert len(set(jobs)) == len(set(requests)) == COUNT


def test_request_ids_vary_after_their_prefix() -> None:
    columns = list(zip(*request_ids(RandomIds(1)), strict=True))
    assert [len(set(column)) > 1 for column in columns] == [False] * 2 + [True] * 24


def test_job_ids_and_request_ids_are_independent() -> None:
    quiet, busy = RandomIds(3), RandomIds(3)
    jobs, requests = [], []
    for _ in range(COUNT):
        jobs.append(busy.new_job_id())
        requests.append(busy.new_request_id())
    assert jobs == job_ids(quiet)
    assert requests == request_ids(quiet)
