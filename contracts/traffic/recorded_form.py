"""Multipart forms in recordings: fields as text, and files by their SHA-256.

Forms with the same fields and files are equal, whatever their boundaries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from ...openapi.form import Part
from ...openapi.image import image_type, signature_of
from ...openapi.json import Json
from .body_encoding import BOUNDARY


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal, also of a placeholder from a recording."""
    placeholder = _PLACEHOLDER.search(content)
    return placeholder["digest"].decode() if placeholder else hashlib.sha256(content).hexdigest()


def is_placeholder(content: bytes) -> bool:
    """Return True if this is the placeholder of a recording for the content of a file."""
    return _PLACEHOLDER.search(content) is not None


def part_to_har(part: Part) -> dict[str, Json]:
    """Return a part of a form as a parameter of HAR.

    Raises UnicodeDecodeError if the part is neither a file nor UTF-8 text.
    """
    if part.filename is None:
        return {"name": part.name, "value": part.content.decode()}
    placeholder = _PLACEHOLDER.search(part.content)
    size = int(placeholder["size"]) if placeholder else len(part.content)
    return {
        "name": part.name,
        "fileName": part.filename,
        **({} if part.content_type is None else {"contentType": part.content_type}),
        "_detectedType": _detected_type(part),
        "_size": size,
        "_sha256": sha256_of(part.content),
    }


def form_from_har(parameters: Iterable[Mapping[str, Json]]) -> tuple[str, bytes]:
    """Return the Content-Type and the body of a form with these parameters of HAR.

    The content of a file is a placeholder: the signature of its type, its size and its SHA-256.
    """
    parts = [_encode_part(parameter) for parameter in parameters]
    return _FORM_TYPE, b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _encode_part(parameter: Mapping[str, Json]) -> bytes:
    head = f'Content-Disposition: form-data; name="{_quote_name(parameter["name"])}"'
    content = (parameter.get("value") or "").encode()
    if parameter.get("fileName") is not None:
        declared = parameter.get("contentType") or ""
        head += f'; filename="{_quote_name(parameter["fileName"])}"'
        head += f"\r\nContent-Type: {' '.join(declared.split())}" if declared else ""
        media_type = parameter.get("_detectedType", declared) or ""
        size, digest = parameter.get("_size", 0), parameter.get("_sha256", _NO_DIGEST)
        content = signature_of(media_type) + f"\n[{size} bytes, sha256 {digest}]".encode()
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"


def _detected_type(part: Part) -> str | None:
    """Return the detected type of a file, or the declared one if a browser lost its bytes."""
    lost = not part.content or _REPLACEMENT_CHARACTER in part.content
    return image_type(part.content) or (part.content_type if lost else None)


def _quote_name(text: str) -> str:
    """Encode a name as browsers do (WHATWG)."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


_NO_DIGEST = "0" * 64
_REPLACEMENT_CHARACTER = "\ufffd".encode()
_FORM_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
_PLACEHOLDER = re.compile(rb"\n\[(?P<size>[0-9]+) bytes, sha256 (?P<digest>[0-9a-f]{64})\]\Z")
