"""Rules for the file of a job: when it is available, and that it is the requested one."""

from __future__ import annotations

import struct
from itertools import cycle

import pytest

from aisa_testkit.contracts import Exchange, check_history, read_exchange
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.codes import codes, codes_with_numbers
from tests.support.exchanges import json_reply, make_call, make_exchange
from tests.support.jobs import video_json
from tests.support.media import JPEG, MEDIA, MP4, WEBP

START = 1780000000
EXPIRY = START + 86400
JSON, VIDEO = {"content-type": "application/json"}, {"content-type": "video/mp4"}
SENT = {"authorization": "Bearer k", "x-render-key": "k", **JSON}
FILE = MP4.read_bytes()
IMAGE = WEBP.read_bytes()
SHEET = JPEG.read_bytes()
STATES: dict[str, dict[str, Json]] = {
    "queued": {"status": "queued", "progress": 0},
    "working": {"status": "in_progress", "progress": 50},
    "done": {
        "status": "completed",
        "progress": 100,
        "completed_at": START + 10,
        "expires_at": EXPIRY,
    },
    "unexpiring": {"status": "completed", "progress": 100, "completed_at": START + 10},
    "failed": {"status": "failed", "progress": 50, "error": {"code": "c", "message": "m"}},
}


def poll(document: Document, state: str, **changes: Json) -> Exchange:
    job = video_json(id="v", **{**STATES[state], **changes})
    return make_exchange(document, "getVideo", json_reply(job), job_id="v", at=START + 20)


def fetch(
    document: Document,
    reply: Reply | None,
    *,
    at: float = START + 20,
    variant: str | None = None,
    requested_range: str | None = None,
) -> Exchange:
    return make_exchange(
        document,
        "getVideoContent",
        reply,
        at=at,
        job_id="v",
        query={"variant": variant} if variant else None,
        headers={"range": requested_range} if requested_range else None,
    )


def found(document: Document, *history: Exchange) -> list[str]:
    """The code and the numbers of each violation."""
    return codes_with_numbers(check_history(document, history))


WHOLE = Reply(200, VIDEO, FILE)
RANGE = Reply(206, {**VIDEO, "content-range": f"bytes 0-9/{len(FILE)}"}, FILE[:10])


@pytest.mark.parametrize(
    ("script", "reply", "expected"),
    [
        ("queued fetch queued", WHOLE, ["AV221 2 3"]),
        ("queued fetch working", WHOLE, ["AV221 2 3"]),
        ("working fetch working", RANGE, ["AV221 2 3"]),
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
        "queued before and after",
        "running afterwards",
        "range",
        "failed before",
        "failed later",
        "completed afterwards",
        "not polled afterwards",
        "not polled before",
        "rejected as too early",
        "rejected as unknown",
        "server error",
        "broken connection",
        "rejected as failed",
    ],
)
def test_file_served_before_its_job_succeeded_is_reported(
    document: Document, script: str, reply: Reply | None, expected: list[str]
) -> None:
    history = [
        fetch(document, reply) if step == "fetch" else poll(document, step)
        for step in script.split()
    ]
    assert found(document, *history) == expected


