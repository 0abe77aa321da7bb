"""The words in which a mock is told what to rehearse, the same at every door, held to a schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import orjson

from ..openapi import Schema
from ..openapi.json import Json
from ..openapi.pointer import Path as Place
from ..openapi.pointer import format_pointer
from ..openapi.text import quote
from .errors import ConfigError


def validate(kind: str, options: Mapping[str, Json]) -> None:
    """Raises ConfigError for the first thing in the words that the schema of this kind (`Config`,
    `Scenario` or `Fault`) does not know, and for what is no JSON data at all.
    """
    if reason := _json_error(options):
        path, culprit = _find_non_json(options)
        if isinstance(culprit, int):
            reason = f"must be a number of at most 64 bits, not {quote(culprit)}"
        raise ConfigError(format_pointer(path), reason)
    if not (schema := _schema(kind)).accepts(options):
        finding = next(iter(schema.errors(options)))
        reason = finding.message
        if finding.keyword == "additionalProperties" and len(finding.path) == 1:
            reason += f", only {', '.join(schema.raw['properties'])}"
        raise ConfigError(format_pointer(finding.path), reason)


def _json_error(data: Json) -> str | None:
    try:
        orjson.dumps(data)
    except TypeError as error:
        return f"is not JSON data: {error}"
    return None


def _find_non_json(data: Json) -> tuple[Place, Json]:
    """The innermost part that is not JSON data, and its place; for what has no end, all of it."""
    path: list[str] = []
    part = data
    while len(path) <= _MAX_DEPTH:
        inner = next(((name, each) for name, each in _children(part) if _json_error(each)), None)
        if inner is None:
            return tuple(path), part
        path.append(str(inner[0]))
        part = inner[1]
    return (), data


def _children(data: Json) -> Iterable[tuple[object, Json]]:
    if isinstance(data, Mapping):
        return data.items()
    return enumerate(data) if isinstance(data, list | tuple) else ()


@cache
def _schema(kind: str) -> Schema:
    text = Path(__file__).with_name("config.schema.json").read_bytes()
    return Schema(orjson.loads(text), f"/components/schemas/{kind}")


# Nothing is written as JSON that is nested more deeply.
_MAX_DEPTH = 254
