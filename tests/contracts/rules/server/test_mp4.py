"""The reader of MP4 files, with real, damaged and hand-made files."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisa_testkit.contracts.rules.server.mp4 import InvalidMp4, Mp4, read_mp4
from tests.support.media import MEDIA

FILES = sorted(MEDIA.glob("*.mp4"))
SMALLEST = min(FILES, key=lambda path: path.stat().st_size)
NAMES = (b"ftyp", b"moov", b"mdat", b"trak", b"tkhd", b"mdia", b"mdhd", b"hdlr", b"free")


def box(name: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I4s", 8 + len(content), name) + content


def long_box(name: bytes, *contents: bytes) -> bytes:
    """A box whose size has 64 bits."""
    content = b"".join(contents)
    return struct.pack(">I4sQ", 1, name, 16 + len(content)) + content


def track_header(width: int, height: int, *, version: int = 0) -> bytes:
    times = bytes(32 if version else 20)
    rest = bytes(52) + struct.pack(">II", width << 16, height << 16)
    return box(b"tkhd", bytes([version, 0, 0, 7]), times, rest)


def media_header(scale: int, duration: int, *, version: int = 0) -> bytes:
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, scale, duration)
    return box(b"mdhd", bytes([version, 0, 0, 0]), times, bytes(4))


def handler(kind: bytes) -> bytes:
    return box(b"hdlr", bytes(8), kind, bytes(13))


def track(header: bytes, media: bytes, kind: bytes = b"vide") -> bytes:
    return box(b"trak", header, box(b"mdia", media, handler(kind)))


VIDEO = track(track_header(640, 480), media_header(600, 2400))
SOUND = track(track_header(0, 0), media_header(48_000, 480_000), b"soun")
START, DATA = box(b"ftyp", b"isom", bytes(4)), box(b"mdat", b"frames")
MOVIE = box(b"moov", box(b"mvhd", bytes(100)), VIDEO)


def test_size_and_duration_of_the_media_files_match_their_names() -> None:
    for path in FILES:
        size, _, seconds = path.stem.removesuffix("s").partition("-")
        video = read_mp4(path.read_bytes())
        assert f"{video.width}x{video.height}" == size
        assert video.seconds == pytest.approx(int(seconds), abs=0.1)


def test_truncated_file_is_rejected_at_every_length() -> None:
    content = SMALLEST.read_bytes()
    for length in range(len(content)):
        with pytest.raises(InvalidMp4):
            read_mp4(content[:length])


@pytest.mark.parametrize(
    "content",
    [
        START + MOVIE + DATA,
        START + DATA + MOVIE,
        START + box(b"free") + MOVIE + box(b"uuid", bytes(16)) + DATA,
        START + box(b"moov", SOUND, VIDEO) + DATA,
        START + box(b"moov", VIDEO, SOUND) + DATA,
        START + box(b"moov", VIDEO, track(track_header(1, 1), media_header(1, 1))) + DATA,
        START + MOVIE + long_box(b"mdat", b"frames"),
        START + long_box(b"moov", VIDEO) + DATA,
        START + MOVIE + struct.pack(">I4s", 0, b"mdat") + b"to the end of the file",
        START
        + box(b"moov", track(track_header(640, 480, version=1), media_header(600, 2400, version=1)))
        + DATA,
        START + box(b"moov", box(b"trak", box(b"free")), VIDEO) + DATA,
    ],
    ids=[
        "index first",
        "index last",
        "unknown boxes between",
        "audio track first",
        "audio track last",
        "two video tracks, the first counts",
        "64-bit size of the data",
        "64-bit size of the index",
        "last box without a size",
        "headers of version 1",
        "empty track first",
    ],
)
def test_valid_variants_of_the_format_are_read(content: bytes) -> None:
    assert read_mp4(content) == Mp4(640, 480, 4.0)


def test_duration_of_64_bits_is_read_exactly() -> None:
    header = media_header(1000, (1 << 40) + 500, version=1)
    content = START + box(b"moov", track(track_header(2, 2), header)) + DATA
    assert read_mp4(content).seconds == pytest.approx(((1 << 40) + 500) / 1000, abs=1e-3)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "ftyp"),
        (b"<html>an error page</html>", "cut off"),
        (MOVIE + DATA, "ftyp"),
        (START + DATA, "moov"),
        (START + MOVIE, "mdat"),
        (START + box(b"moov", SOUND) + DATA, "no video track"),
        (START + box(b"moov") + DATA, "no video track"),
        (START + MOVIE + DATA[:-1], "'mdat' at byte"),
        (START + MOVIE + DATA + b"\0\0\0", "cut off"),
        (START + struct.pack(">I4sQ", 1, b"mdat", 15) + MOVIE, "'mdat' at byte 16 is cut off"),
        (START + struct.pack(">I4sQ", 1, b"mdat", 1 << 63) + MOVIE, "'mdat' at byte 16"),
        (START + struct.pack(">I4s", 7, b"mdat") + MOVIE, "'mdat' at byte 16"),
        (START + box(b"moov", track(track_header(2, 2), media_header(0, 9))) + DATA, "time scale"),
        (START + box(b"moov", track(box(b"free"), media_header(1, 9))) + DATA, "no header"),
        (START + box(b"moov", track(track_header(2, 2), box(b"free"))) + DATA, "time scale"),
        (START + box(b"moov", track(box(b"tkhd", bytes(83)), media_header(1, 1))) + DATA, "header"),
        (START + box(b"moov", track(track_header(2, 2), box(b"mdhd", bytes(23)))) + DATA, "scale"),
    ],
    ids=[
        "nothing",
        "another format",
        "no ftyp box",
        "no index",
        "no data",
        "audio only",
        "empty index",
        "data without its last byte",
        "trailing bytes",
        "64-bit size too small",
        "64-bit size too large",
        "size smaller than the header",
        "time scale of zero",
        "no track header",
        "no media header",
        "short track header",
        "short media header",
    ],
)
def test_incomplete_file_is_rejected_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidMp4, match=reason):
        read_mp4(content)


def test_short_media_header_of_version_1_is_rejected() -> None:
    short = box(b"mdhd", b"\1", bytes(23))
    media = box(b"mdia", handler(b"vide"), short)
    with pytest.raises(InvalidMp4, match="time scale"):
        read_mp4(START + DATA + box(b"moov", box(b"trak", track_header(2, 2), media)))


BOXES = st.recursive(
    st.builds(box, st.sampled_from(NAMES), st.binary(max_size=100))
    | st.sampled_from([VIDEO, SOUND, START, DATA, MOVIE, handler(b"vide")]),
    lambda below: st.builds(
        lambda name, inner: box(name, *inner), st.sampled_from(NAMES), st.lists(below, max_size=4)
    ),
    max_leaves=8,
)
FOUR = st.binary(min_size=4, max_size=4)
PATCHES = st.lists(st.tuples(st.integers(0, 400), FOUR), max_size=3)


def assert_read_or_rejected(content: bytes) -> None:
    """No other exception is raised, and no value is negative."""
    try:
        video = read_mp4(content)
    except InvalidMp4:
        return
    assert min(video.width, video.height, video.seconds) >= 0


@given(st.binary(max_size=300) | st.lists(BOXES, max_size=4).map(b"".join))
def test_any_bytes_are_read_or_rejected(content: bytes) -> None:
    assert_read_or_rejected(content)
    assert_read_or_rejected(START + DATA + content)


@given(PATCHES)
def test_any_damaged_file_is_read_or_rejected(patches: list[tuple[int, bytes]]) -> None:
    content = bytearray(START + DATA + MOVIE)
    for at, new in patches:
        content[at : at + 4] = new
    assert_read_or_rejected(bytes(content))