@pytest.mark.parametrize("status", [400, 404, 409, 410])
def test_rejected_request_for_the_file_of_a_completed_job_is_reported(
    document: Document, status: int
) -> None:
    rejected = fetch(document, Reply(status, JSON, b"{}"))
    assert found(document, poll(document, "done"), rejected) == ["AV222 2"]
    assert found(document, poll(document, "unexpiring"), rejected) == ["AV222 2"]
    late = fetch(document, Reply(status, JSON, b"{}"), at=EXPIRY - 3600)
    assert found(document, poll(document, "done"), late) == ["AV222 2"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_rejections_not_about_the_job_are_not_reported(document: Document, status: int) -> None:
    rejected = fetch(document, Reply(status, JSON, b"{}"))
    assert found(document, poll(document, "done"), rejected) == []


def test_invalid_request_for_a_file_may_be_rejected(document: Document) -> None:
    rejected = fetch(document, Reply(400, JSON, b"{}"), variant="audio")
    assert found(document, poll(document, "done"), rejected) == []


@pytest.mark.parametrize("at", [EXPIRY, EXPIRY + 1, EXPIRY + 86400])
def test_expired_file_may_be_removed(document: Document, at: float) -> None:
    removed = fetch(document, Reply(404, JSON, b"{}"), at=at)
    assert found(document, poll(document, "done"), removed) == []
    assert found(document, poll(document, "unexpiring"), removed) == ["AV222 2"]


@pytest.mark.parametrize(
    ("reply", "requested_range"),
    [(WHOLE, None), (RANGE, "bytes=0-9")],
    ids=["whole file", "range"],
)
def test_file_served_after_its_expiry_is_reported(
    document: Document, reply: Reply, requested_range: str | None
) -> None:
    def found_at(state: str, at: float) -> list[str]:
        fetched = fetch(document, reply, at=at, requested_range=requested_range)
        return found(document, poll(document, state), fetched)

    assert found_at("done", EXPIRY + 3600) == ["AV223 2"]
    assert found_at("done", EXPIRY - 3600) == []
    # The server's clock may differ from ours.
    assert found_at("done", EXPIRY + 1) == []
    assert found_at("unexpiring", EXPIRY + 3600) == []


def created(document: Document, *, clock_offset: float, took: float) -> Exchange:
    """A create at START on the server's clock, and `clock_offset` seconds later on ours."""
    call = make_call(document, "createVideo", fields={"prompt": "x"})
    at = START + clock_offset
    return read_exchange(document, call, json_reply(video_json(id="v")), at=at, took=took)


EXPIRY_CASES: dict[str, tuple[float, int, float, list[str]]] = {
    "removed 3 seconds early": (-3, 404, 0, ["AV222"]),
    "removed 1 second early": (-1, 404, 0, []),
    "removed 1 second after expiry": (1, 404, 0, []),
    "served 1 second after expiry": (1, 200, 0, []),
    "served 3 seconds after expiry": (3, 200, 0, ["AV223"]),
    "served 3 seconds after expiry, slow create": (3, 200, 30, []),
    "served 33 seconds after expiry, slow create": (33, 200, 30, ["AV223"]),
    "removed 3 seconds early, slow create": (-3, 404, 30, []),
}


@pytest.mark.parametrize(
    ("clock_offset", "seconds", "status", "took", "expected"),
    [(o, *case) for o, case in zip(cycle([-7200, 0, 7200]), EXPIRY_CASES.values(), strict=False)],
    ids=EXPIRY_CASES,
)
def test_expiry_is_compared_with_the_clock_of_the_server(
    document: Document,
    clock_offset: float,
    seconds: float,
    status: int,
    took: float,
    expected: list[str],
) -> None:
    """The clock is estimated from the first created job, as exactly as the request took."""
    reply = WHOLE if status == 200 else Reply(status, JSON, b"{}")
    fetched = fetch(document, reply, at=EXPIRY + clock_offset + seconds)
    create = created(document, clock_offset=clock_offset, took=took)
    history = create, poll(document, "done"), fetched
    assert codes(check_history(document, history)) == expected


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
        (None, "Video/VIDEO; codecs=avc1", FILE, []),
        ("video", "video/mp4", FILE, []),
        ("thumbnail", "image/webp", IMAGE, []),
        ("spritesheet", "image/jpeg", SHEET, []),
    ],
    ids=[
        "HTML for a video",
        "truncated video",
        "image for a video",
        "JPEG for a WebP",
        "text for a WebP",
        "WebP for a JPEG",
        "video for the thumbnail",
        "thumbnail for the spritesheet",
        "thumbnail for the video",
        "video",
        "video with codec",
        "video requested by name",
        "thumbnail",
        "spritesheet",
    ],
)
def test_file_of_another_media_type_is_reported(
    document: Document, variant: str | None, media_type: str, body: bytes, expected: list[str]
) -> None:
    fetched = fetch(document, Reply(200, {"content-type": media_type}, body), variant=variant)
    assert found(document, poll(document, "done"), fetched) == expected


