"""The contract of an API, and the checks of servers and clients against it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .check.http_target import HttpTarget
    from .coverage import Coverage, CoverageGroup, CoverageItem
    from .errors import (
        BudgetExceeded,
        CredentialsRejected,
        NotThisApi,
        RecordingError,
        ServerUnreachable,
    )
    from .journal.client_verdict import ClientVerdict
    from .journal.journal import Journal
    from .properties import strategies
    from .properties.schemathesis_hooks import (
        ContractBreach,
        ExchangeConformance,
        HistoryConformance,
    )
    from .properties.state_machine import job_machine
    from .rules.catalogue import RULES
    from .rules.client.check_client import check_client
    from .rules.client_catalogue import CLIENT_RULES
    from .rules.rule import Party, Rule, Severity
    from .rules.server.check_exchange import check_exchange
    from .rules.server.check_history import check_history, check_server
    from .rules.server_catalogue import SERVER_RULES
    from .rules.violation import Violation
    from .traffic.exchange import Exchange, UnmatchedKind, UnmatchedRequest, read_exchange
    from .traffic.recording import Recording, read_recording, write_recording

__all__ = [
    "CLIENT_RULES",
    "RULES",
    "SERVER_RULES",
    "BudgetExceeded",
    "ClientVerdict",
    "ContractBreach",
    "Coverage",
    "CoverageGroup",
    "CoverageItem",
    "CredentialsRejected",
    "Exchange",
    "ExchangeConformance",
    "HistoryConformance",
    "HttpTarget",
    "Journal",
    "NotThisApi",
    "Party",
    "Recording",
    "RecordingError",
    "Rule",
    "ServerUnreachable",
    "Severity",
    "UnmatchedKind",
    "UnmatchedRequest",
    "Violation",
    "check_client",
    "check_exchange",
    "check_history",
    "check_server",
    "job_machine",
    "read_exchange",
    "read_recording",
    "strategies",
    "write_recording",
]

# Names are imported when they are used. A mock that serves clients starts sooner without the rules
# for servers, and only properties/ needs Hypothesis and Schemathesis.
_MODULES = {
    "CLIENT_RULES": "rules.client_catalogue",
    "RULES": "rules.catalogue",
    "SERVER_RULES": "rules.server_catalogue",
    "BudgetExceeded": "errors",
    "ClientVerdict": "journal.client_verdict",
    "ContractBreach": "properties.schemathesis_hooks",
    "Coverage": "coverage",
    "CoverageGroup": "coverage",
    "CoverageItem": "coverage",
    "CredentialsRejected": "errors",
    "Exchange": "traffic.exchange",
    "ExchangeConformance": "properties.schemathesis_hooks",
    "HistoryConformance": "properties.schemathesis_hooks",
    "HttpTarget": "check.http_target",
    "Journal": "journal.journal",
    "NotThisApi": "errors",
    "Party": "rules.rule",
    "Recording": "traffic.recording",
    "RecordingError": "errors",
    "Rule": "rules.rule",
    "ServerUnreachable": "errors",
    "Severity": "rules.rule",
    "UnmatchedKind": "traffic.exchange",
    "UnmatchedRequest": "traffic.exchange",
    "Violation": "rules.violation",
    "check_client": "rules.client.check_client",
    "check_exchange": "rules.server.check_exchange",
    "check_history": "rules.server.check_history",
    "check_server": "rules.server.check_history",
    "job_machine": "properties.state_machine",
    "read_exchange": "traffic.exchange",
    "read_recording": "traffic.recording",
    "write_recording": "traffic.recording",
}


def __getattr__(name: str) -> object:
    """Import a name from the module that defines it."""
    if name == "strategies":
        return import_module(".properties.strategies", __name__)
    if name in _MODULES:
        return getattr(import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
