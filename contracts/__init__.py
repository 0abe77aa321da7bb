"""What must be true of those who speak over the API, and the checks that say so."""

from __future__ import annotations

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
