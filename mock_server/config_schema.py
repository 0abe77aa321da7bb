"""Validation of the options of a mock against `config.schema.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from math import isfinite
from pathlib import Path

import orjson

from ..openapi import Schema
from ..openapi.json import Json
from ..openapi.pointer import Path as PointerPath
from ..openapi.pointer import format_pointer, get
from ..openapi.text import quote
from .errors import ConfigError


@contextmanager
def errors_under(pointer: str, *, displayed: str | None = None) -> Iterator[None]:
    """Prefix the pointers of the errors in this block; `displayed` is the prefix for messages."""
    try:
        yield
    except ConfigError as error:
        shown = pointer if displayed is None else displayed
        raise ConfigError(
            pointer + error.pointer, error.reason, displayed=shown + error.displayed
        ) from None


def validate(kind: str, options: Mapping[str, Json]) -> None:
    """Validate options against the schema of this name in `config.schema.json`.

    Raises ConfigError for the first error, and for data that is not JSON.
    """
    if reason := _json_error(options):
        path, culprit = _find_non_json(options)
        if isinstance(culprit, int):
            reason = f"must be a number of at most 64 bits, not {quote(culprit)}"
        raise ConfigError(format_pointer(path), reason)
    if not (schema := _schema(kind)).accepts(options):
        error = next(iter(schema.errors(options)))
        reason = error.message
        if error.keyword == "type" and _is_infinite(number := _value_at(options, error.path)):
            reason = f"must be a finite number, not {quote(number)}"
        raise ConfigError(format_pointer(error.path), reason)


def _value_at(data: Json, path: PointerPath) -> Json:
    """Return the value at the path of an error, None if the path is incomplete.

    The validator leaves out empty keys.
    """
    try:
        return get(data, path)
    except LookupError:
        return None


def _is_infinite(value: Json) -> bool:
    """True for the numbers that JSON does not have: infinities and NaN."""
    return isinstance(value, float | Decimal) and not isfinite(value)


def _json_error(data: Json) -> str | None:
    try:
        orjson.dumps(data, default=_decimal_as_float)
    except TypeError as error:
        return f"is not JSON data: {error}"
    return None


def _decimal_as_float(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Type is not JSON serializable: {type(value).__name__}")


def _find_non_json(data: Json) -> tuple[PointerPath, Json]:
    """Return the innermost part that is not JSON, and its path; all data if that is endless."""
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


# orjson does not write data that is nested more deeply.
_MAX_DEPTH = 254
