"""What a check has found out about a server."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from ...openapi import Document, Provenance
from ..rules.rule import Severity
from ..rules.server.check_history import check_server
from ..rules.server_catalogue import SERVER_RULES
from ..rules.violation import Violation
from ..traffic.exchange import Exchange


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was found. `jobs` are those that were made and left, `notes` what could not be done or
    judged, and why; `purposes` say for each request what it was for, as far as that is known.
    """

    violations: tuple[Violation, ...]
    history: tuple[Exchange, ...]
    jobs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations that break the contract."""
        return tuple(v for v in self.violations if v.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """The violations that break nothing today."""
        return tuple(v for v in self.violations if v.severity is Severity.WARNING)


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """What servers are held to: answers that are known less well than `grade` are not judged, nor
    are rules that are not in `codes`. A job may take `timeout` seconds.
    """

    grade: Provenance = Provenance.INFERRED
    timeout: float = 300.0
    codes: Collection[str] = frozenset(SERVER_RULES)

    def violations(self, document: Document, history: Iterable[Exchange]) -> tuple[Violation, ...]:
        """Every way in which a server broke the contract, as far as it is held to it."""
        exchanges = list(history)
        told = check_server(document, exchanges, timeout=self.timeout)
        known = (v for v in told if self.knows(exchanges[v.numbers[-1] - 1]))
        return tuple(violation for violation in known if violation.code in self.codes)

    def knows(self, exchange: Exchange) -> bool:
        """Whether an answer is known well enough to be held against a server."""
        response = exchange.operation.responses.get(exchange.status or 0)
        return self.grade.covers(exchange.operation.provenance) and (
            response is None or self.grade.covers(response.provenance)
        )


def chosen_codes(*, only: Iterable[str] = (), exclude: Iterable[str] = ()) -> frozenset[str]:
    """The codes of the rules for servers that are chosen: all, or `only` some, but for those to
    `exclude`. Patterns such as `AV2*` choose several.

    Raises ValueError for one that chooses nothing.
    """
    chosen = set[str]().union(*map(_matching, only)) if only else set(SERVER_RULES)
    chosen -= set[str]().union(*map(_matching, exclude))
    if not chosen:
        raise ValueError("no rule is left to check")
    return frozenset(chosen)


def _matching(pattern: str) -> set[str]:
    wanted = pattern.strip().upper()
    found = {code for code in SERVER_RULES if fnmatchcase(code, f"{wanted}*")}
    if not found or not wanted:
        near = get_close_matches(wanted, SERVER_RULES, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"there is no rule {pattern!r} for servers{meant}")
    return found
