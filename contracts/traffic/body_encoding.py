"""Encoding of the bodies of requests, as the document says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import orjson

from ...openapi.form import Part
from ...openapi.image import image_type
from ...openapi.json import Json
from ...openapi.media_types import is_json
from ...openapi.operation import FORM, JSON, URL_FORM, Parameter, RequestBody
from ...openapi.parameter_style import scalar_text

BOUNDARY = "aisa-testkit-boundary"


def encode_body(body: RequestBody, media_type: str, value: Json) -> tuple[str, bytes]:
    """Return the Content-Type and the bytes of a body.

    Args:
        body: The body that the document declares for the media type.
        media_type: The media type.
        value: The value; bytes in a form are files.
    """
    if media_type == FORM:
        fields = value if isinstance(value, dict) else {}
        return f"{FORM}; boundary={BOUNDARY}", encode_form(fields, body.fields)
    if media_type == URL_FORM and isinstance(value, dict):
        return media_type, _encode_url_form(value, body.fields)
    if is_json(media_type):
        return media_type, orjson.dumps(value)
    return media_type, value if isinstance(value, bytes) else scalar_text(value).encode()


def encode_form(
    fields: Mapping[str, Json | Part], declared: Mapping[str, Parameter] | None = None
) -> bytes:
    """Return the body of a multipart form; values that are bytes or parts are files.

    Args:
        fields: The fields. An array has a part for each entry, unless the document asks for JSON.
        declared: The fields as the document declares them.
    """
    parts = []
    for name, value in _entries(fields, declared or {}):
        media_type, content = _content(value)
        file = f'; filename="{name}"' if isinstance(value, bytes | Part) else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
        head += f"Content-Type: {media_type}\r\n\r\n" if media_type else "\r\n"
        parts.append(head.encode() + content)
    return b"\r\n".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _entries(
    fields: Mapping[str, Json | Part], declared: Mapping[str, Parameter]
) -> Iterator[tuple[str, Json | Part]]:
    """Yield the name and the value of each part."""
    for name, value in fields.items():
        as_json = name in declared and declared[name].style.is_json
        if isinstance(value, list) and not as_json:
            yield from ((name, entry) for entry in value)
        else:
            yield name, value


def _encode_url_form(fields: Mapping[str, Json], declared: Mapping[str, Parameter]) -> bytes:
    pairs: list[tuple[str, str]] = []
    for name, value in fields.items():
        if name in declared:
            pairs += declared[name].style.pairs(name, value)
        else:
            pairs.append((name, scalar_text(value)))
    return urlencode(pairs).encode()


def _content(value: Json | Part) -> tuple[str | None, bytes]:
    """Return the media type, None for text, and the bytes of a field of a form."""
    if isinstance(value, Part):
        return value.content_type, value.content
    if isinstance(value, bytes):
        return image_type(value) or "application/octet-stream", value
    if isinstance(value, str):
        return None, value.encode()
    return JSON if isinstance(value, dict | list) else None, orjson.dumps(value)
