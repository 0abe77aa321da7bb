"""A part of a file is of the whole that was served, whoever asks in what order."""

from __future__ import annotations

import struct
from pathlib import Path

import orjson
import pytest

from aisa_testkit import mock_server
from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.openapi import Call, Document, Reply

MEDIA = Path(mock_server.__file__).parent / "media"
FILE = (MEDIA / "720x1280-4s.mp4").read_bytes()
IMAGE = (MEDIA / "720x1280-4s.webp").read_bytes()
SIZE = len(FILE)
JSON, MP4 = {"content-type": "application/json"}, {"content-type": "video/mp4"}
KEY = {"authorization": "Bearer sk-of-a-client"}
NOW = 1780000020


def poll(document: Document, job_id: str = "v") -> Exchange:
    job = {
        "id": job_id,
        "object": "video",
        "model": "sora-2",
        "status": "completed",
        "progress": 100,
        "created_at": NOW - 20,
        "completed_at": NOW - 10,
        "expires_at": NOW + 86400,
        "prompt": "x",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }
    call = Call("getVideo", {"video_id": job_id}, (), KEY)
    return read_exchange(document, call, Reply(200, JSON, orjson.dumps(job)), at=NOW)


def fetch(
    document: Document, reply: Reply, *, job_id: str = "v", variant: str = "", range_: str = ""
) -> Exchange:
    headers = {**KEY, "range": range_} if range_ else KEY
    query = (("variant", variant),) if variant else ()
    call = Call("getVideoContent", {"video_id": job_id}, query, headers)
    return read_exchange(document, call, reply, at=NOW)


def part(first: int, body: bytes, length: int | str = SIZE) -> Reply:
    said = f"bytes {first}-{first + len(body) - 1}/{length}"
    return Reply(206, {**MP4, "content-range": said}, body)


def told(document: Document, *history: Exchange) -> list[tuple[str, tuple[int, ...]]]:
    return [(v.code, v.numbers) for v in check_history(document, history)]


WHOLE = Reply(200, MP4, FILE)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (part(5, FILE[5:105]), None),
        (part(5, FILE[5:105], "*"), None),
        (part(5, FILE[6:106]), "the same bytes as in no. 2"),
        (part(5, FILE[6:106], "*"), "the same bytes as in no. 2"),
        (part(5, bytes(100)), "the same bytes as in no. 2"),
        (part(5, FILE[5:105], SIZE + 1), f"a length of {SIZE} bytes, as no. 2 sent"),
        (part(5, FILE[5:105], 100), f"a length of {SIZE} bytes, as no. 2 sent"),
    ],
    ids=[
        "the part",
        "the part of an unknown length",
        "a byte further",
        "a byte further, of an unknown length",
        "no bytes of it",
        "a byte more in all",
        "the length of the part for that of the whole",
    ],
)
def test_a_part_has_the_bytes_and_the_length_of_the_whole(
    document: Document, reply: Reply, expected: str | None
) -> None:
    history = [poll(document), fetch(document, WHOLE), fetch(document, reply, range_="bytes=5-104")]
    wrong = check_history(document, history)
    assert [v.expected for v in wrong] == ([expected] if expected else [])
    assert [(v.code, v.place, v.numbers) for v in wrong] == (
        [("AV227", "content-range", (2, 3))] if expected else []
    )


def test_a_part_that_reaches_beyond_the_whole_is_of_another_file(document: Document) -> None:
    beyond = part(SIZE - 50, FILE[-50:] + bytes(50), SIZE)
    history = [
        poll(document),
        fetch(document, WHOLE),
        fetch(document, beyond, range_=f"bytes={SIZE - 50}-"),
    ]
    assert told(document, *history) == [("AV227", (2, 3))]


def test_a_part_alone_or_of_another_file_has_no_whole_to_compare(document: Document) -> None:
    other = fetch(document, part(0, bytes(10)), range_="bytes=0-9")
    assert told(document, poll(document), other) == []
    image = Reply(200, {"content-type": "image/webp"}, IMAGE)
    thumbnail = fetch(document, image, variant="thumbnail")
    assert told(document, poll(document), thumbnail, other) == []
    elsewhere = fetch(document, WHOLE, job_id="w")
    assert told(document, poll(document), poll(document, "w"), elsewhere, other) == []


def test_a_part_with_too_few_bytes_is_told_once(document: Document) -> None:
    short = Reply(206, {**MP4, "content-range": f"bytes 5-104/{SIZE}"}, FILE[5:100])
    history = [poll(document), fetch(document, WHOLE), fetch(document, short, range_="bytes=5-104")]
    assert [code for code, _ in told(document, *history)] == ["AV227"]


def test_the_last_whole_counts(document: Document) -> None:
    """A file may be made anew, as long as it is one."""
    free = struct.pack(">I4s", 12, b"free") + b"film"
    longer = fetch(document, Reply(200, MP4, FILE + free))
    rest = fetch(document, part(SIZE, free, SIZE + 12), range_=f"bytes={SIZE}-")
    assert told(document, poll(document), fetch(document, WHOLE), longer, rest) == []
