"""The laws of a job's file: when it is there, and that it is what was asked for."""

from __future__ import annotations

import struct
from pathlib import Path

import orjson
import pytest

from aisa_testkit import mock_server
from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

MEDIA = Path(mock_server.__file__).parent / "media"
START = 1780000000
EXPIRY = START + 86400
JSON, MP4 = {"content-type": "application/json"}, {"content-type": "video/mp4"}
SENT = {"authorization": "Bearer k", "x-render-key": "k", **JSON}
FILE = (MEDIA / "720x1280-4s.mp4").read_bytes()
IMAGE = (MEDIA / "720x1280-4s.webp").read_bytes()
SHEET = (MEDIA / "720x1280-4s.jpg").read_bytes()
STATES: dict[str, dict[str, Json]] = {
    "queued": {"status": "queued", "progress": 0},
    "working": {"status": "in_progress", "progress": 50},
    "done": {
        "status": "completed",
        "progress": 100,
        "completed_at": START + 10,
        "expires_at": EXPIRY,
    },
    "kept": {"status": "completed", "progress": 100, "completed_at": START + 10},
    "failed": {"status": "failed", "progress": 50, "error": {"code": "c", "message": "m"}},
}


def poll(document: Document, state: str, **changes: Json) -> Exchange:
    job = {
        "id": "v",
        "object": "video",
        "model": "sora-2",
        "created_at": START,
        "completed_at": None,
        "expires_at": None,
        "prompt": "x",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
        **STATES[state],
        **changes,
    }
    call = Call("getVideo", {"video_id": "v"}, (), SENT)
    return read_exchange(document, call, Reply(200, JSON, orjson.dumps(job)), at=START + 20)


def fetch(
    document: Document,
    reply: Reply | None,
    *,
    at: float = START + 20,
    variant: str | None = None,
    asked: str | None = None,
) -> Exchange:
    headers = {**SENT, "range": asked} if asked else SENT
    query = (("variant", variant),) if variant else ()
    return read_exchange(
        document, Call("getVideoContent", {"video_id": "v"}, query, headers), reply, at=at
    )


def told(document: Document, *history: Exchange) -> list[str]:
    """Each violation as its code and its numbers."""
    return [" ".join([v.code, *map(str, v.numbers)]) for v in check_history(document, history)]


WHOLE = Reply(200, MP4, FILE)
CUT = Reply(206, {**MP4, "content-range": f"bytes 0-9/{len(FILE)}"}, FILE[:10])


@pytest.mark.parametrize(
    ("script", "reply", "expected"),
    [
        ("queued fetch queued", WHOLE, ["AV221 2 3"]),
        ("queued fetch working", WHOLE, ["AV221 2 3"]),
        ("working fetch working", CUT, ["AV221 2 3"]),
        ("failed fetch", WHOLE, ["AV221 1 2"]),
        ("working fetch failed fetch", WHOLE, ["AV221 3 4"]),
        ("working fetch done fetch", WHOLE, []),
        ("queued fetch", WHOLE, []),
        ("fetch queued", WHOLE, []),
        ("queued fetch queued", Reply(409, JSON, b"{}"), []),
        ("queued fetch queued", Reply(404, JSON, b"{}"), []),
        ("queued fetch queued", Reply(503, JSON, b"{}"), []),
        ("queued fetch queued", None, []),
        ("failed fetch", Reply(409, JSON, b"{}"), []),
    ],
    ids=[
        "waiting before and after",
        "at work after",
        "a part",
        "failed before",
        "failed later",
        "done after",
        "no look after",
        "no look before",
        "refused as too early",
        "refused as unknown",
        "the server down",
        "a broken connection",
        "refused as failed",
    ],
)
def test_a_file_is_too_early_if_its_job_is_seen_at_work_afterwards(
    document: Document, script: str, reply: Reply | None, expected: list[str]
) -> None:
    history = [
        fetch(document, reply) if step == "fetch" else poll(document, step)
        for step in script.split()
    ]
    assert told(document, *history) == expected


