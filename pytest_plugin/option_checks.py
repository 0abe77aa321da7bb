"""Checks of the options of a mock: their names, and the kinds of their values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import isfinite
from pathlib import Path
from textwrap import shorten
from typing import TypeAlias

from ..openapi import Document
from ..openapi.text import did_you_mean


def require_names(known: Collection[str], args: Collection[object], names: Collection[str]) -> None:
    """Raise TypeError unless all arguments have a name, and each name is known."""
    __tracebackhide__ = True
    for value in args:
        raise TypeError(f"each option needs its name, such as scenario='fails': {_literal(value)}")
    for name in names:
        if name not in known:
            suggestion = did_you_mean(name, known)
            raise TypeError(f"unknown option {name!r}, only {', '.join(known)}{suggestion}")


def require_values(values: Mapping[str, object]) -> None:
    """Raise ValueError for the first option whose value is of the wrong kind."""
    __tracebackhide__ = True
    for name, value in values.items():
        if name in _CHOICES:
            if value not in _CHOICES[name]:
                expected = " or ".join(map(repr, _CHOICES[name]))
                suggestion = did_you_mean(value, _CHOICES[name]) if isinstance(value, str) else ""
                raise ValueError(f"{name} must be {expected}, not {value!r}{suggestion}")
            continue
        accepts, expected = _KINDS[name]
        if not accepts(value) and not (value is None and name in _OPTIONAL):
            shown = f"a {type(value).__name__}" if name in _SECRETS else _literal(value)
            raise ValueError(f"{name} must be {expected}, not {shown}")


def _literal(value: object) -> str:
    """Return a value as it is written in Python, cut to 80 characters."""
    return shorten(repr(value), 80, placeholder="…")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_path(value: object) -> bool:
    return isinstance(value, str | Path)


def _is_whole_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_positive(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return isfinite(value) and value > 0


def _is_clock(value: object) -> bool:
    if value == "program":
        return True
    return not isinstance(value, type) and callable(getattr(value, "advance", None))


def _is_text_or_several(value: object) -> bool:
    if not isinstance(value, Collection) or isinstance(value, bytes | Mapping):
        return False
    return isinstance(value, str) or all(isinstance(each, str) for each in value)


def _is_path_or_several(value: object) -> bool:
    if not isinstance(value, str | Path | Collection) or isinstance(value, bytes | Mapping):
        return False
    return _is_path(value) or (isinstance(value, Collection) and all(map(_is_path, value)))


_SECRETS = {"accounts", "api_keys", "webhook_secret"}  # messages never show their values
_Kind: TypeAlias = tuple[Callable[[object], bool], str]
_CHOICES = {
    "other_hosts": ("pass", "fail"),
    "no_requests": ("pass", "fail"),
    "unused_plans": ("pass", "warn", "fail"),
    "unknown_ids": ("refuse", "synthesize"),
}
_OPTIONAL = {
    *("document", "base_url", "clock", "speed", "scenario", "config", "limits", "accounts"),
    *("webhook", "recording"),
}
_KINDS: Mapping[str, _Kind] = {
    "document": (lambda v: isinstance(v, Document) or _is_path(v), "a Document or a path"),
    "overlays": (_is_path_or_several, "the path of an overlay or several"),
    "base_url": (_is_text, "a URL of http or https"),
    "clock": (_is_clock, "'program' or a clock that can be moved, such as TickingClock()"),
    "speed": (_is_positive, "a positive number"),
    "seed": (_is_whole_number, "a whole number"),
    "scenario": (_is_text, "the name of a scenario"),
    "config": (lambda v: isinstance(v, Mapping) or _is_path(v), "a path or a dict"),
    "limits": (lambda v: isinstance(v, str | Mapping), "the name of a tier or a dict"),
    "accounts": (lambda v: isinstance(v, Mapping), "a dict of settings by API key"),
    "idempotency_keys": (_is_bool, "True or False"),
    "webhook": (lambda v: _is_text(v) or callable(v), "a function or a URL"),
    "webhook_secret": (_is_text, "a text"),
    "api_keys": (_is_text_or_several, "a key or several keys"),
    "recording": (_is_path, "the path of a HAR file"),
    "check": (_is_bool, "True or False"),
    "allow": (_is_text_or_several, "the code of a rule, a path, or several of them"),
}
