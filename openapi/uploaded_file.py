"""Files of forms: the media types that a field allows, and those that a client sent."""

from __future__ import annotations

from collections.abc import Iterable

from .envelope import Cause
from .form import Part
from .image import image_type
from .media_types import media_type_matches
from .text import quote


def describe_file(allowed: Iterable[str]) -> str:
    """Return what a field with these media types expects, in words."""
    types = tuple(allowed)
    return "must be a file" + ("" if "*/*" in types else f" of type {' or '.join(types)}")


def file_problem(part: Part, allowed: Iterable[str]) -> tuple[Cause, str, str] | None:
    """Return the cause, the expectation and the received file in words, None if it is allowed.

    Both the declared type and the bytes of the file must be allowed.

    Args:
        part: The part of the form.
        allowed: The media types of the field, such as "image/png", "image/*" or "*/*".
    """
    types = tuple(allowed)
    expected = describe_file(types)
    if part.filename is None:
        return Cause.FIELD_TYPE, f"{expected}, sent as a part with a file name", "text"
    declared = (part.content_type or "").partition(";")[0].strip().lower()
    if declared and not _is_allowed(declared, types):
        return Cause.FIELD_VALUE, expected, f"one with the Content-Type {quote(declared)}"
    found = image_type(part.content)
    # Only images are known by their bytes.
    recognizable = found or all(each.startswith("image/") for each in types)
    if recognizable and not _is_allowed(found, types):
        received = found or f"{quote(part.filename)}, whose bytes have another type"
        return Cause.FIELD_VALUE, expected, received
    return None


def _is_allowed(media_type: str | None, patterns: Iterable[str]) -> bool:
    return any(media_type_matches(media_type, pattern) for pattern in patterns)
