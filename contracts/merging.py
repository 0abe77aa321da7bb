"""Violations that are alike, as one each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .violation import Violation


def merged(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The same violations as one each, with the numbers of all exchanges, in their order."""
    numbers: dict[Violation, list[int]] = {}
    for violation in violations:
        numbers.setdefault(replace(violation, numbers=()), []).extend(violation.numbers)
    found = [
        replace(violation, numbers=tuple(dict.fromkeys(which)))
        for violation, which in numbers.items()
    ]
    return tuple(sorted(found, key=lambda violation: violation.numbers))
