"""The pieces in which a body goes over the wire, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from ..openapi import Delivery


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some bytes of a body, and how many seconds of the server's clock pass before they come."""

    delay: float
    content: bytes


def split_body(body: bytes, delivery: Delivery) -> Iterator[Chunk]:
    """What gets through of a body, evenly over the seconds that the whole of it takes."""
    size = ceil(len(body) / CHUNKS_PER_BODY) if delivery.seconds else len(body)
    arriving = len(body) if delivery.arrives is None else min(delivery.arrives, len(body))
    for start in range(0, arriving, max(1, size)):
        content = body[start : min(start + size, arriving)]
        yield Chunk(delivery.seconds * len(content) / len(body), content)


CHUNKS_PER_BODY: Final = 10
