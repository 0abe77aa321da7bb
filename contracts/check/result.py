"""The result of a check, and the policy that selects the rules to apply."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ...openapi import Document, Provenance
from ...openapi.text import did_you_mean
from ..rules.rule import Severity
from ..rules.server.check_history import check_server
from ..rules.server.file_addresses import file_address_violations
from ..rules.server_catalogue import SERVER_RULES
from ..rules.violation import Violation
from ..traffic.exchange import Exchange
from ..traffic.file_read import FileRead


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    violations: the rules that the server broke
    history: all exchanges
    jobs: the ids of jobs that were created and not deleted
    notes: what could not be done or checked, and why
    actions: the purpose of each exchange; empty for a recording
    unknown_jobs: the creates that may have been billed for a job with an unknown id, in words
    files: the files that were read at addresses in jobs
    """

    violations: tuple[Violation, ...]
    history: tuple[Exchange, ...]
    jobs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    unknown_jobs: tuple[str, ...] = ()
    files: tuple[FileRead, ...] = ()

    @property
    def left(self) -> tuple[str, ...]:
        """The jobs that are left on the server, or may be, in words."""
        unknown = (
            f"a job may have been made, but its id is unknown ({e})" for e in self.unknown_jobs
        )
        return (*(f"{job}; check it with --resume {job}" for job in self.jobs), *unknown)

    @property
    def errors(self) -> tuple[Violation, ...]:
        """The violations that break the contract."""
        return tuple(v for v in self.violations if v.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """The violations that do not break the contract."""
        return tuple(v for v in self.violations if v.severity is Severity.WARNING)


@dataclass(frozen=True, slots=True)
class CheckPolicy:
    """The rules that a check applies.

    grade: responses that are less certain than this are not checked
    timeout: the seconds that a job may take
    codes: the codes of the rules to apply
    """

    grade: Provenance = Provenance.INFERRED
    timeout: float = 300.0
    codes: Collection[str] = frozenset(SERVER_RULES)

    def violations(
        self, document: Document, history: Iterable[Exchange], *, files: Iterable[FileRead] = ()
    ) -> tuple[Violation, ...]:
        """Return the violations of the selected rules in a history.

        files: the files at addresses that the responses show
        """
        exchanges = list(history)
        found = (
            *check_server(document, exchanges, timeout=self.timeout),
            *file_address_violations(document, exchanges, files),
        )
        covered = (v for v in found if self.covers(exchanges[v.numbers[-1] - 1]))
        return tuple(violation for violation in covered if violation.code in self.codes)

    def covers(self, exchange: Exchange) -> bool:
        """Return True if the operation and the response are within the grade."""
        response = exchange.operation.responses.get(exchange.status or 0)
        return self.grade.covers(exchange.operation.provenance) and (
            response is None or self.grade.covers(response.provenance)
        )


def select_codes(*, only: Iterable[str] = (), exclude: Iterable[str] = ()) -> frozenset[str]:
    """Return the codes of the selected server rules.

    only: codes or patterns such as `AV2*` to select; all rules if empty
    exclude: codes or patterns to remove from the selection

    Raises ValueError if a pattern matches no rule, or if no rule remains.
    """
    selected = set[str]().union(*map(_codes_matching, only)) if only else set(SERVER_RULES)
    selected -= set[str]().union(*map(_codes_matching, exclude))
    if not selected:
        raise ValueError("no rule is left to check")
    return frozenset(selected)


def _codes_matching(pattern: str) -> set[str]:
    wanted = pattern.strip().upper()
    matching = {code for code in SERVER_RULES if fnmatchcase(code, f"{wanted}*")}
    if not matching or not wanted:
        suggestion = did_you_mean(wanted, SERVER_RULES)
        raise ValueError(f"there is no server rule {pattern!r}{suggestion}")
    return matching
