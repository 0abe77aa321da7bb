"""The well-known words of APIs, which are data: for guesses where a document says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from ..source import parse_source


@cache
def well_known() -> Mapping[str, Any]:
    """Return the lists of words by their purpose."""
    text = FilePath(__file__).with_name("words.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Any] = parse_source(text, name="words.yaml").data
    return words


def normalized(name: str) -> str:
    """Return the words of a name in lower case, joined by "_": `createdAt` is `created_at`."""
    return "_".join(word.lower() for word in _WORD.findall(name))


def purpose_of(name: str, lists: Mapping[str, Iterable[str]]) -> str | None:
    """Return the key of the list that has a name as a whole; None if none has it."""
    looked = normalized(name)
    return next((key for key, words in lists.items() if looked in words), None)


def meaning_of(state: str) -> tuple[str, str] | None:
    """Return what a state probably means, and the word that says it; None if no word does."""
    looked, lists = normalized(state), well_known()["states"]
    known = [(meaning, word) for meaning, words in lists.items() for word in words]
    for fits in (looked.__eq__, lambda word: looked.endswith(f"_{word}")):
        found = next(((meaning, word) for meaning, word in known if fits(word)), None)
        if found:
            return found
    return None


def rank_of(state: str) -> int:
    """Return how early a pending state comes in the life of a job, 0 for the earliest."""
    words: list[str] = well_known()["states"]["pending"]
    found = meaning_of(state)
    return words.index(found[1]) if found and found[1] in words else len(words)


_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
