"""The fields of creates and the parameters of lists."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from typing import Any

from .errors import ApiError, invalid_body, invalid_value, missing_parameter, wrong_type
from .jobs import JobFields

CHOICES = {
    "size": ("720x1280", "1280x720", "1024x1792", "1792x1024"),
    "seconds": ("4", "8", "12"),
}
MODELS = ("sora-2", "sora-2-pro")
IMAGES = ("image/png", "image/jpeg", "image/webp")
LONGEST_PROMPT = 32000


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file of a form."""

    media_type: str


def read_body(body: bytes, content_type: str, *, unchecked: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a multipart form or JSON body."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _read_form(body, content_type)
    if kind == "application/json" or "media-type" in unchecked:
        return _read_json(body)
    raise invalid_body("a multipart form, nor JSON")


def check_create(
    sent: Mapping[str, Any], *, defaults: JobFields, unchecked: frozenset[str]
) -> JobFields:
    """Return the fields of a job. Raises ApiError for the first invalid field."""
    prompt = check_prompt(sent, unchecked=unchecked)
    image = sent.get("input_reference")
    if isinstance(image, str) and "file-text" not in unchecked:
        raise wrong_type("input_reference")
    known = not isinstance(image, Upload) or image.media_type in IMAGES
    if not known and "file-type" not in unchecked:
        raise invalid_value("input_reference")
    chosen = {"prompt": prompt}
    for name in ("model", "size", "seconds"):
        if name in sent:
            chosen[name] = _check_choice(name, sent[name], unchecked)
    return replace(defaults, **chosen)


def check_prompt(sent: Mapping[str, Any], *, unchecked: frozenset[str]) -> str:
    """Return the prompt of a create or a remix."""
    if "prompt" not in sent and "prompt-missing" in unchecked:
        return "a video"
    if "prompt" not in sent:
        raise missing_parameter("prompt")
    prompt = sent["prompt"]
    if not isinstance(prompt, str):
        raise wrong_type("prompt")
    if not prompt and "prompt-empty" not in unchecked:
        raise invalid_value("prompt")
    if len(prompt) > LONGEST_PROMPT and "prompt-length" not in unchecked:
        raise invalid_value("prompt")
    return prompt


def read_limit(text: str | None, *, unchecked: frozenset[str]) -> int:
    """Return the page size."""
    try:
        limit = int(text) if text is not None else 20
    except ValueError:
        if "limit-text" in unchecked:
            return 20
        raise wrong_type("limit") from None
    if limit < 0 and "limit-negative" not in unchecked:
        raise invalid_value("limit")
    if limit > 100 and "limit-maximum" not in unchecked:
        raise invalid_value("limit")
    return max(limit, 0)


def read_choice(
    name: str, text: str | None, allowed: tuple[str, ...], *, unchecked: frozenset[str]
) -> str:
    """Return a query parameter with a few allowed values. The first one is the default."""
    if text is None or text in allowed:
        return text or allowed[0]
    if name in unchecked:
        return allowed[0]
    raise invalid_value(name)


def _check_choice(name: str, value: object, unchecked: frozenset[str]) -> str:
    if not isinstance(value, str):
        if "json-types" not in unchecked:
            raise wrong_type(name)
        value = str(value)
    if name == "model" and value not in MODELS:
        if name not in unchecked:
            raise ApiError(404, "unknown_model", "there is no such model", name)
        return MODELS[0]
    if name != "model" and value not in CHOICES[name]:
        if name not in unchecked:
            raise invalid_value(name)
        return CHOICES[name][0]
    return value


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body)
    except ValueError:
        raise ApiError(400, "json_parse_error", "the body is not JSON") from None
    if not isinstance(sent, dict):
        raise invalid_body("a JSON object")
    return sent


def _read_form(body: bytes, content_type: str) -> dict[str, Any]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = message_from_bytes(head + body, policy=policy.HTTP)
    if message.defects or not message.is_multipart():
        raise invalid_body("a well-formed multipart form")
    sent: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise invalid_body("a form whose parts have names")
        if part.get_filename() is not None:
            sent[name] = Upload(part.get_content_type())
        else:
            sent[name] = _text(part.get_payload(decode=True))
    return sent


def _text(payload: object) -> str:
    try:
        return payload.decode() if isinstance(payload, bytes) else ""
    except UnicodeDecodeError:
        raise invalid_body("a form in UTF-8") from None
