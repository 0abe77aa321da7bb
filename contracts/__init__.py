"""What must be true of those who speak over the API, and the checks that say so."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .coverage import Coverage, CoverageGroup, CoverageItem
    from .journal.client_verdict import ClientVerdict
    from .journal.journal import Journal
    from .properties import strategies
    from .rules.catalogue import RULES
    from .rules.client.check_client import check_client
    from .rules.client_catalogue import CLIENT_RULES
    from .rules.rule import Party, Rule, Severity
    from .rules.server.check_exchange import check_exchange
    from .rules.server.check_history import check_history, check_server
    from .rules.server_catalogue import SERVER_RULES
    from .rules.violation import Violation
    from .traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest, read_exchange

__all__ = [
    "CLIENT_RULES",
    "RULES",
    "SERVER_RULES",
    "ClientVerdict",
    "Coverage",
    "CoverageGroup",
    "CoverageItem",
    "Exchange",
    "Journal",
    "Party",
    "Rule",
    "Severity",
    "UnmatchedKind",
    "UnmatchedRequest",
    "Violation",
    "check_client",
    "check_exchange",
    "check_history",
    "check_server",
    "read_exchange",
    "strategies",
]

# Who serves a mock reads no rules for servers, and starts sooner without them.
_HOMES = {
    "CLIENT_RULES": "rules.client_catalogue",
    "RULES": "rules.catalogue",
    "SERVER_RULES": "rules.server_catalogue",
    "ClientVerdict": "journal.client_verdict",
    "Coverage": "coverage",
    "CoverageGroup": "coverage",
    "CoverageItem": "coverage",
    "Exchange": "traffic.exchange",
    "Journal": "journal.journal",
    "Party": "rules.rule",
    "Rule": "rules.rule",
    "Severity": "rules.rule",
    "UnmatchedRequest": "traffic.exchange",
    "UnmatchedKind": "traffic.exchange",
    "Violation": "rules.violation",
    "check_client": "rules.client.check_client",
    "check_exchange": "rules.server.check_exchange",
    "check_history": "rules.server.check_history",
    "check_server": "rules.server.check_history",
    "read_exchange": "traffic.exchange",
}


def __getattr__(name: str) -> object:
    """Import the name from the module that defines it."""
    if name == "strategies":
        return import_module(".properties.strategies", __name__)
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
