"""Short texts for messages: values, counts, and lines without control characters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from difflib import get_close_matches

from .json import Json


def expected_but_got(expected: str, received: str | None) -> str:
    """Return "expected, not received", or the expectation alone if nothing was received."""
    return expected if received is None else f"{expected}, not {received}"


def quote(data: Json) -> str:
    """Return a text in single quotes, and any other value as JSON, cut to 80 characters."""
    if isinstance(data, str | float):  # JSON has no infinite numbers
        text = repr(data)
    else:
        text = escape_controls(json.dumps(data, ensure_ascii=False, default=repr))
    return text if len(text) <= _MAX_CHARACTERS else f"{text[: _MAX_CHARACTERS - 1]}…"


def one_line(text: str) -> str:
    """Return a short printable text unchanged, any other in quotes (see `quote`)."""
    return text if text.isprintable() and len(text) <= _MAX_CHARACTERS else quote(text)


def escape_controls(text: str, *, keep: str = "") -> str:
    """Return a text of any length with control characters as escape sequences, those that change
    the direction of the text included, and so the start of a command to a CI system.

    keep: characters that stay as they are, such as line breaks
    """
    text = _CI_COMMAND.sub(r"#\\x23", text)
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


def mask_url(url: str) -> str:
    """Return a URL, even an invalid one, without the credentials that it may contain: the user
    information and the query.
    """
    return _QUERY.sub("?...", _USER_INFO.sub("***@", url))


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun: "0 jobs", "1 job", "3 jobs".

    plural: the plural of the noun, if it is not the noun with an s
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def ordinal(number: int) -> str:
    """Return a number as a word of an order: `1st`, `2nd`, `13th`."""
    teens = 10 <= number % 100 < 20
    return f"{number}{'th' if teens else _ORDINAL_ENDS.get(number % 10, 'th')}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" with the known word that is most similar, "" without one."""
    by_lower_case = {each.lower(): each for each in known if each != word}
    near = get_close_matches(word[:_MAX_CHARACTERS].lower(), by_lower_case, n=1)
    return f"; did you mean {by_lower_case[near[0]]}?" if near else ""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean NEAREST?", or else the list of the known words."""
    names = [*known]
    listed = f"; known are {', '.join(names)}" if names else ""
    return did_you_mean(word, names) or listed


def without_suggestion(message: str) -> str:
    """Return a message without the similar word that `did_you_mean` found."""
    return message.partition("; did you mean ")[0]


def truncate_depth(data: Json, depth: int = 64) -> Json:
    """Return JSON data down to this depth, with None in place of deeper lists and objects."""
    if isinstance(data, dict):
        return {k: truncate_depth(v, depth - 1) for k, v in data.items()} if depth else None
    if isinstance(data, list):
        return [truncate_depth(v, depth - 1) for v in data] if depth else None
    return data


_ORDINAL_ENDS = {1: "st", 2: "nd", 3: "rd"}
_MAX_CHARACTERS = 80
# GitHub and Azure look for `##[add-mask]` and `##vso[task.setvariable]` anywhere in a log.
_CI_COMMAND = re.compile(r"##(?=\w*\[)")
# A password may contain any character in a URL that is not correctly encoded.
_USER_INFO = re.compile(r"(?<=//).*@|^[^/]*@", re.DOTALL)
_QUERY = re.compile(r"\?.*", re.DOTALL)
