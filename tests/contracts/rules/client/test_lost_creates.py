"""Creates that went well, and whose answer tells the client of no job: how they may be repeated."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from aisa_testkit.openapi.json import Json

JSON = {"content-type": "application/json"}
HEADERS = {"authorization": "Bearer k", **JSON}


def shown(job_id: Json, status: str = "queued") -> Reply:
    return Reply(200, JSON, orjson.dumps({"id": job_id, "status": status}))


TRUE = shown("a")
SPOILED = {
    "half of it": Reply(200, JSON, TRUE.body[:5], None, TRUE),
    "no JSON": Reply(200, JSON, b"<html>", None, TRUE),
    "another type": Reply(200, {"content-type": "text/html"}, TRUE.body, None, TRUE),
    "without the id": Reply(200, JSON, b'{"status":"queued"}', None, TRUE),
    "an id that is null": Reply(200, JSON, shown(None).body, None, TRUE),
    "the id of another job": Reply(200, JSON, shown("z").body, None, TRUE),
    "spoiled, and then lost": Reply(200, JSON, b"<", Delivery(bytes_delivered=-1), TRUE),
    "an error that is none": Reply(504, JSON, b"{}", None, TRUE),
}
spoiled = pytest.mark.parametrize("reply", SPOILED.values(), ids=SPOILED)


def made(document: Document, reply: Reply, *, at: float = 0) -> Exchange:
    call = Call("createVideo", {}, (), HEADERS, b'{"prompt":"x"}')
    return read_exchange(document, call, reply, at=at, client_time=at)


def polled(document: Document, job_id: str, *, at: float = 0) -> Exchange:
    reply = shown(job_id, "completed")
    return read_exchange(
        document, Call("getVideo", {"video_id": job_id}, (), HEADERS), reply, at=at, client_time=at
    )


def listed(document: Document, *job_ids: str, at: float = 0) -> Exchange:
    jobs = [{"id": job_id, "status": "queued"} for job_id in job_ids]
    reply = Reply(200, JSON, orjson.dumps({"data": jobs}))
    return read_exchange(
        document, Call("listVideos", {}, (), HEADERS), reply, at=at, client_time=at
    )


def codes(document: Document, history: Sequence[Exchange]) -> list[str]:
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_client(document, history)]


@spoiled
def test_who_repeats_it_blindly_is_told(document: Document, reply: Reply) -> None:
    again = [made(document, shown("b"), at=2), polled(document, "b", at=4)]
    assert codes(document, [made(document, reply), *again]) == ["AV715 1 2", "AV721 1 2"]


@spoiled
def test_who_looks_for_the_job_first_is_not_told(document: Document, reply: Reply) -> None:
    first = made(document, reply)
    found = [listed(document, "a", at=2), polled(document, "a", at=4)]
    assert codes(document, [first, *found]) == []
    nothing, again = listed(document, at=2), made(document, shown("b"), at=4)
    assert codes(document, [first, nothing, again, polled(document, "b", at=6)]) == []


@spoiled
def test_who_gives_up_is_not_blamed_for_a_job_that_it_cannot_know(
    document: Document, reply: Reply
) -> None:
    assert codes(document, [made(document, reply)]) == []


@pytest.mark.parametrize(
    ("waits", "told"),
    [((0.1, 2), ["AV721 1 2 3", "AV723 2"]), ((1, 2), ["AV721 1 2 3"])],
    ids=["at once", "with backoff"],
)
def test_its_repetitions_need_backoff(
    document: Document, waits: tuple[float, float], told: list[str]
) -> None:
    nothing = Reply(200, JSON, b"<html>")
    first, second = waits[0], waits[0] + waits[1]
    history = [made(document, nothing), made(document, nothing, at=first)]
    history += [made(document, shown("b"), at=second), polled(document, "b", at=second + 2)]
    assert codes(document, history) == told


@pytest.mark.parametrize("status", ["polishing", "queued"])
def test_a_job_that_was_told_of_with_other_words_is_known(document: Document, status: str) -> None:
    changed = Reply(200, JSON, shown("a", status).body, None, shown("a"))
    history = [made(document, changed), polled(document, "a"), made(document, shown("b"), at=9)]
    assert codes(document, [*history, polled(document, "b", at=10)]) == []
    found = check_client(document, [history[0], history[2], polled(document, "b", at=10)])
    (twice,) = [v for v in found if v.code != "AV734"]
    assert twice.code == "AV715"
    assert "a was accepted and never requested" in (twice.received or "")


def test_a_poll_whose_answer_was_spoiled_makes_no_job(document: Document) -> None:
    call = Call("getVideo", {"video_id": "a"}, (), HEADERS)
    poll = read_exchange(
        document, call, Reply(200, JSON, b"<", None, shown("a")), at=1, client_time=1
    )
    assert codes(document, [made(document, shown("a")), poll, polled(document, "a", at=3)]) == []


def test_a_list_that_cannot_be_read_is_no_look(document: Document) -> None:
    call = Call("listVideos", {}, (), HEADERS)
    for body in (b"<html>", b'{"data":null}'):
        odd = read_exchange(document, call, Reply(200, JSON, body, None, TRUE), at=2, client_time=2)
        again = [made(document, shown("b"), at=4), polled(document, "b", at=6)]
        first = made(document, SPOILED["no JSON"])
        assert codes(document, [first, odd, *again]) == ["AV715 1 3", "AV721 1 3"]


def test_who_gives_up_after_answers_that_cannot_be_read_has_tried_more_than_once(
    document: Document,
) -> None:
    poll, look = (
        Call("getVideo", {"video_id": "a"}, (), HEADERS),
        Call("listVideos", {}, (), HEADERS),
    )
    for call in (poll, look):
        odd, cut = Reply(200, JSON, b"<html>"), None
        history = [made(document, shown("a")), listed(document, "a", at=1)]
        history += [
            read_exchange(document, call, reply, at=at, client_time=at)
            for at, reply in ((2, odd), (4, cut))
        ]
        assert codes(document, history) == []
        number = len(history) - 1
        assert codes(document, [*history[:2], history[3]]) == [f"AV725 {number}"]


def test_it_is_put_into_words(document: Document) -> None:
    history = [made(document, SPOILED["no JSON"]), made(document, shown("b"), at=2)]
    twice, blindly, _ = check_client(document, history)
    assert (twice.received or "").startswith(
        "2 jobs by the same request: a was created, but its response was lost"
    )
    assert blindly.received == (
        "the same create after status 200 without a readable job, which may have created a job"
    )
