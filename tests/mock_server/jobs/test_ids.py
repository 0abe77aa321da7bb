"""Ids: of the declared form, and the same in every run that starts from the same seed."""

from __future__ import annotations

import re

import pytest

from aisa_testkit.mock_server import RandomIds

DRAWN = 50


def jobs_of(ids: RandomIds) -> list[str]:
    return [ids.new_job_id() for _ in range(DRAWN)]


def requests_of(ids: RandomIds) -> list[str]:
    return [ids.new_request_id() for _ in range(DRAWN)]


@pytest.mark.parametrize("seed", [0, 1, -1, 2**70], ids=lambda seed: f"seed {seed}")
def test_the_same_seed_gives_the_same_ids(seed: int) -> None:
    one, other = RandomIds(seed), RandomIds(seed)
    assert jobs_of(one) == jobs_of(other)
    assert requests_of(one) == requests_of(other)


@pytest.mark.parametrize(("one", "other"), [(1, 2), (0, None), (None, None)], ids=str)
def test_other_seeds_and_none_give_other_ids(one: int | None, other: int | None) -> None:
    first, second = RandomIds(one), RandomIds(other)
    assert not set(jobs_of(first)) & set(jobs_of(second))
    assert not set(requests_of(first)) & set(requests_of(second))


@pytest.mark.parametrize("ids", [RandomIds(7), RandomIds()], ids=["seeded", "unseeded"])
def test_ids_have_their_form_and_do_not_repeat(ids: RandomIds) -> None:
    jobs, requests = jobs_of(ids), requests_of(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", job) for job in jobs)
    assert all(re.fullmatch("01[0-9A-HJKMNP-TV-Z]{24}", request) for request in requests)
    assert len(set(jobs)) == len(set(requests)) == DRAWN


def test_every_character_of_a_request_id_varies_but_for_its_beginning() -> None:
    columns = list(zip(*requests_of(RandomIds(1)), strict=True))
    assert [len(set(column)) > 1 for column in columns] == [False] * 2 + [True] * 24


def test_ids_of_requests_and_of_jobs_do_not_disturb_each_other() -> None:
    quiet, busy = RandomIds(3), RandomIds(3)
    jobs, requests = [], []
    for _ in range(DRAWN):
        jobs.append(busy.new_job_id())
        requests.append(busy.new_request_id())
    assert jobs == jobs_of(quiet)
    assert requests == requests_of(quiet)
