"""Jobs that were made anew: how many there are, what they cost, and which are none."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, check_client, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from aisa_testkit.openapi.json import Json

Play = Callable[[Document, str], list[Exchange | UnmatchedRequest]]
Blamed = Callable[[Document, str], list[str]]
LOST = Delivery(bytes_delivered=-1)


def made(
    document: Document,
    job_id: str,
    *,
    lost: bool = False,
    key: str = "",
    status: str = "queued",
    **fields: Json,
) -> Exchange:
    """A create that was accepted, with a key that makes it known again unless that is empty."""
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
    """What is said of jobs that were made twice: the numbers, and what came."""
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
        "an answer that was lost",
        "two that were lost",
        "one that was refused between them",
        "two that were lost, and shown by a later list",
        "another job",
        "never sent again",
        "nobody knows what became of the first",
        "a job that was seen, twice",
    ],
)
def test_a_job_that_is_made_anew_is_told(
    either: Document, blamed: Blamed, script: str, expected: str
) -> None:
    found = [code for code in blamed(either, script) if code.startswith("AV715")]
    assert found == ([expected] if expected else [])


def test_a_lost_job_that_was_looked_for_is_nobodys_fault(document: Document) -> None:
    listed = read_exchange(
        document,
        Call("listVideos", {}, (), {"authorization": "Bearer k"}),
        Reply(200, {"content-type": "application/json"}, b'{"data":[]}'),
        at=0,
    )
    lost, again = made(document, "a", lost=True), made(document, "b", status="completed")
    assert duplicates(document, lost, listed, again) == []
    assert [numbers for numbers, _ in duplicates(document, listed, lost, again)] == [(2, 3)]
    assert [numbers for numbers, _ in duplicates(document, lost, again, listed)] == [(1, 2)]


def test_the_same_job_answered_again_is_none_that_was_made_anew(document: Document) -> None:
    lost = made(document, "a", lost=True, key="1")
    assert duplicates(document, lost, made(document, "a", key="1", status="completed")) == []
    ((numbers, _),) = duplicates(document, lost, lost, made(document, "b", key="1"))
    assert numbers == (1, 3)


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({}, "0.40 USD"),
        ({"seconds": "12"}, "1.20 USD"),
        ({"model": "sora-2-pro", "seconds": "8"}, "2.40 USD"),
        ({"model": "sora-2-pro", "seconds": "8", "size": "1792x1024"}, "4.00 USD"),
    ],
    ids=["as by default", "longer", "of the better model", "larger, too"],
)
def test_what_was_made_in_vain_is_told_with_its_price(
    document: Document, fields: dict[str, Json], cost: str
) -> None:
    history = [made(document, name, lost=name == "b", **fields) for name in "abc"]
    assert duplicates(document, history[1], history[2]) == [
        (
            (1, 2),
            "2 jobs by the same request: b was created, but its response was"
            f" lost; the duplicates cost up to {cost}",
        )
    ]


def test_several_that_were_made_in_vain_are_told_in_one(document: Document) -> None:
    history = [made(document, name, lost=name in "bdefg") for name in "abcdefgh"]
    assert duplicates(document, *history) == [
        (
            (1, 2, 3, 4, 5, 6, 7, 8),
            "8 jobs by the same request: a, c were accepted and never requested; b, d, e and 2"
            " more were created, but their responses were lost; the duplicates cost up to 2.80 USD",
        )
    ]


def test_a_price_is_told_only_where_there_is_one(
    document: Document, other_document: Document, play: Play
) -> None:
    def told(document: Document, script: str) -> str:
        found = check_client(document, play(document, script))
        return next(v.received for v in found if v.code == "AV715").rpartition("; ")[2]

    assert told(other_document, "lost create, create, create, poll").endswith("up to 0.05 EUR")
    remixes = "create, wait, poll, lost remix, remix 1, remix 1, poll"
    assert told(document, remixes).endswith("but its response was lost")
    odd = [made(document, name, seconds="soon", status="queued") for name in "ab"]
    ((_, received),) = duplicates(document, *odd)
    assert received == "2 jobs by the same request: a was accepted and never requested"
