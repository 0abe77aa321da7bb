"""Violations with the same cause, as one finding with a count."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...openapi import Document
from ...openapi.pointer import format_pointer
from .rule import Party
from .violation import Violation, list_numbers


def deduplicate(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Return equal violations as one with all their numbers, in the order of the numbers."""
    equal: dict[Violation, list[Violation]] = {}
    for violation in violations:
        equal.setdefault(replace(violation, numbers=()), []).append(violation)
    merged = [
        replace(
            violation,
            numbers=tuple(dict.fromkeys(n for each in all_equal for n in each.numbers)),
            found_in=tuple(dict.fromkeys(n for each in all_equal for n in each.found_in)),
        )
        for violation, all_equal in equal.items()
    ]
    return tuple(sorted(merged, key=lambda violation: violation.numbers))


@dataclass(frozen=True, slots=True)
class ViolationGroup:
    """Violations with the same cause; its text shows the first of them.

    Args:
        first: the first violation.
        more: the other violations.
    """

    first: Violation
    more: tuple[Violation, ...] = ()

    @property
    def violations(self) -> tuple[Violation, ...]:
        """All violations."""
        return (self.first, *self.more)

    @property
    def times(self) -> int:
        """The number of times that the rule was broken."""
        return sum(len(violation.found_in) for violation in self.violations)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the requests that broke the rule."""
        return tuple(sorted({n for violation in self.violations for n in violation.found_in}))

    def __str__(self) -> str:
        if not self.more:
            return str(self.first)
        return f"{self.first}\n  seen      {self.times} times, in {list_numbers(self.numbers)}"


def group_by_cause(
    violations: Iterable[Violation], *, document: Document | None = None
) -> tuple[ViolationGroup, ...]:
    """Return the violations in groups of the same cause, in the order of their first violations.

    The same cause breaks one rule at one place. A place in an item of a list is the same for all
    items. A server shows the same place in the responses of several operations, and the rules for
    single responses can find different problems there; a client sends each request alone.

    Args:
        violations: The violations.
        document: The document of the API, so that a job in a list has the same places as a job in
            another response.
    """
    list_items = () if document is None else _list_items(document)
    groups: dict[tuple[str | None, ...], list[Violation]] = {}
    for violation in violations:
        groups.setdefault(_cause(violation, list_items), []).append(violation)
    return tuple(ViolationGroup(first, tuple(more)) for first, *more in groups.values())


def _list_items(document: Document) -> tuple[str, ...]:
    """Return the pointers to the jobs in responses with lists."""
    lists = (kind.list for kind in document.kinds.values())
    return tuple(format_pointer(each.items) for each in lists if each is not None)


def _cause(violation: Violation, list_items: tuple[str, ...]) -> tuple[str | None, ...]:
    place = None if violation.place is None else _INDEX.sub("/*", violation.place)
    if violation.rule.party is Party.CLIENT:
        return violation.code, place, violation.operation_id or violation.request
    for items in list_items if place is not None else ():
        place = (place or "").removeprefix(f"{items}/*") or place
    operation = violation.request if place is None else None
    if not violation.code.startswith(_SINGLE_RESPONSE):
        return violation.code, place, operation
    expected = _NUMBER.sub("0", _TEXT.sub('""', violation.expected))
    return violation.code, place, operation, expected, _kind(violation)


def _kind(violation: Violation) -> str:
    """Return the JSON type of what was received, or the status if the whole response is wrong."""
    received = violation.received
    number = _NUMBER.match(received)
    if number:
        return "number" if violation.place else number[0]
    starts = {'"': "string", "'": "string", "{": "object", "[": "array"}
    return starts.get(received[:1], received.partition(" ")[0])


# The rules for single responses; the others compare responses, and expect different states.
_SINGLE_RESPONSE = "AV1"
_INDEX = re.compile(r"/[0-9]+(?=/|$)")
# A text may be cut, and then has no end.
_TEXT = re.compile(r"""(["'])(?:\\.|(?!\1).)*\1?""")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
