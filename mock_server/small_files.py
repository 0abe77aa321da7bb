"""Small valid files of common media types, made in memory."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from mimetypes import guess_extension


def make_small_file(media_type: str) -> bytes:
    """Return a small file of a media type; for an unknown type, a line of text."""
    essence = media_type.partition(";")[0].strip().lower()
    make = _MAKERS.get(essence)
    if make is not None:
        return make()
    if essence.endswith("+json") or essence == "application/json":
        return b'{"mock": true}\n'
    return f"A file of type {media_type}.\n".encode()


def extension_of(media_type: str) -> str:
    """Return the usual extension of a media type, with its dot; "" if there is none."""
    essence = media_type.partition(";")[0].strip().lower()
    return _EXTENSIONS.get(essence) or guess_extension(essence) or ""


def _png() -> bytes:
    """Return a grey image of 64 by 64 pixels (W3C PNG, section 5)."""
    size = 64
    rows = (b"\0" + b"\x80" * size) * size

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _wav() -> bytes:
    """Return a tenth of a second of silence."""
    import wave  # few programs need such files

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * 800)
    return buffer.getvalue()


def _mp3() -> bytes:
    """Return silence: frames of MPEG-1 Layer III, 128 kbit/s, 44.1 kHz."""
    frame = b"\xff\xfb\x90\xc4" + b"\0" * 413
    return frame * 10


def _glb() -> bytes:
    """Return an empty scene of glTF 2.0 in its binary form (section 4.4 of the specification)."""
    scene = json.dumps({"asset": {"version": "2.0"}, "scenes": [{}], "scene": 0}).encode()
    scene += b" " * (-len(scene) % 4)
    chunk = struct.pack("<II", len(scene), 0x4E4F534A) + scene
    return struct.pack("<III", 0x46546C67, 2, 12 + len(chunk)) + chunk


def _zip() -> bytes:
    import zipfile  # takes some time, and few programs need such files

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("file.txt"), "A file.\n")
    return buffer.getvalue()


def _pdf() -> bytes:
    """Return one empty page (ISO 32000-1)."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
    )
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj%sendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(body)
    return (
        body
        + b"xref\n0 4\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    )


_MAKERS: dict[str, Callable[[], bytes]] = {
    "application/pdf": _pdf,
    "application/zip": _zip,
    "audio/mp3": _mp3,
    "audio/mpeg": _mp3,
    "audio/wav": _wav,
    "audio/x-wav": _wav,
    "image/png": _png,
    "model/gltf-binary": _glb,
    "text/vtt": lambda: b"WEBVTT\n\n00:00.000 --> 00:01.000\nText.\n",
}
_EXTENSIONS = {
    "audio/mp3": ".mp3",
    "audio/wav": ".wav",
    "model/gltf-binary": ".glb",
    "text/vtt": ".vtt",
}
