"""The committed files of a job, and the parts of them that a Range asks for."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .jobs import Fields
from .refusal import Refusal

MEDIA = Path(__file__).parents[2] / "mock_server" / "media"
KINDS = {
    "video": ("mp4", "video/mp4"),
    "thumbnail": ("webp", "image/webp"),
    "spritesheet": ("jpg", "image/jpeg"),
}


@dataclass(frozen=True, slots=True)
class File:
    """Bytes and what they are called."""

    body: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """Names these bytes."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file, and the Content-Range that tells which."""

    body: bytes
    content_range: str


def film(fields: Fields, variant: str = "video") -> File:
    """The file of a job made from these fields."""
    suffix, media_type = KINDS[variant]
    return File(_read(f"{fields.size}-{fields.seconds}s.{suffix}"), media_type)


def part_of(file: File, wanted: str | None) -> Part | None:
    """The part that a Range header asks for; None where it is absent or no single range."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", (wanted or "").strip())
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
        raise Refusal(416, "invalid_request", "there are no such bytes", headers=headers)
    return Part(file.body[first : last + 1], f"bytes {first}-{last}/{total}")


@cache
def _read(name: str) -> bytes:
    return (MEDIA / name).read_bytes()
