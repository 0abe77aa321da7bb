"""What must be true of those who speak over the API, and the checks that say so."""

from __future__ import annotations

from .catalogue import CLIENT_RULES
from .client import check_client
from .coverage import Coverage, CoverageGroup, CoverageItem
from .exchange import Exchange, Stray, StrayKind, read_exchange
from .violation import Rule, Severity, Violation

__all__ = [
    "CLIENT_RULES",
    "Coverage",
    "CoverageGroup",
    "CoverageItem",
    "Exchange",
    "Rule",
    "Severity",
    "Stray",
    "StrayKind",
    "Violation",
    "check_client",
    "read_exchange",
]
