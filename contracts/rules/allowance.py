"""Violations that a user allows: by the code of a rule, or by a path that the document lacks."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from .catalogue import RULES
from .client_catalogue import UNKNOWN_ENDPOINT
from .violation import Violation


def is_allowable(word: str) -> bool:
    """Return True for the code of a rule, and for a path such as `/health` or `/internal/*`."""
    return word in RULES or word.startswith("/")


def is_allowed(violation: Violation, allowed: Iterable[str]) -> bool:
    """Return True if one of these codes and paths allows a violation.

    A path allows requests to an unknown endpoint; `*` stands for any characters.
    """
    path = _unknown_path(violation)
    return any(word == violation.code or fnmatchcase(path, word) for word in allowed)


def allowing_word(violation: Violation) -> str:
    """Return the narrowest word that allows a violation."""
    return _unknown_path(violation) or violation.code


def _unknown_path(violation: Violation) -> str:
    """Return the path of a request to an unknown endpoint, "" for all other violations."""
    path = violation.request.partition(" ")[2]
    return path if violation.code == UNKNOWN_ENDPOINT.code and path.startswith("/") else ""
