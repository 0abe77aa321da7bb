"""What a request says: the fields of a create, as form or JSON, and the page of a list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from typing import Any

from .jobs import Fields
from .refusal import Refusal, missing, unreadable, wrong_type, wrong_value

CHOICES = {
    "size": ("720x1280", "1280x720", "1024x1792", "1792x1024"),
    "seconds": ("4", "8", "12"),
}
MODELS = ("sora-2", "sora-2-pro")
IMAGES = ("image/png", "image/jpeg", "image/webp")
LONGEST_PROMPT = 32000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form, by its media type."""

    media_type: str


def read_body(body: bytes, content_type: str, *, unchecked: frozenset[str]) -> dict[str, Any]:
    """The fields of a body, which is a multipart form or JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return _read_form(body, content_type)
    if kind == "application/json" or "media-type" in unchecked:
        return _read_json(body)
    raise unreadable("a multipart form, nor JSON")


def check_create(sent: Mapping[str, Any], *, defaults: Fields, unchecked: frozenset[str]) -> Fields:
    """The fields of a job, or the refusal of the first that is wrong."""
    prompt = check_prompt(sent, unchecked=unchecked)
    image = sent.get("input_reference")
    if isinstance(image, str) and "file-text" not in unchecked:
        raise wrong_type("input_reference")
    known = not isinstance(image, Upload) or image.media_type in IMAGES
    if not known and "file-type" not in unchecked:
        raise wrong_value("input_reference")
    chosen = {"prompt": prompt}
    for name in ("model", "size", "seconds"):
        if name in sent:
            chosen[name] = _check_choice(name, sent[name], unchecked)
    return replace(defaults, **chosen)


def check_prompt(sent: Mapping[str, Any], *, unchecked: frozenset[str]) -> str:
    """The prompt of a create or a remix."""
    if "prompt" not in sent and "prompt-missing" in unchecked:
        return "a video"
    if "prompt" not in sent:
        raise missing("prompt")
    prompt = sent["prompt"]
    if not isinstance(prompt, str):
        raise wrong_type("prompt")
    if not prompt and "prompt-empty" not in unchecked:
        raise wrong_value("prompt")
    if len(prompt) > LONGEST_PROMPT and "prompt-length" not in unchecked:
        raise wrong_value("prompt")
    return prompt


def read_limit(text: str | None, *, unchecked: frozenset[str]) -> int:
    """How many jobs a page may hold."""
    try:
        limit = int(text) if text is not None else 20
    except ValueError:
        if "limit-text" in unchecked:
            return 20
        raise wrong_type("limit") from None
    if limit < 0 and "limit-negative" not in unchecked:
        raise wrong_value("limit")
    if limit > 100 and "limit-maximum" not in unchecked:
        raise wrong_value("limit")
    return max(limit, 0)


def read_choice(
    name: str, text: str | None, allowed: tuple[str, ...], *, unchecked: frozenset[str]
) -> str:
    """A query parameter that is one of a few words, of which the first is the default."""
    if text is None or text in allowed:
        return text or allowed[0]
    if name in unchecked:
        return allowed[0]
    raise wrong_value(name)


def _check_choice(name: str, value: object, unchecked: frozenset[str]) -> str:
    if not isinstance(value, str):
        if "json-types" not in unchecked:
            raise wrong_type(name)
        value = str(value)
    if name == "model" and value not in MODELS:
        if name not in unchecked:
            raise Refusal(404, "unknown_model", "there is no such model", name)
        return MODELS[0]
    if name != "model" and value not in CHOICES[name]:
        if name not in unchecked:
            raise wrong_value(name)
        return CHOICES[name][0]
    return value


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body)
    except ValueError:
        raise Refusal(400, "json_parse_error", "the body is not JSON") from None
    if not isinstance(sent, dict):
        raise unreadable("a JSON object")
    return sent


def _read_form(body: bytes, content_type: str) -> dict[str, Any]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = message_from_bytes(head + body, policy=policy.HTTP)
    if message.defects or not message.is_multipart():
        raise unreadable("a well-formed multipart form")
    sent: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            raise unreadable("a form whose parts have names")
        if part.get_filename() is not None:
            sent[name] = Upload(part.get_content_type())
        else:
            sent[name] = _text(part.get_payload(decode=True))
    return sent


def _text(payload: object) -> str:
    try:
        return payload.decode() if isinstance(payload, bytes) else ""
    except UnicodeDecodeError:
        raise unreadable("a form in UTF-8") from None
