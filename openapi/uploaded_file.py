"""Files of forms: the media types that a field allows, and those that a client sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .envelope import Cause
from .form import Part
from .image import image_type
from .json import Json
from .media_types import is_json, media_type_matches
from .operation import JSON
from .schema_places import schemas_at
from .text import quote


def describe_file(allowed: Iterable[str]) -> str:
    """Return what a field with these media types expects, in words."""
    types = tuple(allowed)
    return "must be a file" + ("" if "*/*" in types else f" of type {' or '.join(types)}")


def is_file(root: Json, schema: Json, media_types: Iterable[str]) -> bool:
    """Return True if a field of a form is a file, or an array of files.

    Args:
        root: The document.
        schema: The schema of the field.
        media_types: The media types that the encoding of the field lists.
    """
    schemas = [*schemas_at(root, schema, ()), *schemas_at(root, schema, ("0",))]
    if any(is_binary(each) for each in schemas):
        return True
    return any(not each.startswith("text/") and not is_json(each) for each in media_types)


def is_binary(schema: Mapping[str, Json]) -> bool:
    """Return True if a schema is that of raw bytes, as OpenAPI 3.0 or 3.1 writes it."""
    if schema.get("format") == "binary":
        return True
    content = schema.get("contentMediaType", JSON)
    is_text = content.startswith("text/") or is_json(content)
    return not is_text and "contentEncoding" not in schema


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
