"""Texts for schemas of type string: by format, by pattern, by length."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from math import ceil
from random import Random
from uuid import UUID

from ..json import Json
from .merging import MORE_PATTERNS
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
            patterns = [pattern, *schema.get(MORE_PATTERNS, ())]
            return _text_for_all(patterns, random=random, low=low, high=schema.get("maxLength"))
        except UnsupportedPatternError:
            pass
    if schema.get("contentEncoding") == "base64" or written == "byte":
        return b64encode(random.randbytes(max(6, low))).decode()
    if written in _FORMATS:
        text = _FORMATS[written](random, moment)
        return _extend(text, written, low)
    return _fit(name or "text", low, schema.get("maxLength"))


def _text_for_all(patterns: Sequence[str], *, random: Random, low: int, high: int | None) -> str:
    """Return a text that matches all of these patterns, or the first one if none is found."""

    def texts() -> Iterator[str]:
        for _ in range(_MAX_TRIES):
            for pattern in patterns:
                yield text_for_pattern(pattern, random=random, min_length=low, max_length=high)
        # One pattern may be about the start of the text, another one about its end.
        for _ in range(_MAX_TRIES):
            for order in (patterns, patterns[::-1]):
                yield "".join(text_for_pattern(pattern, random=random) for pattern in order)

    first = next(texts())
    matchers = [compiled for pattern in patterns if (compiled := _compiled(pattern))]
    fitting = (text for text in chain([first], texts()) if all(m.search(text) for m in matchers))
    return next(fitting, first)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _extend(text: str, written: str, length: int) -> str:
    """Return a text of a format that has at least this length, if the format allows that."""
    missing = length - len(text)
    if written in _EXTENSIBLE:
        return text + "a" * missing
    if missing > 0 and written in _WITH_HOSTNAME:
        # The labels of a host name have 63 characters at most.
        local, at, host = text.rpartition("@")
        return local + at + f"{'a' * (_LABEL - 1)}." * ceil(missing / _LABEL) + host
    return text


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


_MAX_TRIES = 20
_LABEL = 20
_WITH_HOSTNAME = {"email", "idn-email", "hostname", "idn-hostname"}
_EXTENSIBLE = {
    *("uri", "url", "iri", "uri-reference", "iri-reference", "uri-template", "json-pointer"),
    "regex",
}
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
