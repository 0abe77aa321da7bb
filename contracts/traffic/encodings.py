"""Texts as URLs, JSON and HTML, base64 and hexadecimal digits encode them."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from html.entities import html5


def encoded_variants(text: str, *, whole_word: bool) -> re.Pattern[str]:
    """Return a pattern for a text in all its encodings, to search in text read as Latin-1.

    Args:
        text: The text to find.
        whole_word: True if the text must not be a part of a longer word.
    """
    # A character is an atomic group, so that the time of a search is linear for every text.
    encoded = "".join(f"(?>{'|'.join(_encodings_of(character))})" for character in text)
    pattern = f"(?:{re.escape(text.encode().decode('latin-1'))}|{encoded})"
    if whole_word:
        pattern = f"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
    return re.compile(pattern)


def embedded_encodings(text: str) -> set[str]:
    """Return the strings by which a text is found in longer data that is encoded as a whole.

    The encodings are hexadecimal digits, and base64 with both alphabets. In base64 the characters
    depend on the position of the text in groups of three bytes, and those at its ends on the bytes
    around it. So each position has its own string, without these characters. Short strings are
    left out, because they occur by chance.
    """
    data = text.encode()
    strings = {data.hex(), data.hex().upper()}
    for bytes_before in range(3):
        encoded = b64encode(bytes(bytes_before) + data).decode()
        first, end = -(-8 * bytes_before // 6), 8 * (bytes_before + len(data)) // 6
        strings |= {encoded[first:end], encoded[first:end].translate(_URL_SAFE)}
    return {string for string in strings if len(string) >= _MIN_EMBEDDED_LENGTH}


def decoded_layers(text: str) -> Iterator[str]:
    """Yield a text, read as Latin-1, without one layer of escapes, without two, and so on.

    JSON within JSON has two layers, for example. A text without escapes yields nothing.
    """
    for _ in range(_MAX_LAYERS):
        decoded = decode_escapes(text)
        if decoded == text:
            return
        yield decoded
        text = decoded


def decode_escapes(text: str) -> str:
    """Return a text, read as Latin-1, with its percent-encoding and escapes decoded."""
    return (
        _BACKSLASH_ESCAPE.sub(r"\1", _ESCAPE_SEQUENCE.sub(_decode, text))
        if _ESCAPE_START.search(text)
        else text
    )


def _encodings_of(character: str) -> Iterator[str]:
    """Yield patterns for a character as URLs, JSON, logs and HTML encode it, and as it is.

    The first character of an escape may be escaped again, any number of times.
    """
    utf8, code = character.encode(), ord(character)
    yield "".join(f"(?i:%(?:25)*{byte:02x})" for byte in utf8)
    yield "".join(rf"(?i:\\+x{byte:02x})" for byte in utf8)
    if code < 0x10000:
        yield rf"(?i:\\+u{code:04x})"
    if character == "\\":
        yield r"\\\\"
    if character in '"/':
        yield rf"\\+{character}"
    yield f"&(?:amp;)*#0*{code};?"
    yield f"(?i:&(?:amp;)*#x0*{code:x};?)"
    yield from (f"&(?:amp;)*{name}" for name in _HTML_NAMES.get(character, ()))
    yield re.escape(utf8.decode("latin-1"))


def _decode(match: re.Match[str]) -> str:
    percent, log, json, html_hex, html_decimal, html_name = match.groups()
    if percent or log:
        return chr(int(percent or log, 16))
    if html_name:
        return html5.get(f"{html_name};", match[0]).encode().decode("latin-1")
    hexadecimal = json or html_hex
    code = int(hexadecimal, 16) if hexadecimal else int(html_decimal)
    try:
        return chr(code).encode().decode("latin-1")
    except (ValueError, OverflowError):  # not a character, or half of a surrogate pair
        return match[0]


def _html_names() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, text in html5.items():
        if name.endswith(";"):
            names.setdefault(text, []).append(name)
    return names


_HTML_NAMES = _html_names()
_URL_SAFE = str.maketrans("+/", "-_")
# A shorter string would be found in many files and ids.
_MIN_EMBEDDED_LENGTH = 8
_MAX_LAYERS = 3
# Every encoding of a character begins with one of these.
_ESCAPE_START = re.compile(r"[%&\\]")
# The number of backslashes is limited, or a long run of them would take quadratic time.
_ESCAPE_SEQUENCE = re.compile(
    r"%([0-9a-fA-F]{2})|\\\\{0,7}+(?:[xX]([0-9a-fA-F]{2})|[uU]([0-9a-fA-F]{4}))"
    r"|&#[xX]0*([0-9a-fA-F]{1,6});?|&#0*([0-9]{1,7});?|&([A-Za-z0-9]{2,31});"
)
_BACKSLASH_ESCAPE = re.compile(r'\\(["\\/])')
