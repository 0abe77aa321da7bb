"""A reader of MP4 files (ISO/IEC 14496-12): size and duration, without decoding."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ....openapi.errors import ToolkitError


class InvalidMp4(ToolkitError, ValueError):
    """Bytes that are not a complete MP4 file; the text says why."""


@dataclass(frozen=True, slots=True)
class Mp4:
    """A video: width and height in pixels, duration in seconds, 0 if the file is fragmented."""

    width: int
    height: int
    seconds: float


def read_mp4(content: bytes) -> Mp4:
    """Return the size and the duration of the first video track.

    Raises InvalidMp4 if the file is incomplete or has no video track.
    """
    top_level = list(_boxes(content, 0, len(content)))
    boxes = dict(top_level)
    if not top_level or top_level[0][0] != b"ftyp":
        raise InvalidMp4("it does not begin with the box ftyp")
    if b"moov" not in boxes:
        raise InvalidMp4("it has no box moov")
    if b"mdat" not in boxes:
        raise InvalidMp4("it has no box mdat")
    tracks = [
        dict(_boxes(content, *span))
        for name, span in _boxes(content, *boxes[b"moov"])
        if name == b"trak"
    ]
    for track in tracks:
        media = dict(_boxes(content, *track[b"mdia"])) if b"mdia" in track else {}
        if b"hdlr" in media and content[media[b"hdlr"][0] + 8 :][:4] == b"vide":
            width, height = _size(content, track)
            return Mp4(width, height, _duration(content, media))
    raise InvalidMp4("it has no video track")


_Span = tuple[int, int]


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, _Span]]:
    """Yield the boxes between two positions: the name, and where the content begins and ends."""
    at = start
    while at < end:
        if end - at < 8:
            raise InvalidMp4(f"a box at byte {at} is cut off")
        size, name = struct.unpack_from(">I4s", content, at)
        header_size = 8
        if size == 1 and end - at >= 16:
            (size,), header_size = struct.unpack_from(">Q", content, at + 8), 16
        elif size == 0:
            size = end - at
        if size < header_size or at + size > end:
            raise InvalidMp4(f"the box {name.decode('latin-1')!r} at byte {at} is cut off")
        yield name, (at + header_size, at + size)
        at += size


def _size(content: bytes, track: dict[bytes, _Span]) -> tuple[int, int]:
    """Return width and height: the end of the track header, in 65536ths of a pixel."""
    if b"tkhd" not in track or track[b"tkhd"][1] - track[b"tkhd"][0] < 84:
        raise InvalidMp4("its video track has no header")
    width, height = struct.unpack_from(">II", content, track[b"tkhd"][1] - 8)
    return width >> 16, height >> 16


def _duration(content: bytes, media: dict[bytes, _Span]) -> float:
    at, end = media.get(b"mdhd", (0, 0))
    long = end > at and content[at] == 1  # version 1 has 64 bits for each time
    if end - at < (36 if long else 24):
        raise InvalidMp4("its video track has no time scale")
    scale, duration = struct.unpack_from(
        ">IQ" if long else ">II", content, at + (20 if long else 12)
    )
    if not scale:
        raise InvalidMp4("its time scale is zero")
    return float(duration) / float(scale)
