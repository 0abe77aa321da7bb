"""Rules, and the catalogues that contain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...openapi import JobRole


class Severity(StrEnum):
    """The severity of a violation.

    ERROR breaks the contract. WARNING breaks nothing today. ADVICE is good practice; it is only
    part of a verdict, and never fails a test.
    """

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Party(StrEnum):
    """The party that must obey a rule."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for servers or for clients.

    Args:
        code: a stable code, such as AV705.
        title: the problem in a few words, such as "value not allowed".
        advice: what to do, in one sentence.
        severity: the severity of a violation.
        party: the party that must obey the rule.
        roles: the roles of the operations that can break it, None for all.
    """

    code: str
    title: str
    advice: str
    severity: Severity = Severity.ERROR
    party: Party = Party.CLIENT
    roles: frozenset[JobRole] | None = None


class Catalogue:
    """The rules for one party, collected while its module is imported."""

    def __init__(self, party: Party) -> None:
        self._party, self._rules = party, dict[str, Rule]()

    def rule(
        self,
        code: str,
        title: str,
        advice: str,
        severity: Severity = Severity.ERROR,
        *,
        roles: frozenset[JobRole] | None = None,
    ) -> Rule:
        """Add a rule, and return it. Raises ValueError for a duplicate code."""
        if code in self._rules:
            raise ValueError(f"duplicate rule {code}")
        self._rules[code] = Rule(code, title, advice, severity, self._party, roles)
        return self._rules[code]

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by their code, in the order of their addition."""
        return self._rules
