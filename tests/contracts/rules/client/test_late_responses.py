"""Answers that take their time: a client waits from when it has them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from aisa_testkit.contracts import Exchange, check_client, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply

JSON = {"content-type": "application/json"}
HEADERS = {"authorization": "Bearer k", **JSON}
SLOW = Delivery(delay=20)


def codes(document: Document, history: Sequence[Exchange]) -> list[str]:
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_client(document, history)]


@pytest.mark.parametrize(
    ("delivery", "late"),
    [
        (None, 0),
        (Delivery(), 0),
        (Delivery(delay=3), 3),
        (Delivery(delay=3, body_seconds=8), 11),
        (Delivery(delay=3, body_seconds=8, bytes_delivered=1), 5),
        (Delivery(delay=3, body_seconds=8, bytes_delivered=9), 11),
        (Delivery(delay=3, body_seconds=8, bytes_delivered=0), 3),
        (Delivery(delay=3, body_seconds=8, bytes_delivered=-1), 3),
    ],
    ids=[
        "at once",
        "nothing special",
        "late",
        "late and slow",
        "a quarter of it",
        "more than there is",
        "none of it",
        "lost",
    ],
)
def test_an_exchange_is_of_the_moment_when_the_answer_was_there(
    document: Document, delivery: Delivery | None, late: float
) -> None:
    reply = Reply(200, JSON, b"[{}]", delivery)
    exchange = read_exchange(document, Call("listVideos"), reply, at=100, took=1, client_time=10)
    assert (exchange.at, exchange.took, exchange.client_time) == (100 + late, 1 + late, 10 + late)
    unknown = read_exchange(document, Call("listVideos"), reply, at=100)
    assert (unknown.took, unknown.client_time) == (late, None)


def looks(document: Document, second: float, *, delivery: Delivery = SLOW) -> list[Exchange]:
    """A look into the list at 0 that is told to come back after ten seconds, and the next one."""
    call = Call("listVideos", {}, (), HEADERS)
    busy = Reply(429, {"retry-after": "10"}, b"", delivery)
    return [
        read_exchange(document, call, reply, at=1e9 + moment, client_time=moment)
        for moment, reply in ((0, busy), (second, Reply(200, JSON, b"{}")))
    ]


def test_a_wait_that_is_asked_for_begins_when_the_answer_is_there(document: Document) -> None:
    assert codes(document, looks(document, 20)) == ["AV722 1 2"]
    assert codes(document, looks(document, 28)) == ["AV722 1 2"]
    assert codes(document, looks(document, 30)) == []
    slow = Delivery(body_seconds=20)
    assert codes(document, looks(document, 28, delivery=slow)) == ["AV722 1 2"]


def test_what_floats_make_of_moments_is_no_wait_that_is_too_short(document: Document) -> None:
    call, now, late = Call("listVideos", {}, (), HEADERS), 24.127865795060305, Delivery(delay=40)
    history = [
        read_exchange(document, call, reply, at=now, client_time=now)
        for reply in (Reply(429, {"retry-after": "0"}), Reply(200, JSON, b"{}", late))
    ]
    assert (history[1].client_time or 0) - history[1].took < now
    assert codes(document, history) == []


def test_how_long_the_second_answer_takes_is_no_wait(document: Document) -> None:
    first, second = looks(document, 25)
    late = read_exchange(
        document, second.call, Reply(200, JSON, b"{}", SLOW), at=1e9 + 25, client_time=25
    )
    assert codes(document, [first, late]) == ["AV722 1 2"]


def test_what_was_sent_before_the_answer_was_there_is_that_of_another(document: Document) -> None:
    assert "AV722 1 2" not in codes(document, looks(document, 5))


def polls(document: Document, *moments: float, delivery: Delivery) -> list[Exchange]:
    """A create at 0, and polls at these moments for its job, which is pending."""
    body = orjson.dumps({"id": "a", "status": "queued"})
    calls = [(0.0, Call("createVideo", {}, (), HEADERS, b'{"prompt":"x"}'))]
    calls += [(m, Call("getVideo", {"video_id": "a"}, (), HEADERS)) for m in moments]
    return [
        read_exchange(document, call, Reply(200, JSON, body, d), at=1e9 + at, client_time=at)
        for (at, call), d in zip(calls, [None, *[delivery] * len(moments)], strict=True)
    ]


def test_polls_are_as_far_apart_as_the_client_has_waited(document: Document) -> None:
    assert codes(document, polls(document, 1, 21.1, delivery=SLOW)) == ["AV731 3"]
    assert codes(document, polls(document, 1, 21.5, delivery=SLOW)) == []
    assert codes(document, polls(document, 1, 20.9, delivery=SLOW)) == []


def test_a_last_poll_that_was_sent_in_time_may_be_answered_late(document: Document) -> None:
    late = Delivery(delay=100)
    assert codes(document, polls(document, 1, 150, 299, delivery=late)) == []
    assert codes(document, polls(document, 1, 150, 331, delivery=late)) == ["AV733 4"]
