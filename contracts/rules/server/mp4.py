"""The few facts about an MP4 file that tell whether it is the one that was asked for (ISO/IEC
14496-12): nothing is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ....openapi.errors import ToolkitError


class InvalidMp4(ToolkitError, ValueError):
    """Bytes that are no whole MP4 file; the text says where they stop being one."""


@dataclass(frozen=True, slots=True)
class Mp4:
    """A video: width and height in pixels, duration in seconds, 0 if it is in fragments."""

    width: int
    height: int
    seconds: float


def read_mp4(content: bytes) -> Mp4:
    """Reads the size and the duration of the first video track; raises NotMp4."""
    found = list(_boxes(content, 0, len(content)))
    boxes = dict(found)
    if not found or found[0][0] != b"ftyp":
        raise InvalidMp4("it does not begin with a box ftyp")
    if b"moov" not in boxes:
        raise InvalidMp4("it has no box moov")
    if b"mdat" not in boxes:
        raise InvalidMp4("it has no box mdat")
    tracks = [
        dict(_boxes(content, *place))
        for n, place in _boxes(content, *boxes[b"moov"])
        if n == b"trak"
    ]
    for track in tracks:
        media = dict(_boxes(content, *track[b"mdia"])) if b"mdia" in track else {}
        if b"hdlr" in media and content[media[b"hdlr"][0] + 8 :][:4] == b"vide":
            width, height = _size(content, track)
            return Mp4(width, height, _duration(content, media))
    raise InvalidMp4("it has no video track")


Place = tuple[int, int]


def _boxes(content: bytes, start: int, end: int) -> Iterator[tuple[bytes, Place]]:
    """The boxes in a stretch of bytes: their names, and where their contents begin and end."""
    at = start
    while at < end:
        if end - at < 8:
            raise InvalidMp4(f"a box at byte {at} is cut off")
        size, name = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and end - at >= 16:
            (size,), head = struct.unpack_from(">Q", content, at + 8), 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise InvalidMp4(f"the box {name.decode('latin-1')!r} at byte {at} is cut off")
        yield name, (at + head, at + size)
        at += size


def _size(content: bytes, track: dict[bytes, Place]) -> tuple[int, int]:
    """Width and height stand at the end of the track's header, in 65536ths of a pixel."""
    if b"tkhd" not in track or track[b"tkhd"][1] - track[b"tkhd"][0] < 84:
        raise InvalidMp4("its video track has no header")
    width, height = struct.unpack_from(">II", content, track[b"tkhd"][1] - 8)
    return width >> 16, height >> 16


def _duration(content: bytes, media: dict[bytes, Place]) -> float:
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
