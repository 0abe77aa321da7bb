"""The ways in which a text can be written: as it is, or as URLs, JSON and HTML spell it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import codepoint2name, name2codepoint


def encoded_variants(text: str, *, whole_word: bool) -> re.Pattern[str]:
    """The text in every way in which its characters can be written, in what is read as Latin-1;
    `whole` says that it counts as a whole word alone.
    """
    pattern = "".join(f"(?:{'|'.join(_written(character))})" for character in text)
    if whole_word:
        pattern = f"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
    return re.compile(pattern)


def decode_escapes(text: str) -> str:
    """What is read as Latin-1 with every character that is spelt otherwise as it is."""
    return _QUOTED.sub(r"\1", _CODE.sub(_character, text)) if _ESCAPE.search(text) else text


def _written(character: str) -> Iterator[str]:
    """A character as it is, and as URLs, JSON and HTML write it."""
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


def _character(found: re.Match[str]) -> str:
    octet, unit, hexadecimal, decimal, name = found.groups()
    if octet:
        return chr(int(octet, 16))
    code = int(unit or hexadecimal, 16) if unit or hexadecimal else _named(decimal, name)
    try:
        return chr(code).encode().decode("latin-1")
    except (ValueError, OverflowError):  # there is no such character, or it is half of one
        return found[0]


def _named(decimal: str | None, name: str | None) -> int:
    return int(decimal) if decimal else name2codepoint.get(name or "", -1)


# What each spelling of a character begins with, but for the character itself.
_ESCAPE = re.compile(r"[%&\\]")
_CODE = re.compile(
    r"%([0-9a-fA-F]{2})|\\[uU]([0-9a-fA-F]{4})"
    r"|&#[xX]0*([0-9a-fA-F]{1,6});|&#([0-9]{1,7});|&([A-Za-z0-9]{2,8});"
)
_QUOTED = re.compile(r'\\(["\\/])')
