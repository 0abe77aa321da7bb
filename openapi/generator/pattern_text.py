"""Texts that match a regular expression."""

from __future__ import annotations

# The parser of the standard library; its module has this name since Python 3.11.
import re
import re._parser as parser  # type: ignore[import-not-found]
from functools import lru_cache
from random import Random
from typing import Any

EXTRA_REPEATS = 4
"""A part that may be repeated more often is repeated at most this often beyond its minimum."""


class UnsupportedPatternError(ValueError):
    """No text can be made for this regular expression."""


def text_for_pattern(
    pattern: str, *, random: Random, min_length: int = 0, max_length: int | None = None
) -> str:
    """Return a text for a regular expression of ECMA-262, as JSON Schema has them.

    Assertions about what follows are ignored, so that the text need not match.

    Args:
        pattern: The regular expression.
        random: Chooses among the possible texts.
        min_length, max_length: The least and the greatest length. The text has another one if no
            number of repetitions leads to a length between them.

    Raises UnsupportedPatternError for an expression that Python does not know.
    """
    usual = text = _Writer(random, range(EXTRA_REPEATS + 1)).write(_parse(pattern))
    for extra in (*range(min(min_length, _MAX_TRIES)), min_length):
        if min_length <= len(text) and (max_length is None or len(text) <= max_length):
            return text
        text = _Writer(random, range(extra, extra + 1)).write(_parse(pattern))
    return _pad(text if len(text) >= min_length else usual, pattern, min_length)


def _pad(text: str, pattern: str, length: int) -> str:
    """Return a text of at least this length, with more letters where the pattern has no anchor."""
    more = (_LETTERS * (length // len(_LETTERS) + 1))[: max(0, length - len(text))]
    if not pattern.endswith("$"):
        return text + more
    return text if pattern.startswith("^") else more + text


@lru_cache(maxsize=256)
def _parse(pattern: str) -> Any:
    try:
        return parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UnsupportedPatternError(str(error)) from error


class _Writer:
    """Writes one text; groups are kept for references back to them.

    Args:
        random: Chooses among the possible texts.
        extra_repeats: How often a part may be repeated beyond its minimum.
    """

    def __init__(self, random: Random, extra_repeats: range) -> None:
        self._random, self._extra = random, extra_repeats
        self._groups: dict[int, str] = {}

    def write(self, parts: Any) -> str:
        return "".join(self._part(str(code), value) for code, value in parts)

    def _part(self, code: str, value: Any) -> str:
        match code:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return self._random.choice(_PRINTABLE.replace(chr(value), ""))
            case "ANY":
                return self._random.choice(_LETTERS)
            case "IN":
                return self._random.choice(_characters(value))
            case "BRANCH":
                return self.write(self._random.choice(value[1]))
            case "SUBPATTERN":
                text = self.write(value[-1])
                if value[0] is not None:
                    self._groups[value[0]] = text
                return text
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, repeated = value
                times = min(int(high), low + self._random.choice(self._extra))
                return "".join(self.write(repeated) for _ in range(times))
            case "ATOMIC_GROUP":
                return self.write(value)
            case "GROUPREF":
                return self._groups.get(value, "")
            case "AT" | "ASSERT" | "ASSERT_NOT":
                return ""
        raise UnsupportedPatternError(f"cannot write {code}")


def _characters(items: Any) -> str:
    """Return the characters of a class, or those outside of a negated class."""
    negated = str(items[0][0]) == "NEGATE"
    found = dict.fromkeys(c for code, value in items for c in _class_members(str(code), value))
    if negated:
        return "".join(c for c in _PRINTABLE if c not in found) or "\u00a0"
    return "".join(found)


def _class_members(code: str, value: Any) -> str:
    match code:
        case "LITERAL":
            return chr(value)
        case "RANGE":
            low, high = value
            return "".join(map(chr, range(low, min(high, low + _MAX_RANGE) + 1)))
        case "CATEGORY":
            return _CATEGORIES.get(str(value), "")
    return ""


_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = f"{_LETTERS}{_LETTERS.upper()}{_DIGITS}_"
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_MAX_RANGE = 256
_MAX_TRIES = 100
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": _LETTERS,
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_SPACE": _WORD,
    "CATEGORY_WORD": _WORD,
    "CATEGORY_NOT_WORD": "-",
}
