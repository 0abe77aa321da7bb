"""Rules, and the catalogues that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ...openapi import JobRole


class Severity(StrEnum):
    """How bad a violation is. A warning breaks nothing today. Advice is what good clients do
    otherwise: a verdict tells it, and no test fails for it.
    """

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"


class Party(StrEnum):
    """Who is held to a rule."""

    CLIENT = "client"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: a stable code, what breaking it is called, what to do instead, who is held to it, and
    which operations can break it, None for all.
    """

    code: str
    title: str
    advice: str
    severity: Severity = Severity.ERROR
    party: Party = Party.CLIENT
    roles: frozenset[JobRole] | None = None


class Catalogue:
    """The rules for one party, filled while its module is loaded."""

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
        """One more rule; ValueError if the code is taken."""
        if code in self._rules:
            raise ValueError(f"there are two rules {code}")
        self._rules[code] = Rule(code, title, advice, severity, self._party, roles)
        return self._rules[code]

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules by code, in their order."""
        return self._rules
