"""Latency of responses: the waits of a client begin when it has received the response."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from tests.support.client_codes import client_codes

JSON = {"content-type": "application/json"}
HEADERS = {"authorization": "Bearer k", **JSON}
SLOW = Delivery(delay=20)


@pytest.mark.parametrize(
    ("delivery", "seconds"),
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
        "no delivery",
        "no latency",
        "delay",
        "delay and slow body",
        "a quarter of the body",
        "more than the body",
        "no body",
        "lost",
    ],
)
def test_time_of_an_exchange_includes_the_latency_of_its_response(
    document: Document, delivery: Delivery | None, seconds: float
) -> None:
    reply = Reply(200, JSON, b"[{}]", delivery)
    exchange = read_exchange(document, Call("listVideos"), reply, at=100, took=1, client_time=10)
    assert (exchange.at, exchange.took, exchange.client_time) == (
        100 + seconds,
        1 + seconds,
        10 + seconds,
    )
    unknown = read_exchange(document, Call("listVideos"), reply, at=100)
    assert (unknown.took, unknown.client_time) == (seconds, None)


def list_twice(document: Document, second: float, *, delivery: Delivery = SLOW) -> list[Exchange]:
    """A list request at 0 whose response asks for a wait of ten seconds, and the next one."""
    call = Call("listVideos", {}, (), HEADERS)
    busy = Reply(429, {"retry-after": "10"}, b"", delivery)
    return [
        read_exchange(document, call, reply, at=1e9 + moment, client_time=moment)
        for moment, reply in ((0, busy), (second, Reply(200, JSON, b"{}")))
    ]


def test_retry_after_begins_when_the_response_is_received(document: Document) -> None:
    assert client_codes(document, list_twice(document, 20)) == ["AV722 1 2"]
    assert client_codes(document, list_twice(document, 28)) == ["AV722 1 2"]
    assert client_codes(document, list_twice(document, 30)) == []
    slow = Delivery(body_seconds=20)
    assert client_codes(document, list_twice(document, 28, delivery=slow)) == ["AV722 1 2"]


def test_rounding_error_does_not_make_a_wait_too_short(document: Document) -> None:
    call, now, late = Call("listVideos", {}, (), HEADERS), 24.127865795060305, Delivery(delay=40)
    history = [
        read_exchange(document, call, reply, at=now, client_time=now)
        for reply in (Reply(429, {"retry-after": "0"}), Reply(200, JSON, b"{}", late))
    ]
    assert (history[1].client_time or 0) - history[1].took < now
    assert client_codes(document, history) == []


def test_latency_of_the_second_response_is_not_part_of_the_wait(document: Document) -> None:
    first, second = list_twice(document, 25)
    late = read_exchange(
        document, second.call, Reply(200, JSON, b"{}", SLOW), at=1e9 + 25, client_time=25
    )
    assert client_codes(document, [first, late]) == ["AV722 1 2"]


def test_request_sent_before_the_response_is_not_a_retry(document: Document) -> None:
    assert "AV722 1 2" not in client_codes(document, list_twice(document, 5))


def create_and_poll(document: Document, *times: float, delivery: Delivery) -> list[Exchange]:
    """A create at 0, and polls of its pending job at these times."""
    body = orjson.dumps({"id": "a", "status": "queued"})
    calls = [(0.0, Call("createVideo", {}, (), HEADERS, b'{"prompt":"x"}'))]
    calls += [(time, Call("getVideo", {"video_id": "a"}, (), HEADERS)) for time in times]
    return [
        read_exchange(document, call, Reply(200, JSON, body, d), at=1e9 + at, client_time=at)
        for (at, call), d in zip(calls, [None, *[delivery] * len(times)], strict=True)
    ]


def test_poll_interval_begins_when_the_response_is_received(document: Document) -> None:
    assert client_codes(document, create_and_poll(document, 1, 21.1, delivery=SLOW)) == ["AV731 3"]
    assert client_codes(document, create_and_poll(document, 1, 21.5, delivery=SLOW)) == []
    assert client_codes(document, create_and_poll(document, 1, 20.9, delivery=SLOW)) == []


def test_latency_of_the_last_poll_is_not_part_of_the_total_wait(document: Document) -> None:
    late = Delivery(delay=100)
    assert client_codes(document, create_and_poll(document, 1, 150, 299, delivery=late)) == []
    assert client_codes(document, create_and_poll(document, 1, 150, 332, delivery=late)) == [
        "AV733 4"
    ]
