"""Forms as a recording holds them: by their fields, and their files by a digest, so that they
compare without boundaries and without the bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from ...openapi.form import Part
from ...openapi.image import image_type, signature_of
from ...openapi.json import Json
from .request_builder import BOUNDARY


def sha256_of(content: bytes) -> str:
    """The SHA-256 of a file, in hexadecimal; of one that a recording left out, the one it noted."""
    noted = _LEFT_OUT.search(content)
    return noted["digest"].decode() if noted else hashlib.sha256(content).hexdigest()


def part_to_har(part: Part) -> dict[str, Json]:
    """A part of a form, as a parameter of HAR; raises UnicodeDecodeError for text that is none."""
    if part.filename is None:
        return {"name": part.name, "value": part.content.decode()}
    noted = _LEFT_OUT.search(part.content)
    size = int(noted["size"]) if noted else len(part.content)
    return {
        "name": part.name,
        "fileName": part.filename,
        "contentType": _type_of(part),
        "_size": size,
        "_sha256": sha256_of(part.content),
    }


def form_from_har(parameters: Iterable[Mapping[str, Json]]) -> tuple[str, bytes]:
    """The Content-Type and the body of a form with these parameters. A file begins like one of its
    type, and goes on with its size and digest.
    """
    parts = [_written(parameter) for parameter in parameters]
    return _FORM_TYPE, b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _written(parameter: Mapping[str, Json]) -> bytes:
    head = f'Content-Disposition: form-data; name="{_quoted(parameter["name"])}"'
    content = (parameter.get("value") or "").encode()
    if parameter.get("fileName") is not None:
        media_type = parameter.get("contentType") or _BYTES
        head += f'; filename="{_quoted(parameter["fileName"])}"\r\nContent-Type: {media_type}'
        size, digest = parameter.get("_size", 0), parameter.get("_sha256", _UNKNOWN)
        content = signature_of(media_type) + f"\n[{size} bytes, sha256 {digest}]".encode()
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def _type_of(part: Part) -> str:
    """What the bytes are, or where a browser did not keep them, what they were said to be."""
    lost = not part.content or _REPLACED in part.content
    return image_type(part.content) or (part.content_type if lost else None) or _BYTES


def _quoted(text: str) -> str:
    """As browsers write it (WHATWG)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


_BYTES = "application/octet-stream"
_UNKNOWN = "0" * 64
_REPLACED = "\ufffd".encode()
_FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
_LEFT_OUT = re.compile(rb"\n\[(?P<size>[0-9]+) bytes, sha256 (?P<digest>[0-9a-f]{64})\]\Z")