def test_empty_file_is_reported_unless_the_request_was_head(document: Document) -> None:
    empty = fetch(document, Reply(200, {**VIDEO, "content-length": "0"}))
    head = fetch(document, Reply(200, {**VIDEO, "content-length": str(len(FILE))}))
    assert found(document, poll(document, "done"), empty) == ["AV224 2"]
    assert found(document, poll(document, "done"), head) == []


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
def test_video_of_another_size_or_duration_is_reported(
    document: Document, file: str, expected: list[str]
) -> None:
    fetched = fetch(document, Reply(200, VIDEO, (MEDIA / f"{file}.mp4").read_bytes()))
    assert found(document, poll(document, "done"), fetched) == expected
    size, _, seconds = file.removesuffix("s").partition("-")
    assert found(document, poll(document, "done", size=size, seconds=seconds), fetched) == []


def test_messages_state_size_in_pixels_and_duration_in_seconds(document: Document) -> None:
    fetched = fetch(document, Reply(200, VIDEO, (MEDIA / "1280x720-12s.mp4").read_bytes()))
    size, length = check_history(document, [poll(document, "done"), fetched])
    assert (size.received, size.expected) == ("1280x720", "720x1280")
    assert (length.received, length.expected) == ("12.00 seconds", "4 seconds")


@pytest.mark.parametrize(
    ("requested_range", "content_range", "length", "expected"),
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
        "requested range",
        "unknown length",
        "open-ended range",
        "range beyond the end",
        "suffix range",
        "unit in upper case",
        "one byte missing",
        "longer than requested",
        "another range",
        "whole file for an open-ended range",
        "beginning for a suffix range",
        "no Content-Range",
        "no unit",
        "Content-Range without positions",
        "positions reversed",
        "not requested",
    ],
)
def test_content_range_other_than_the_requested_range_is_reported(
    document: Document,
    requested_range: str | None,
    content_range: str | None,
    length: int,
    expected: list[str],
) -> None:
    headers = {**VIDEO, "content-range": content_range} if content_range else VIDEO
    fetched = fetch(document, Reply(206, headers, bytes(length)), requested_range=requested_range)
    assert found(document, poll(document, "done"), fetched) == expected


def test_range_request_may_return_the_whole_file(document: Document) -> None:
    assert (
        found(document, poll(document, "done"), fetch(document, WHOLE, requested_range="bytes=0-9"))
        == []
    )
    invalid = fetch(document, Reply(200, VIDEO, b"oops"), requested_range="bytes=0-9")
    assert found(document, poll(document, "done"), invalid) == ["AV224 2"]


def test_multipart_ranges_are_not_checked(document: Document) -> None:
    parts = Reply(206, {"content-type": "multipart/byteranges; boundary=b"}, b"--b\r\n")
    fetched = fetch(document, parts, requested_range="bytes=0-1,4-5")
    assert found(document, poll(document, "done"), fetched) == []


def test_duration_of_a_fragmented_video_is_not_checked(document: Document) -> None:
    def box(name: bytes, *inner: bytes) -> bytes:
        content = b"".join(inner)
        return struct.pack(">I4s", 8 + len(content), name) + content

    size = box(b"tkhd", bytes(76), struct.pack(">II", 720 << 16, 1280 << 16))
    length = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, 1000, 0), bytes(4))
    picture = box(b"trak", size, box(b"mdia", length, box(b"hdlr", bytes(8), b"vide", bytes(13))))
    index = box(b"moov", picture, box(b"mvex", box(b"trex", bytes(24))))
    file = box(b"ftyp", b"isom", bytes(4)) + index + box(b"moof") + box(b"mdat", b"frames")
    fetched = fetch(document, Reply(200, VIDEO, file))
    assert found(document, poll(document, "done"), fetched) == []
    assert found(document, poll(document, "done", size="1280x720"), fetched) == ["AV225 2"]
