"""The chunks in which a body is sent, and their delays."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Final, NamedTuple

from ..openapi import Delivery


class Chunk(NamedTuple):
    """A part of a body.

    Args:
        delay: The seconds, by the clock of the mock, to wait before it is sent.
        content: The bytes.
    """

    delay: float
    content: bytes


def split_body(body: bytes, delivery: Delivery) -> Iterator[Chunk]:
    """Yield the chunks of a body that arrive, spread evenly over the seconds of the delivery."""
    size = ceil(len(body) / CHUNKS_PER_BODY) if delivery.body_seconds else len(body)
    arriving = (
        len(body) if delivery.bytes_delivered is None else min(delivery.bytes_delivered, len(body))
    )
    for start in range(0, arriving, max(1, size)):
        content = body[start : min(start + size, arriving)]
        yield Chunk(delivery.body_seconds * len(content) / len(body), content)


CHUNKS_PER_BODY: Final = 10
