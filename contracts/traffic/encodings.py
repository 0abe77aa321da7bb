"""Texts as URLs, JSON and HTML encode them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import codepoint2name, name2codepoint


def encoded_variants(text: str, *, whole_word: bool) -> re.Pattern[str]:
    """Return a pattern for a text in all its encodings, to search in text read as Latin-1.

    Args:
        text: The text to find.
        whole_word: True if the text must not be a part of a longer word.
    """
    pattern = "".join(f"(?:{'|'.join(_encodings_of(character))})" for character in text)
    if whole_word:
        pattern = f"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
    return re.compile(pattern)


def decode_escapes(text: str) -> str:
    """Return a text, read as Latin-1, with its percent-encoding and escapes decoded."""
    return (
        _BACKSLASH_ESCAPE.sub(r"\1", _ESCAPE_SEQUENCE.sub(_decode, text))
        if _ESCAPE_START.search(text)
        else text
    )


def _encodings_of(character: str) -> Iterator[str]:
    """Yield patterns for a character as it is, and as URLs, JSON and HTML encode it."""
    yield re.escape(character.encode().decode("latin-1"))
    code = ord(character)
    if code < 128:
        yield f"(?i:%{code:02x})"
    if code < 0x10000:
        yield rf"(?i:\\u{code:04x})"
    if character in '"\\/':
        yield re.escape("\\" + character)
    if not character.isalnum():
        yield f"&#{code};"
        yield f"(?i:&#x0*{code:x};)"
        name = codepoint2name.get(code)
        if name:
            yield f"&{name};"


def _decode(match: re.Match[str]) -> str:
    percent, json, html_hex, html_decimal, html_name = match.groups()
    if percent:
        return chr(int(percent, 16))
    hexadecimal = json or html_hex
    code = int(hexadecimal, 16) if hexadecimal else _html_code(html_decimal, html_name)
    try:
        return chr(code).encode().decode("latin-1")
    except (ValueError, OverflowError):  # not a character, or half of a surrogate pair
        return match[0]


def _html_code(decimal: str | None, name: str | None) -> int:
    return int(decimal) if decimal else name2codepoint.get(name or "", -1)


# Every encoding of a character begins with one of these.
_ESCAPE_START = re.compile(r"[%&\\]")
_ESCAPE_SEQUENCE = re.compile(
    r"%([0-9a-fA-F]{2})|\\[uU]([0-9a-fA-F]{4})"
    r"|&#[xX]0*([0-9a-fA-F]{1,6});|&#([0-9]{1,7});|&([A-Za-z0-9]{2,8});"
)
_BACKSLASH_ESCAPE = re.compile(r'\\(["\\/])')