@pytest.mark.parametrize("status", [400, 404, 409, 410])
def test_a_finished_job_must_give_its_file(document: Document, status: int) -> None:
    refused = fetch(document, Reply(status, JSON, b"{}"))
    assert told(document, poll(document, "done"), refused) == ["AV222 2"]
    assert told(document, poll(document, "kept"), refused) == ["AV222 2"]
    late = fetch(document, Reply(status, JSON, b"{}"), at=EXPIRY - 3600)
    assert told(document, poll(document, "done"), late) == ["AV222 2"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_refusal_that_is_not_about_the_job_does_not_count(
    document: Document, status: int
) -> None:
    refused = fetch(document, Reply(status, JSON, b"{}"))
    assert told(document, poll(document, "done"), refused) == []


def test_a_wrong_request_for_a_file_may_be_refused(document: Document) -> None:
    refused = fetch(document, Reply(400, JSON, b"{}"), variant="audio")
    assert told(document, poll(document, "done"), refused) == []


@pytest.mark.parametrize("at", [EXPIRY, EXPIRY + 1, EXPIRY + 86400])
def test_an_expired_file_may_be_gone(document: Document, at: float) -> None:
    gone = fetch(document, Reply(404, JSON, b"{}"), at=at)
    assert told(document, poll(document, "done"), gone) == []
    assert told(document, poll(document, "kept"), gone) == ["AV222 2"]


@pytest.mark.parametrize(
    ("reply", "asked"), [(WHOLE, None), (CUT, "bytes=0-9")], ids=["the whole file", "a part"]
)
def test_a_file_must_not_outlive_its_expiry(
    document: Document, reply: Reply, asked: str | None
) -> None:
    def told_at(state: str, at: float) -> list[str]:
        return told(document, poll(document, state), fetch(document, reply, at=at, asked=asked))

    assert told_at("done", EXPIRY + 3600) == ["AV223 2"]
    assert told_at("done", EXPIRY - 3600) == []
    # The clock of a server cannot be known to the second.
    assert told_at("done", EXPIRY + 1) == []
    assert told_at("kept", EXPIRY + 3600) == []


def made(document: Document, *, ahead: float = 0, took: float = 0) -> Exchange:
    """A create that is answered at START, by a clock that is so much behind ours."""
    job = {**orjson.loads(poll_body(document)), "status": "queued", "progress": 0}
    job |= {"completed_at": None, "expires_at": None}
    call = Call("createVideo", {}, (), SENT, b'{"prompt":"x"}')
    reply = Reply(200, JSON, orjson.dumps(job))
    return read_exchange(document, call, reply, at=START + ahead, took=took)


def poll_body(document: Document) -> bytes:
    reply = poll(document, "done").reply
    return reply.body if reply else b""


@pytest.mark.parametrize("ahead", [0, -7200, 7200], ids=["right", "behind", "ahead"])
@pytest.mark.parametrize(
    ("after", "status", "took", "expected"),
    [
        (-3, 404, 0, ["AV222"]),
        (-1, 404, 0, []),
        (1, 404, 0, []),
        (1, 200, 0, []),
        (3, 200, 0, ["AV223"]),
        (3, 200, 30, []),
        (33, 200, 30, ["AV223"]),
        (-3, 404, 30, []),
    ],
    ids=[
        "gone too early",
        "gone a second early",
        "gone in time",
        "there a second longer",
        "there too long",
        "there too long, as far as anyone knows",
        "there too long by any clock",
        "gone too early, as far as anyone knows",
    ],
)
def test_the_clock_of_a_server_is_known_by_the_job_that_it_made(
    document: Document, ahead: float, after: float, status: int, took: float, expected: list[str]
) -> None:
    reply = WHOLE if status == 200 else Reply(status, JSON, b"{}")
    got = fetch(document, reply, at=EXPIRY + ahead + after)
    history = made(document, ahead=ahead, took=took), poll(document, "done"), got
    assert [v.code for v in check_history(document, history)] == expected


@pytest.mark.parametrize(
    ("variant", "media_type", "body", "expected"),
    [
        (None, "video/mp4", b"<html>oops</html>", ["AV224 2"]),
        (None, "video/mp4", FILE[:-1], ["AV224 2"]),
        (None, "video/mp4", IMAGE, ["AV224 2"]),
        ("thumbnail", "image/webp", SHEET, ["AV224 2"]),
        ("thumbnail", "image/webp", b"oops", ["AV224 2"]),
        ("spritesheet", "image/jpeg", IMAGE, ["AV224 2"]),
        ("thumbnail", "video/mp4", FILE, ["AV224 2"]),
        ("spritesheet", "image/webp", IMAGE, ["AV224 2"]),
        (None, "image/webp", IMAGE, ["AV224 2"]),
        (None, "video/mp4", FILE, []),
        (None, "Video/MP4; codecs=avc1", FILE, []),
        ("video", "video/mp4", FILE, []),
        ("thumbnail", "image/webp", IMAGE, []),
        ("spritesheet", "image/jpeg", SHEET, []),
    ],
    ids=[
        "HTML for a video",
        "a video cut off",
        "an image for a video",
        "a JPEG for a WebP",
        "text for a WebP",
        "a WebP for a JPEG",
        "a video for the thumbnail",
        "the thumbnail for the spritesheet",
        "the thumbnail for the video",
        "the video",
        "the video with its codec",
        "the video by its name",
        "the thumbnail",
        "the spritesheet",
    ],
)
def test_a_file_is_of_the_type_that_is_asked_for_and_said(
    document: Document, variant: str | None, media_type: str, body: bytes, expected: list[str]
) -> None:
    got = fetch(document, Reply(200, {"content-type": media_type}, body), variant=variant)
    assert told(document, poll(document, "done"), got) == expected


def test_an_empty_file_is_no_file_but_head_has_no_body(document: Document) -> None:
    empty = fetch(document, Reply(200, {**MP4, "content-length": "0"}))
    head = fetch(document, Reply(200, {**MP4, "content-length": str(len(FILE))}))
    assert told(document, poll(document, "done"), empty) == ["AV224 2"]
    assert told(document, poll(document, "done"), head) == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("720x1280-4s", []),
        ("1280x720-4s", ["AV225 2"]),
        ("1024x1792-4s", ["AV225 2"]),
        ("720x1280-8s", ["AV226 2"]),
        ("1280x720-12s", ["AV225 2", "AV226 2"]),
    ],
)
def test_a_video_is_of_the_size_and_length_of_its_job(
    document: Document, file: str, expected: list[str]
) -> None:
    got = fetch(document, Reply(200, MP4, (MEDIA / f"{file}.mp4").read_bytes()))
    assert told(document, poll(document, "done"), got) == expected
    size, _, seconds = file.removesuffix("s").partition("-")
    assert told(document, poll(document, "done", size=size, seconds=seconds), got) == []


