"""Deduplication of violations, and groups of violations of the same kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .violation import Violation, list_numbers


def deduplicate(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Return equal violations as one with all their numbers, in the order of the numbers."""
    numbers: dict[Violation, list[int]] = {}
    for violation in violations:
        numbers.setdefault(replace(violation, numbers=()), []).extend(violation.numbers)
    merged = [
        replace(violation, numbers=tuple(dict.fromkeys(their_numbers)))
        for violation, their_numbers in numbers.items()
    ]
    return tuple(sorted(merged, key=lambda violation: violation.numbers))


@dataclass(frozen=True, slots=True)
class ViolationGroup:
    """Violations of one rule by one operation at one place; its text shows the first of them.

    Without an operation, they are violations of one rule by the same method and path.

    Args:
        first: the first violation.
        more: the other violations.
    """

    first: Violation
    more: tuple[Violation, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the requests that broke the rule, each violation's last one."""
        return tuple(sorted({v.numbers[-1] for v in (self.first, *self.more)}))

    def __str__(self) -> str:
        if not self.more:
            return str(self.first)
        times = f"{len(self.more) + 1} times, in {list_numbers(self.numbers)}"
        return f"{self.first}\n  seen      {times}"


def group_by_rule(violations: Iterable[Violation]) -> tuple[ViolationGroup, ...]:
    """Return the violations in groups of the same rule, operation and place.

    If the request matches no operation, its method and path take the place of the operation.
    """
    groups: dict[tuple[str, str, str | None], list[Violation]] = {}
    for violation in violations:
        key = violation.code, violation.operation_id or violation.request, violation.place
        groups.setdefault(key, []).append(violation)
    return tuple(ViolationGroup(first, tuple(more)) for first, *more in groups.values())
