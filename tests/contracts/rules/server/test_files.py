"""Ranges of a file are compared with the whole file that was served."""

from __future__ import annotations

import struct

import pytest

from aisa_testkit.contracts import Exchange, check_history
from aisa_testkit.openapi import Document, JobRole, Reply
from tests.support.codes import codes_and_numbers
from tests.support.exchanges import json_reply, make_exchange
from tests.support.jobs import completed_video_json
from tests.support.media import MP4, WEBP

FILE = MP4.read_bytes()
IMAGE = WEBP.read_bytes()
SIZE = len(FILE)
VIDEO = {"content-type": "video/mp4"}
NOW = 1780000020


def poll(document: Document, job_id: str = "v") -> Exchange:
    reply = json_reply(completed_video_json(id=job_id))
    return make_exchange(document, JobRole.POLL, reply, job_id=job_id, at=NOW)


def fetch(
    document: Document,
    reply: Reply,
    *,
    job_id: str = "v",
    variant: str = "",
    requested_range: str = "",
) -> Exchange:
    return make_exchange(
        document,
        JobRole.RESULT,
        reply,
        at=NOW,
        job_id=job_id,
        query={"variant": variant} if variant else None,
        headers={"range": requested_range} if requested_range else None,
    )


def range_reply(first: int, body: bytes, length: int | str = SIZE) -> Reply:
    content_range = f"bytes {first}-{first + len(body) - 1}/{length}"
    return Reply(206, {**VIDEO, "content-range": content_range}, body)


def found(document: Document, *history: Exchange) -> list[tuple[str, tuple[int, ...]]]:
    return codes_and_numbers(check_history(document, history))


WHOLE = Reply(200, VIDEO, FILE)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (range_reply(5, FILE[5:105]), None),
        (range_reply(5, FILE[5:105], "*"), None),
        (range_reply(5, FILE[6:106]), "the same bytes as in no. 2"),
        (range_reply(5, FILE[6:106], "*"), "the same bytes as in no. 2"),
        (range_reply(5, bytes(100)), "the same bytes as in no. 2"),
        (range_reply(5, FILE[5:105], SIZE + 1), f"a length of {SIZE} bytes, as in no. 2"),
        (range_reply(5, FILE[5:105], 100), f"a length of {SIZE} bytes, as in no. 2"),
    ],
    ids=[
        "same bytes",
        "same bytes, unknown length",
        "one byte further",
        "one byte further, unknown length",
        "other bytes",
        "length one byte too long",
        "length of the range instead of the file",
    ],
)
def test_range_with_other_bytes_or_length_than_the_whole_file_is_reported(
    document: Document, reply: Reply, expected: str | None
) -> None:
    history = [
        poll(document),
        fetch(document, WHOLE),
        fetch(document, reply, requested_range="bytes=5-104"),
    ]
    violations = check_history(document, history)
    assert [v.expected for v in violations] == ([expected] if expected else [])
    assert [(v.code, v.place, v.numbers) for v in violations] == (
        [("AV227", "content-range", (2, 3))] if expected else []
    )


def test_range_beyond_the_end_of_the_whole_file_is_reported(document: Document) -> None:
    beyond = range_reply(SIZE - 50, FILE[-50:] + bytes(50), SIZE)
    history = [
        poll(document),
        fetch(document, WHOLE),
        fetch(document, beyond, requested_range=f"bytes={SIZE - 50}-"),
    ]
    assert found(document, *history) == [("AV227", (2, 3))]


def test_range_is_not_compared_with_other_files(document: Document) -> None:
    other = fetch(document, range_reply(0, bytes(10)), requested_range="bytes=0-9")
    assert found(document, poll(document), other) == []
    image = Reply(200, {"content-type": "image/webp"}, IMAGE)
    thumbnail = fetch(document, image, variant="thumbnail")
    assert found(document, poll(document), thumbnail, other) == []
    elsewhere = fetch(document, WHOLE, job_id="w")
    assert found(document, poll(document), poll(document, "w"), elsewhere, other) == []


def test_range_with_missing_bytes_is_reported_once(document: Document) -> None:
    short = Reply(206, {**VIDEO, "content-range": f"bytes 5-104/{SIZE}"}, FILE[5:100])
    history = [
        poll(document),
        fetch(document, WHOLE),
        fetch(document, short, requested_range="bytes=5-104"),
    ]
    assert [code for code, _ in found(document, *history)] == ["AV227"]


def test_range_is_compared_with_the_last_whole_file(document: Document) -> None:
    """A server may encode the file again."""
    free = struct.pack(">I4s", 12, b"free") + b"film"
    longer = fetch(document, Reply(200, VIDEO, FILE + free))
    rest = fetch(document, range_reply(SIZE, free, SIZE + 12), requested_range=f"bytes={SIZE}-")
    assert found(document, poll(document), fetch(document, WHOLE), longer, rest) == []
