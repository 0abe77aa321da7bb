"""The check of a server: every rule, over a history of exchanges."""

from __future__ import annotations

from collections.abc import Iterable

from ....openapi import Document
from ...traffic.exchange import Exchange, UnmatchedRequest
from ..grouping import deduplicate
from ..violation import Violation
from .check_exchange import exchange_violations
from .history_rules import HistoryRules


def check_history(
    document: Document,
    history: Iterable[Exchange | UnmatchedRequest],
    *,
    timeout: float | None = None,
) -> tuple[Violation, ...]:
    """Return every violation of the rules over time, in the order of the exchanges.

    Args:
        document: The document of the API.
        history: The exchanges of one client, in their order, about any number of jobs.
        timeout: The seconds in which a job must end; None for no limit.
    """
    rules = HistoryRules(document, timeout=timeout)
    violations: list[Violation] = []
    for number, item in enumerate(history, start=1):
        if isinstance(item, Exchange):
            violations += rules.check(item, number)
    return deduplicate([*violations, *rules.finish()])


def check_server(
    document: Document,
    history: Iterable[Exchange | UnmatchedRequest],
    *,
    timeout: float | None = None,
) -> tuple[Violation, ...]:
    """Return every violation of a server: those in single responses, and those over time.

    The arguments are those of `check_history`.
    """
    items = list(history)
    in_single_responses = [
        violation
        for number, item in enumerate(items, start=1)
        if isinstance(item, Exchange)
        for violation in exchange_violations(document, item, number)
    ]
    over_time = check_history(document, items, timeout=timeout)
    return deduplicate([*in_single_responses, *over_time])
