"""The pieces of a body: all that gets through, evenly over its seconds."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server.chunks import CHUNKS_PER_BODY, Chunk, split_body
from aisa_testkit.openapi import Delivery

BODY = bytes(range(100))


def test_a_body_without_seconds_goes_in_one_piece() -> None:
    assert [*split_body(BODY, Delivery(delay=9))] == [Chunk(0, BODY)]


def test_a_slow_body_goes_evenly_over_its_seconds() -> None:
    sent = [*split_body(BODY, Delivery(body_seconds=20))]
    assert len(sent) == CHUNKS_PER_BODY
    assert {(piece.delay, len(piece.content)) for piece in sent} == {(2, 10)}
    assert b"".join(piece.content for piece in sent) == BODY


def test_a_body_of_a_few_bytes_goes_byte_by_byte() -> None:
    assert [*split_body(b"ab", Delivery(body_seconds=3))] == [Chunk(1.5, b"a"), Chunk(1.5, b"b")]


@pytest.mark.parametrize("seconds", [0, 20], ids=["at once", "slowly"])
@pytest.mark.parametrize("arrives", [0, 1, 25, 99, 100, 1000])
def test_a_body_that_breaks_off_comes_as_fast_up_to_there(arrives: int, seconds: int) -> None:
    sent = [*split_body(BODY, Delivery(body_seconds=seconds, bytes_delivered=arrives))]
    assert b"".join(piece.content for piece in sent) == BODY[:arrives]
    arrived = len(BODY[:arrives])
    assert sum(piece.delay for piece in sent) == pytest.approx(seconds * arrived / len(BODY))


@pytest.mark.parametrize(
    "delivery", [Delivery(body_seconds=9), Delivery(bytes_delivered=5), Delivery()]
)
def test_no_body_has_no_pieces(delivery: Delivery) -> None:
    assert [*split_body(b"", delivery)] == []
