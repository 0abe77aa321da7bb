"""Chunks of a body: size, delay and truncation."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server.chunks import CHUNKS_PER_BODY, Chunk, split_body
from aisa_testkit.openapi import Delivery

BODY = bytes(range(100))


def test_body_without_duration_is_one_chunk() -> None:
    assert [*split_body(BODY, Delivery(delay=9))] == [Chunk(0, BODY)]


def test_slow_body_is_split_into_equal_chunks() -> None:
    sent = [*split_body(BODY, Delivery(body_seconds=20))]
    assert len(sent) == CHUNKS_PER_BODY
    assert {(chunk.delay, len(chunk.content)) for chunk in sent} == {(2, 10)}
    assert b"".join(chunk.content for chunk in sent) == BODY


def test_short_slow_body_is_split_into_single_bytes() -> None:
    assert [*split_body(b"ab", Delivery(body_seconds=3))] == [Chunk(1.5, b"a"), Chunk(1.5, b"b")]


@pytest.mark.parametrize("seconds", [0, 20], ids=["at once", "slowly"])
@pytest.mark.parametrize("arrives", [0, 1, 25, 99, 100, 1000])
def test_truncated_body_arrives_at_the_same_speed(arrives: int, seconds: int) -> None:
    sent = [*split_body(BODY, Delivery(body_seconds=seconds, bytes_delivered=arrives))]
    assert b"".join(chunk.content for chunk in sent) == BODY[:arrives]
    arrived = len(BODY[:arrives])
    assert sum(chunk.delay for chunk in sent) == pytest.approx(seconds * arrived / len(BODY))


@pytest.mark.parametrize(
    "delivery", [Delivery(body_seconds=9), Delivery(bytes_delivered=5), Delivery()]
)
def test_empty_body_has_no_chunks(delivery: Delivery) -> None:
    assert [*split_body(b"", delivery)] == []
