"""An image that every server must accept as an input of the requested video."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from functools import lru_cache

from ...openapi import Document, JobRole
from ...openapi.form import Part
from ...openapi.image import signature_of
from ...openapi.json import Json
from .recorded_form import sha256_of

SAMPLE_IMAGE_TYPE = "image/png"


def sample_image(document: Document, fields: Mapping[str, Json]) -> bytes:
    """Return a grey image in the size of the video that a create requests with these fields."""
    content = document.by_role.get(JobRole.CONTENT)
    name = content.media.size if content and content.media else None
    create = document.by_role[JobRole.CREATE]
    size = _SIZE.fullmatch(str(fields.get(name, create.default(name)))) if name else None
    return _png(int(size[1]), int(size[2])) if size else _png(*_DEFAULT_SIZE)


def is_sample_image(document: Document, fields: Mapping[str, Json], part: Part) -> bool:
    """Return True if a file is that image, or the digest of it in a recording."""
    return sha256_of(part.content) == sha256_of(sample_image(document, fields))


@lru_cache(maxsize=8)
def _png(width: int, height: int) -> bytes:
    """Return a grey RGB image as PNG."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x80" * 3 * width) * height
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return signature_of(SAMPLE_IMAGE_TYPE) + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


_SIZE = re.compile(r"([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
_DEFAULT_SIZE = (1280, 720)
