"""Image types by their first bytes, which may differ from the Content-Type of a client."""

from __future__ import annotations


def image_type(content: bytes) -> str | None:
    """Return the media type of an image; None if the type is unknown."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in _SIGNATURES if content.startswith(start)), None)


def signature_of(media_type: str) -> bytes:
    """Return the first bytes of images of this type; empty if the type is unknown."""
    if media_type == "image/webp":
        return b"RIFF\0\0\0\0WEBP"
    return next((start for start, kind in _SIGNATURES if kind == media_type), b"")


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)
