"""A draft as an overlay in YAML, with the reason of each guess as a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby

from ..json import Json
from .draft import Draft
from .guess import Guess, KindDraft


def render(draft: Draft) -> str:
    """Return the overlay as text."""
    lines = [
        "# A draft: each line is a guess, with its reason. Read it, correct it, keep it.",
        "overlay: 1.1.0",
        f"info: {{title: {_flow('The life of ' + draft.title)}, version: '1'}}",
        "actions:",
        "  - target: $",
        "    update:",
        "      x-jobs:",
    ]
    for kind in draft.kinds:
        lines += [f"        {_key(kind.name)}:", *_kind_lines(kind)]
    lines += [f"        # {' '.join(line.split())}" for line in draft.refused]
    return "\n".join(lines) + "\n"


def _kind_lines(kind: KindDraft) -> Iterator[str]:
    for word, guesses in groupby(kind.guesses, key=lambda guess: guess.word):
        entries = [*guesses]
        if entries[0].key is None:
            for guess in entries:
                yield f"          {word}: {_flow(guess.value)}{_comment(guess)}"
            continue
        yield f"          {word}:"
        for guess in entries:
            start = "-" if word == "create" else f"{_key(guess.key or '')}:"
            yield f"            {start} {_flow(guess.value)}{_comment(guess)}"
    for line in kind.open:
        yield f"          # {' '.join(line.split())}"


def _comment(guess: Guess) -> str:
    return f"  # {' '.join(guess.reason.split())}"


def _flow(value: Json) -> str:
    """Return a value in one line; plain words without quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_key(k)}: {_flow(v)}' for k, v in value.items())}}}"
    return _key(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _key(text: str) -> str:
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT
    return text if is_plain else json.dumps(text, ensure_ascii=False)


_PLAIN = re.compile(r"/?[A-Za-z][A-Za-z0-9_./-]*")
_NOT_TEXT = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
