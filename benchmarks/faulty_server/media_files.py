"""The media files of jobs, and byte ranges of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import ApiError
from .jobs import JobFields

MEDIA = Path(__file__).parents[2] / "mock_server" / "media"
MEDIA_TYPES = {
    "video": ("mp4", "video/mp4"),
    "thumbnail": ("webp", "image/webp"),
    "spritesheet": ("jpg", "image/jpeg"),
}


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A body and its media type."""

    body: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """The entity tag of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Some bytes of a file, and their Content-Range."""

    body: bytes
    content_range: str


def media_file(fields: JobFields, variant: str = "video") -> MediaFile:
    """Return the file of a job with these fields."""
    suffix, media_type = MEDIA_TYPES[variant]
    return MediaFile(_read(f"{fields.size}-{fields.seconds}s.{suffix}"), media_type)


def read_range(file: MediaFile, header: str | None) -> ByteRange | None:
    """Return the range of a Range header, None if it is absent or not a single range."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (header or "").strip())
    if match is None or match[0] == "bytes=-":
        return None
    total = len(file.body)
    if match[1]:
        first, last = int(match[1]), min(int(match[2] or total), total - 1)
        if match[2] and int(match[2]) < first:
            return None
    else:
        first, last = max(total - int(match[2]), 0), total - 1
    if first >= total or first > last:
        headers = {"Content-Range": f"bytes */{total}"}
        raise ApiError(416, "invalid_request", "there are no such bytes", headers=headers)
    return ByteRange(file.body[first : last + 1], f"bytes {first}-{last}/{total}")


@cache
def _read(name: str) -> bytes:
    return (MEDIA / name).read_bytes()
