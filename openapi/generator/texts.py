"""Texts for schemas of type string: by format, by pattern, by length."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from ..json import Json
from .pattern_text import UnsupportedPatternError, text_for_pattern


def make_text(schema: Mapping[str, Json], *, random: Random, moment: float, name: str) -> str:
    """Return a text for a schema; it may not match if the keywords contradict each other.

    Args:
        schema: The keywords of the schema.
        random: Chooses among the possible texts.
        moment: The time for formats of times (Unix seconds).
        name: The name of the field, which the text repeats if anything is allowed.
    """
    low = schema.get("minLength", 0)
    pattern, written = schema.get("pattern"), schema.get("format")
    if pattern is not None:
        try:
            high = schema.get("maxLength")
            return text_for_pattern(pattern, random=random, min_length=low, max_length=high)
        except UnsupportedPatternError:
            pass
    if schema.get("contentEncoding") == "base64" or written == "byte":
        return b64encode(random.randbytes(max(6, low))).decode()
    if written in _FORMATS:
        return _FORMATS[written](random, moment)
    return _fit(name or "text", low, schema.get("maxLength"))


def _fit(text: str, low: int, high: int | None) -> str:
    """Return a text that is repeated or cut, so that its length is within these bounds."""
    if len(text) < low:
        text = (text * (low // len(text) + 1))[:low]
    return text if high is None else text[: max(high, 0)]


def _uuid(random: Random, _: float) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _at(layout: str) -> Callable[[Random, float], str]:
    return lambda _, moment: datetime.fromtimestamp(moment, UTC).strftime(layout)


def _word(random: Random) -> str:
    return f"{random.getrandbits(32):08x}"


_FORMATS: dict[str, Callable[[Random, float], str]] = {
    "date": _at("%Y-%m-%d"),
    "date-time": _at("%Y-%m-%dT%H:%M:%SZ"),
    "time": _at("%H:%M:%SZ"),
    "duration": lambda random, _: f"PT{random.randint(1, 59)}S",
    "uuid": _uuid,
    "uri": lambda random, _: f"https://example.com/{_word(random)}",
    "url": lambda random, _: f"https://example.com/{_word(random)}",
    "iri": lambda random, _: f"https://example.com/{_word(random)}",
    "uri-reference": lambda random, _: f"/{_word(random)}",
    "iri-reference": lambda random, _: f"/{_word(random)}",
    "uri-template": lambda random, _: f"/{_word(random)}/{{id}}",
    "email": lambda random, _: f"{_word(random)}@example.com",
    "idn-email": lambda random, _: f"{_word(random)}@example.com",
    "hostname": lambda random, _: f"{_word(random)}.example.com",
    "idn-hostname": lambda random, _: f"{_word(random)}.example.com",
    "ipv4": lambda random, _: f"192.0.2.{random.randint(1, 254)}",
    "ipv6": lambda random, _: f"2001:db8::{random.randint(1, 0xFFFF):x}",
    "json-pointer": lambda random, _: f"/{_word(random)}",
    "relative-json-pointer": lambda random, _: "0",
    "regex": lambda random, _: "^[a-z]+$",
}
