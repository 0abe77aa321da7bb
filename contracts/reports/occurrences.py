"""How often a violation was found, in words: "in 12 of 14 polls"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...openapi import JobRole, ListOperation
from ...openapi.pointer import get_or_none
from ...openapi.text import count_of
from ..rules.grouping import ViolationGroup
from ..traffic.exchange import Exchange
from ..traffic.job_views import json_body


def describe_occurrences(history: Sequence[Exchange], group: ViolationGroup) -> str:
    """Return in which share of the responses a violation was found, by operation.

    The text is empty if it was found once. Rejections and other responses are counted apart.

    Args:
        history: All exchanges.
        group: Violations in these exchanges.
    """
    if group.times == 1:
        return ""
    shares = [*_shares(history, group)]
    if len(shares) <= _MAX_SHOWN:
        return f"in {', '.join(shares)}"
    return f"in {len(group.numbers)} responses of {len(shares)} operations"


def _shares(history: Sequence[Exchange], group: ViolationGroup) -> Iterator[str]:
    """Yield the share of the responses for each operation, rejections and others apart."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for number in group.numbers:
        numbers.setdefault(_kind(history[number - 1]), []).append(number)
    for kind, found in numbers.items():
        total = sum(_kind(exchange) == kind for exchange in history)
        yield _share(len(found), total, *kind) + _items(history, group, found)


def _kind(exchange: Exchange) -> tuple[str, str]:
    """Return the noun for responses of this kind, and the operation."""
    operation = exchange.operation
    if exchange.reply is None:
        return "failed request", f" of {operation.id}"
    if not exchange.accepted:
        return "error response", f" of {operation.id}"
    if exchange.role is JobRole.POLL:
        return "poll", ""
    return "response", f" of {operation.id}"


def _items(history: Sequence[Exchange], group: ViolationGroup, numbers: Sequence[int]) -> str:
    """Return the share of the items in lists, empty if no items of a list are at fault."""
    found = sum(number in numbers for v in group.violations for number in v.found_in)
    roles = history[numbers[0] - 1].roles
    paths = [role.items for role in roles if isinstance(role, ListOperation)]
    if not paths or found <= len(numbers):
        return ""
    replies = (history[number - 1].reply for number in numbers)
    lists = (get_or_none(json_body(reply), paths[0]) for reply in replies if reply)
    total = sum(len(items) for items in lists if isinstance(items, list))
    # With several violations in an item, their number is not a number of items.
    return f" ({_share(found, total, 'item')})" if found <= total else ""


def _share(found: int, total: int, noun: str, suffix: str = "") -> str:
    share = f"{found} of " if found < total else "each of " if total > 1 else ""
    return f"{share}{count_of(total, noun)}{suffix}"


_MAX_SHOWN = 3
