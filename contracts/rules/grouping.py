"""Violations that are alike, as one each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .violation import Violation


def deduplicate(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """The same violations as one each, with the numbers of all exchanges, in their order."""
    numbers: dict[Violation, list[int]] = {}
    for violation in violations:
        numbers.setdefault(replace(violation, numbers=()), []).extend(violation.numbers)
    found = [
        replace(violation, numbers=tuple(dict.fromkeys(which)))
        for violation, which in numbers.items()
    ]
    return tuple(sorted(found, key=lambda violation: violation.numbers))


@dataclass(frozen=True, slots=True)
class ViolationGroup:
    """A violation, and how often the same rule was broken in the same place after it."""

    first: Violation
    more: tuple[Violation, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The requests whose answers have broken the rule, the first time and later."""
        return tuple(sorted({v.numbers[-1] for v in (self.first, *self.more)}))


def group_by_rule(violations: Iterable[Violation]) -> tuple[ViolationGroup, ...]:
    """The violations by rule, operation and place, since a fault is rarely seen once."""
    kinds: dict[tuple[str, str | None, str | None], list[Violation]] = {}
    for violation in violations:
        kind = violation.code, violation.operation_id, violation.place
        kinds.setdefault(kind, []).append(violation)
    return tuple(ViolationGroup(first, tuple(more)) for first, *more in kinds.values())
