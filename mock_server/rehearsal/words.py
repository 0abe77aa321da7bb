"""The words in which a mock is told what to rehearse, the same at every door, held to a schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import orjson

from ...openapi import Schema
from ...openapi.json import Json
from ...openapi.pointer import format_pointer


class WordsError(ValueError):
    """What was said cannot be: `pointer` is the place (a JSON pointer), `reason` why not."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(pointer, reason)
        self.pointer, self.reason = pointer, reason

    def __str__(self) -> str:
        return f"{self.pointer}: {self.reason}" if self.pointer else self.reason

    def below(self, pointer: str) -> WordsError:
        """The same, where the place was looked at from further up."""
        return WordsError(pointer + self.pointer, self.reason)


def require_words(kind: str, words: Mapping[str, Json]) -> None:
    """Raises WordsError for the first thing in the words that the schema of this kind (`Rehearsal`,
    `Scenario` or `Fault`) does not know, and for what is no JSON data at all.
    """
    try:
        orjson.dumps(words)
    except TypeError as error:
        raise WordsError("", f"is not JSON data: {error}") from None
    if not (schema := _schema(kind)).accepts(words):
        finding = next(iter(schema.findings(words)))
        reason = finding.message
        if finding.keyword == "additionalProperties" and len(finding.path) == 1:
            reason += f", only {', '.join(schema.raw['properties'])}"
        raise WordsError(format_pointer(finding.path), reason)


@cache
def _schema(kind: str) -> Schema:
    text = Path(__file__).with_name("rehearsal.schema.json").read_bytes()
    return Schema(orjson.loads(text), f"/components/schemas/{kind}")
