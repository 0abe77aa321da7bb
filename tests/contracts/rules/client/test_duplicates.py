"""Duplicate jobs (AV715): how many there are, and what they cost."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.client_codes import script_codes
from tests.support.scripted_client import run_script

LOST = Delivery(bytes_delivered=-1)


def create(
    document: Document,
    job_id: str,
    *,
    lost: bool = False,
    key: str = "",
    status: str = "queued",
    **fields: Json,
) -> Exchange:
    """An accepted create; `key` is its idempotency key, if it is not empty."""
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    headers |= {"idempotency-key": key} if key else {}
    reply = Reply(
        200,
        {"content-type": "application/json"},
        orjson.dumps({"id": job_id, "status": status}),
        LOST if lost else None,
    )
    body = orjson.dumps({"prompt": "x", **fields})
    return read_exchange(document, Call("createVideo", {}, (), headers, body), reply, at=0)


def duplicates(document: Document, *history: Exchange) -> list[tuple[tuple[int, ...], str]]:
    """The numbers and the texts of the violations about duplicates."""
    found = check_client(document, history)
    return [(v.numbers, v.received) for v in found if v.code == "AV715"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("lost create, create, create, poll", "AV715 1 2"),
        ("lost create, create, lost create, create, create, poll", "AV715 1 2 3"),
        ("lost create, create, 429 create, create, create, poll", "AV715 1 3"),
        ("lost create, create, lost create, create, list", "AV715 1 2"),
        ("lost create, create, create b, poll", ""),
        ("lost create, create", ""),
        ("cut create, create, create, poll", ""),
        ("create, create, poll, create, create, poll", "AV715 1 2 4 5"),
    ],
    ids=[
        "lost response",
        "two lost responses",
        "rejected create between",
        "lost responses and a later list",
        "different job",
        "not repeated",
        "unknown outcome",
        "two followed jobs",
    ],
)
def test_duplicate_job_is_reported(any_document: Document, script: str, expected: str) -> None:
    found = [code for code in script_codes(any_document, script) if code.startswith("AV715")]
    assert found == ([expected] if expected else [])


REPEATED_WHILE_RUNNING = {
    "polled": ("create, poll, create, poll", "AV715 1 3"),
    "polled again later": ("create, poll, create, poll, poll 1", ""),
    "polled, and the create is the end": ("create, poll, create", ""),
    "poll failed": ("create, poll, 503 poll, poll, create, poll", "AV715 1 4"),
    "poll refused with 401": ("create, 401 poll, poll, create, poll", "AV715 1 3"),
    "unknown status": ("create, odd poll, poll, create, poll", "AV715 1 3"),
    "listed": ("create, list, create, poll", "AV715 1 3"),
    "listed later": ("create, list, create, poll, list", ""),
    "lost, but listed": ("lost create, create, list, create, poll", "AV715 1 3"),
    "deleted": ("create, delete, create, poll", "AV715 1 3"),
    "gave up after 300 s": (
        "slow, sleep 0, create, poll, sleep 290, poll, sleep 5, create, poll",
        "",
    ),
    "repeated once for two": ("create, create, poll 1, poll 2, create, poll 3", "AV715 1 5"),
    "failed": ("fails, create, wait, poll, create, poll", ""),
    "completed": ("create, wait, poll, create, poll", ""),
    "downloaded": ("create, wait, poll, content, create, poll", ""),
    "download failed": ("create, wait, poll, 503 content, content, create, poll", "AV715 1 4"),
    "download refused with 401": (
        "create, wait, poll, 401 content, content, create, poll",
        "AV715 1 4",
    ),
    "file is gone": ("create, wait, poll, 404 content, content, create, poll", ""),
    "unknown to the server": ("create, 404 poll, poll, create, poll", ""),
}


@pytest.mark.parametrize(
    ("script", "expected"), REPEATED_WHILE_RUNNING.values(), ids=REPEATED_WHILE_RUNNING
)
def test_create_is_repeated_while_the_first_job_needs_its_client(
    document: Document, script: str, expected: str
) -> None:
    found = [code for code in script_codes(document, script) if code.startswith("AV715")]
    assert found == ([expected] if expected else [])


def test_lost_job_that_was_looked_for_in_the_list_is_not_a_duplicate(document: Document) -> None:
    listed = read_exchange(
        document,
        Call("listVideos", {}, (), {"authorization": "Bearer k"}),
        Reply(200, {"content-type": "application/json"}, b'{"data":[]}'),
        at=0,
    )
    lost, again = create(document, "a", lost=True), create(document, "b", status="completed")
    assert duplicates(document, lost, listed, again) == []
    assert [numbers for numbers, _ in duplicates(document, listed, lost, again)] == [(2, 3)]
    assert [numbers for numbers, _ in duplicates(document, lost, again, listed)] == [(1, 2)]


def test_job_returned_again_for_an_idempotency_key_is_not_a_duplicate(document: Document) -> None:
    lost = create(document, "a", lost=True, key="1")
    assert duplicates(document, lost, create(document, "a", key="1", status="completed")) == []
    ((numbers, _),) = duplicates(document, lost, lost, create(document, "b", key="1"))
    assert numbers == (1, 3)


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({}, "0.40 USD"),
        ({"seconds": "12"}, "1.20 USD"),
        ({"model": "sora-2-pro", "seconds": "8"}, "2.40 USD"),
        ({"model": "sora-2-pro", "seconds": "8", "size": "1792x1024"}, "4.00 USD"),
    ],
    ids=["defaults", "longer", "better model", "larger"],
)
def test_duplicates_are_reported_with_their_price(
    document: Document, fields: dict[str, Json], cost: str
) -> None:
    history = [create(document, name, lost=name == "b", **fields) for name in "abc"]
    assert duplicates(document, history[1], history[2]) == [
        (
            (1, 2),
            "2 jobs by the same request: b was created, but its response was"
            f" lost; the duplicates cost up to {cost}",
        )
    ]


def test_several_duplicates_are_one_violation(document: Document) -> None:
    history = [create(document, name, lost=name in "bdefg") for name in "abcdefgh"]
    assert duplicates(document, *history) == [
        (
            (1, 2, 3, 4, 5, 6, 7, 8),
            "8 jobs by the same request: a, c were accepted and never requested; b, d, e and 2"
            " more were created, but their responses were lost; the duplicates cost up to 2.80 USD",
        )
    ]


def test_price_is_left_out_if_it_is_unknown(document: Document, other_document: Document) -> None:
    def price(document: Document, script: str) -> str:
        found = check_client(document, run_script(document, script))
        return next(v.received for v in found if v.code == "AV715").rpartition("; ")[2]

    assert price(other_document, "lost create, create, create, poll").endswith("up to 0.05 EUR")
    remixes = "create, wait, poll, lost remix, remix 1, remix 1, poll"
    assert price(document, remixes).endswith("but its response was lost")
    odd = [create(document, name, seconds="soon", status="queued") for name in "ab"]
    ((_, received),) = duplicates(document, *odd)
    assert received == "2 jobs by the same request: a was accepted and never requested"