def test_what_is_wrong_with_a_video_is_told_in_its_units(document: Document) -> None:
    got = fetch(document, Reply(200, MP4, (MEDIA / "1280x720-12s.mp4").read_bytes()))
    size, length = check_history(document, [poll(document, "done"), got])
    assert (size.received, size.expected) == ("1280x720", "720x1280")
    assert (length.received, length.expected) == ("12.00 seconds", "4 seconds")


@pytest.mark.parametrize(
    ("asked", "said", "length", "expected"),
    [
        ("bytes=0-9", "bytes 0-9/100", 10, []),
        ("bytes=0-9", "bytes 0-9/*", 10, []),
        ("bytes=90-", "bytes 90-99/100", 10, []),
        ("bytes=90-200", "bytes 90-99/100", 10, []),
        ("bytes=-10", "bytes 90-99/100", 10, []),
        ("Bytes=0-9", "Bytes 0-9/100", 10, []),
        ("bytes=0-9", "bytes 0-9/100", 9, ["AV227 2"]),
        ("bytes=0-9", "bytes 0-19/100", 20, ["AV227 2"]),
        ("bytes=10-19", "bytes 0-9/100", 10, ["AV227 2"]),
        ("bytes=90-", "bytes 0-99/100", 100, ["AV227 2"]),
        ("bytes=-10", "bytes 0-9/100", 10, ["AV227 2"]),
        ("bytes=0-9", None, 10, ["AV227 2"]),
        ("bytes=0-9", "0-9/100", 10, ["AV227 2"]),
        ("bytes=0-9", "bytes */100", 10, ["AV227 2"]),
        ("bytes=0-9", "bytes 9-0/100", 10, ["AV227 2"]),
        (None, "bytes 0-9/100", 10, ["AV227 2"]),
    ],
    ids=[
        "the part",
        "of an unknown length",
        "the rest",
        "more than there is",
        "the end",
        "the unit in capitals",
        "a byte too few",
        "more than asked for",
        "another part",
        "the whole for the rest",
        "the beginning for the end",
        "no range said",
        "no unit",
        "no part said",
        "backwards",
        "not asked for",
    ],
)
def test_a_part_is_the_one_that_was_asked_for(
    document: Document, asked: str | None, said: str | None, length: int, expected: list[str]
) -> None:
    headers = {**MP4, "content-range": said} if said else MP4
    got = fetch(document, Reply(206, headers, bytes(length)), asked=asked)
    assert told(document, poll(document, "done"), got) == expected


def test_a_range_may_be_answered_with_the_whole_file(document: Document) -> None:
    assert told(document, poll(document, "done"), fetch(document, WHOLE, asked="bytes=0-9")) == []
    spoilt = fetch(document, Reply(200, MP4, b"oops"), asked="bytes=0-9")
    assert told(document, poll(document, "done"), spoilt) == ["AV224 2"]


def test_several_parts_at_once_have_their_ranges_in_the_body(document: Document) -> None:
    parts = Reply(206, {"content-type": "multipart/byteranges; boundary=b"}, b"--b\r\n")
    got = fetch(document, parts, asked="bytes=0-1,4-5")
    assert told(document, poll(document, "done"), got) == []


def test_the_length_of_a_fragmented_video_is_not_in_its_track(document: Document) -> None:
    def box(name: bytes, *inner: bytes) -> bytes:
        content = b"".join(inner)
        return struct.pack(">I4s", 8 + len(content), name) + content

    size = box(b"tkhd", bytes(76), struct.pack(">II", 720 << 16, 1280 << 16))
    length = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 1000, 0), bytes(4))
    picture = box(b"trak", size, box(b"mdia", length, box(b"hdlr", bytes(8), b"vide", bytes(13))))
    index = box(b"moov", picture, box(b"mvex", box(b"trex", bytes(24))))
    file = box(b"ftyp", b"isom", bytes(4)) + index + box(b"moof") + box(b"mdat", b"frames")
    got = fetch(document, Reply(200, MP4, file))
    assert told(document, poll(document, "done"), got) == []
    assert told(document, poll(document, "done", size="1280x720"), got) == ["AV225 2"]
