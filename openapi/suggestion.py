"""Suggestions for words that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest_near(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean NEAREST?", or "" if no known word is near."""
    near = get_close_matches(word, [*known], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return "; did you mean NEAREST?", or else the list of the known words."""
    names = [*known]
    listed = f"; known are {', '.join(names)}" if names else ""
    return suggest_near(word, names) or listed
