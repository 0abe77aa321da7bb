"""What must be true of those who speak over the API, and the checks that say so."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalogue import RULES
    from .client_catalogue import CLIENT_RULES
    from .clients.client import check_client
    from .coverage import Coverage, CoverageGroup, CoverageItem
    from .exchange import Exchange, Stray, StrayKind, read_exchange
    from .journal.client_verdict import ClientVerdict
    from .journal.journal import Journal
    from .rule import Party, Rule, Severity
    from .server_catalogue import SERVER_RULES
    from .servers.history import check_history, check_server
    from .servers.server import check_exchange
    from .violation import Violation

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
    "Stray",
    "StrayKind",
    "Violation",
    "check_client",
    "check_exchange",
    "check_history",
    "check_server",
    "read_exchange",
]

# Who serves a mock reads no rules for servers, and starts sooner without them.
_HOMES = {
    "CLIENT_RULES": "client_catalogue",
    "RULES": "catalogue",
    "SERVER_RULES": "server_catalogue",
    "ClientVerdict": "journal.client_verdict",
    "Coverage": "coverage",
    "CoverageGroup": "coverage",
    "CoverageItem": "coverage",
    "Exchange": "exchange",
    "Journal": "journal.journal",
    "Party": "rule",
    "Rule": "rule",
    "Severity": "rule",
    "Stray": "exchange",
    "StrayKind": "exchange",
    "Violation": "violation",
    "check_client": "clients.client",
    "check_exchange": "servers.server",
    "check_history": "servers.history",
    "check_server": "servers.history",
    "read_exchange": "exchange",
}


def __getattr__(name: str) -> object:
    """Loads what is asked for."""
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
