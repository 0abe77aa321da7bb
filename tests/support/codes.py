"""Violations as short values that a test compares."""

from __future__ import annotations

from collections.abc import Iterable

from aisa_testkit.contracts import Violation


def codes(violations: Iterable[Violation]) -> list[str]:
    """The code of each violation: `["AV104"]`."""
    return [violation.code for violation in violations]


def codes_and_numbers(violations: Iterable[Violation]) -> list[tuple[str, tuple[int, ...]]]:
    """The code of each violation, with the numbers of its exchanges: `[("AV203", (2, 3))]`."""
    return [(violation.code, violation.numbers) for violation in violations]


def codes_with_numbers(violations: Iterable[Violation]) -> list[str]:
    """The code of each violation and the numbers of its exchanges as text: `["AV203 2 3"]`."""
    return [" ".join([v.code, *map(str, v.numbers)]) for v in violations]


def codes_with_places(violations: Iterable[Violation]) -> list[str]:
    """The code of each violation and its place as text: `["AV104 /progress"]`."""
    return [f"{violation.code} {violation.place or ''}".strip() for violation in violations]
