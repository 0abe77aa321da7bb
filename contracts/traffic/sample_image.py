"""An image that every server must accept as an input of the requested video."""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache

from ...openapi import CreateOperation
from ...openapi.form import Part
from ...openapi.image import signature_of
from ...openapi.jobs import Place
from ...openapi.jobs.request_places import request_schemas
from ...openapi.json import Json
from ...openapi.pointer import get
from .recorded_form import sha256_of

SAMPLE_IMAGE_TYPE = "image/png"


def sample_image(create: CreateOperation, body: Json) -> bytes:
    """Return a grey image in the size of the video that a create requests with this body."""
    place = create.media.size
    size = None if place is None else _SIZE.fullmatch(str(_value_at(create, place, body)))
    return _png(int(size[1]), int(size[2])) if size else _png(*_DEFAULT_SIZE)


def is_sample_image(create: CreateOperation, body: Json, part: Part) -> bool:
    """Return True if a file is that image, or the digest of it in a recording."""
    return sha256_of(part.content) == sha256_of(sample_image(create, body))


def _value_at(create: CreateOperation, place: Place, body: Json) -> Json:
    """Return the value at a place of a body, or its default; None if it has none."""
    try:
        return get(body, place.path)
    except LookupError:
        schemas = request_schemas(create.operation, place)
        return next((schema["default"] for schema in schemas if "default" in schema), None)


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
