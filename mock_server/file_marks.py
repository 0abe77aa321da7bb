"""The mark in a file of a job: the id of the job, in a place that players ignore."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote, unquote


class FileMark(NamedTuple):
    """The mark of a file.

    Args:
        file_name: The name of the unmarked file in the library.
        job_id: The id of the job, of which 1,000 characters are kept.
    """

    file_name: str
    job_id: str

    def encode(self) -> bytes:
        """Return the mark as bytes that need no escape in any format: printable ASCII without
        quotes, brackets and backslashes.

        A check sum ends it, so that a cut or changed mark is none.
        """
        job_id = quote(self.job_id[:_LONGEST_ID], errors="replace")
        words = f"{quote(self.file_name)} {job_id}".encode()
        return b"aisa-testkit %b %08x;" % (words, zlib.crc32(words))


def find_mark(content: bytes) -> FileMark | None:
    """Return the first mark in a file; None if there is none."""
    for found in _MARK.finditer(content):
        words, check_sum = found.groups()
        if zlib.crc32(words) == int(check_sum, 16):
            file_name, job_id = words.decode().split(" ")
            return FileMark(unquote(file_name), unquote(job_id))
    return None


def insert_mark(content: bytes, mark: bytes) -> bytes:
    """Return a file with an encoded mark, as near to its beginning as the format allows.

    The format is known by the first bytes of the file; without known ones, the mark is a line of
    text before it.
    """
    for start, signature, insert in _FORMATS:
        if content.startswith(signature, start):
            return insert(content, mark)
    return b"%b\n%b" % (mark, content)


def _mp4(content: bytes, mark: bytes) -> bytes:
    """Insert a `free` box after the first one (ISO/IEC 14496-12, section 8.1.2)."""
    box = struct.pack(">I4s", 8 + len(mark), b"free") + mark
    first, rest = _with_moved_chunks(content, len(box))
    return b"".join((first, box, rest))


@lru_cache(maxsize=64)  # all ids of an API have about the same length
def _with_moved_chunks(content: bytes, distance: int) -> tuple[bytes, bytes]:
    """Return the first box and the others, for media data that stands `distance` bytes later."""
    moved = bytearray(content)
    for at in _chunk_tables(content, 0, len(content)):
        (count,) = struct.unpack_from(">I", content, at + 12)
        table = struct.Struct(f">{count}I")
        offsets = table.unpack_from(content, at + 16)
        table.pack_into(moved, at + 16, *(offset + distance for offset in offsets))
    (size,) = struct.unpack_from(">I", content)
    return bytes(moved[:size]), bytes(moved[size:])


def _chunk_tables(content: bytes, start: int, end: int) -> Iterator[int]:
    """Yield where the boxes with offsets of media data begin (ISO/IEC 14496-12, section 8.7.5)."""
    while start < end:
        size, name = struct.unpack_from(">I4s", content, start)
        if name == b"stco":
            yield start
        elif name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            yield from _chunk_tables(content, start + 8, start + size)
        start += size


def _jpeg(content: bytes, mark: bytes) -> bytes:
    """Insert a comment after the JFIF header, which has to be the first segment (ITU-T T.81)."""
    at = 2
    if content.startswith(b"\xff\xe0", at):
        at += 2 + int.from_bytes(content[4:6], "big")
    return b"".join(
        (content[:at], b"\xff\xfe", struct.pack(">H", 2 + len(mark)), mark, content[at:])
    )


def _png(content: bytes, mark: bytes) -> bytes:
    """Insert a text chunk after the header (W3C PNG, section 11.3.4.3)."""
    chunk = b"tEXtComment\0" + mark
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    at = 8 + 25
    return content[:at] + chunk + content[at:]


def _webp(content: bytes, mark: bytes) -> bytes:
    """Insert an unknown chunk, which readers ignore in the extended format alone (RFC 9649).

    The size for the extended header stands in that of the picture (RFC 6386, section 9.1).
    """
    width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", content, 26))
    sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return _riff(content, _riff_chunk(b"VP8X", b"\0\0\0\0" + sizes) + _riff_chunk(b"JUNK", mark))


def _wav(content: bytes, mark: bytes) -> bytes:
    """Insert a chunk that readers skip."""
    return _riff(content, _riff_chunk(b"JUNK", mark))


def _riff(content: bytes, chunks: bytes) -> bytes:
    """Insert chunks at the beginning of a RIFF file."""
    size = struct.pack("<I", len(content) - 8 + len(chunks))
    return b"".join((b"RIFF", size, content[8:12], chunks, content[12:]))


def _riff_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)


def _mp3(content: bytes, mark: bytes) -> bytes:
    """Put a tag with a private frame in front (ID3v2.3, sections 3.1 and 4.28)."""
    data = b"aisa-testkit\0" + mark
    frame = struct.pack(">4sIH", b"PRIV", len(data), 0) + data
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + content


def _glb(content: bytes, mark: bytes) -> bytes:
    """Insert a chunk of an unknown type after the first (glTF 2.0, section 4.4.3)."""
    data = mark + b" " * (-len(mark) % 4)
    (first,) = struct.unpack_from("<I", content, 12)
    at, size = 20 + first, struct.pack("<I", len(content) + 8 + len(data))
    chunk = struct.pack("<I4s", len(data), b"AISA") + data
    return content[:8] + size + content[12:at] + chunk + content[at:]


def _zip(content: bytes, mark: bytes) -> bytes:
    """Insert an extra field into the first entry (PKWARE APPNOTE, sections 4.3.7 and 4.5)."""
    field = struct.pack("<HH", 0x6A61, len(mark)) + mark
    (name_size,) = struct.unpack_from("<H", content, 26)
    marked, at = bytearray(content), 30 + name_size
    struct.pack_into("<H", marked, 28, len(field))
    end = content.rindex(b"PK\5\6") + 16
    struct.pack_into("<I", marked, end, struct.unpack_from("<I", content, end)[0] + len(field))
    marked[at:at] = field
    return bytes(marked)


def _pdf(content: bytes, mark: bytes) -> bytes:
    """Insert a comment after the first line, and move the offsets of the objects (ISO 32000-1)."""
    comment = b"%" + mark + b"\n"

    def moved(found: re.Match[bytes]) -> bytes:
        return b"%0*d" % (len(found[0]), int(found[0]) + len(comment))

    at = content.index(b"\n") + 1
    return content[:at] + comment + _PDF_OFFSET.sub(moved, content[at:])


def _vtt(content: bytes, mark: bytes) -> bytes:
    """Insert a comment after the first line (W3C WebVTT, section 4.1)."""
    return content.replace(b"\n", b"\n\nNOTE " + mark + b"\n", 1)


def _json(content: bytes, mark: bytes) -> bytes:
    """Add a member to the object; JSON has no comments."""
    return content.replace(b"{", b'{"comment": "%b", ' % mark, 1)


_FORMATS: Final[tuple[tuple[int, bytes, Callable[[bytes, bytes], bytes]], ...]] = (
    (4, b"ftyp", _mp4),
    (0, b"\xff\xd8\xff", _jpeg),
    (0, b"\x89PNG", _png),
    (8, b"WEBPVP8 ", _webp),
    (8, b"WAVE", _wav),
    (0, b"\xff\xfb", _mp3),
    (0, b"glTF", _glb),
    (0, b"PK\3\4", _zip),
    (0, b"%PDF", _pdf),
    (0, b"WEBVTT", _vtt),
    (0, b"{", _json),
)
_LONGEST_ID = 1000
_MARK = re.compile(rb"aisa-testkit ([!-~]+ [!-~]+) ([0-9a-f]{8});")
_PDF_OFFSET = re.compile(rb"[0-9]+(?= 00000 n|\n%%EOF)")
