"""The contract of one test: the requests of the code under test, and their violations."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, TypeAlias

from ..contracts import Exchange, Severity, Violation, check_client, check_server
from ..contracts.rules.allowance import is_allowable, is_allowed
from ..mock_server import Clock
from ..openapi import Document
from .errors import (
    ContractError,
    ContractWarning,
    UnusedMockError,
    UnusedPlanError,
    UnusedPlanWarning,
)
from .mock_journal import MockJournal

PassOrFail: TypeAlias = Literal["pass", "fail"]
PassWarnOrFail: TypeAlias = Literal["pass", "warn", "fail"]


class Contract:
    """The requests of the code under test to the mocks of one test, and their violations.

    Args:
        check: True to report violations.
        allow: the code of a rule that may be broken, the path of an unknown endpoint, or several.
        no_requests: "fail" to raise an error if no request has reached a mock.
        unused_plans: "fail" to raise an error for faults and next jobs that were set but never
            used, "warn" to warn of them.
    """

    def __init__(
        self,
        *,
        check: bool = True,
        allow: str | Collection[str] = (),
        no_requests: PassOrFail = "pass",
        unused_plans: PassWarnOrFail = "warn",
    ) -> None:
        __tracebackhide__ = True
        self.journals: list[MockJournal] = []
        self._no_requests, self._unused_plans = no_requests, unused_plans
        self._plans: list[Callable[[], list[str]]] = []
        self._reported_plans = set[str]()
        self._check, self._allowed = check, set[str]()
        self._reported: set[Violation] = set()
        self._checked_revisions: list[object] = []
        self.allow(*([allow] if isinstance(allow, str) else allow))

    def open_journal(
        self, document: Document, clock: Clock, *, live: bool = False, keys: Iterable[str] = ()
    ) -> MockJournal:
        """Return a journal for one more mock, or for the live API.

        Args:
            document: the document of the server.
            clock: the clock of the server.
            live: True for the live API, whose responses are checked as well.
            keys: the API keys that the server knows.
        """
        self.journals.append(MockJournal(document, clock, live=live, keys=keys))
        return self.journals[-1]

    def allow(self, *words: str) -> None:
        """Allow violations; ValueError for an unknown code.

        Args:
            words: the codes of rules, and paths of unknown endpoints, such as "/health" or
                "/internal/*".
        """
        __tracebackhide__ = True
        for word in words:
            if not is_allowable(word):
                code = word.strip().upper()
                hint = f"did you mean {code}?" if is_allowable(code) else _ALL_RULES
                raise ValueError(f"unknown rule {word!r}; {hint}")
        self._allowed.update(words)

    @property
    def requests(self) -> list[Exchange]:
        """The requests to documented operations: mock by mock, in the order of arrival."""
        return [request for journal in self.journals for request in journal.exchanges]

    @property
    def violations(self) -> list[Violation]:
        """All violations so far, including warnings, advice and allowed ones."""
        return [violation for journal in self.journals for violation in _violations(journal)]

    def verify(self, *, stacklevel: int = 1) -> None:
        """Raise ContractError for errors; warn, at the caller's line, of undocumented requests.

        Each violation is reported once. Advice is only part of the mock's `verdict`.

        Args:
            stacklevel: 1 to warn at the line that calls verify(), 2 at its caller's, and so on.
        """
        __tracebackhide__ = True
        errors, undocumented = self.unreported()
        if errors:
            raise ContractError(self.title, [*errors, *undocumented])
        for violation in undocumented:
            warnings.warn(ContractWarning.from_violation(violation), stacklevel=stacklevel + 1)

    @property
    def unused(self) -> bool:
        """True if there is a mock that no request has reached, and violations are reported."""
        return self._check and any(journal.unused for journal in self.journals)

    def watch_plans(self, unused: Callable[[], list[str]]) -> None:
        """Report the plans of a mock that this function returns at the end of the test."""
        self._plans.append(unused)

    def verify_use(self) -> UnusedPlanWarning | None:
        """Return a warning if plans were never used, None if there are none.

        Raises UnusedPlanError instead if the options say so, and UnusedMockError if no request has
        reached a mock.
        """
        __tracebackhide__ = True
        if self.unused and self._no_requests == "fail":
            raise UnusedMockError(self.title)
        plans = self._unreported_plans()
        if plans and self._unused_plans == "fail":
            raise UnusedPlanError(plans)
        return UnusedPlanWarning.from_plans(plans) if plans else None

    @property
    def unused_plans(self) -> list[str]:
        """The faults, and the outcomes of next jobs, that were set but never used."""
        return [plan for unused in self._plans for plan in unused()]

    def _unreported_plans(self) -> list[str]:
        """Return the unused plans, unless they are allowed or were reported already."""
        plans = self.unused_plans if self._unused_plans != "pass" else []
        new = [plan for plan in plans if plan not in self._reported_plans]
        self._reported_plans.update(new)
        return new

    def error_text(self) -> str:
        """Return what may be the reason of another error: violations and unused plans, or ""."""
        errors, undocumented = self.unreported()
        texts = [str(ContractError(self.title, [*errors, *undocumented]))] if errors else []
        if plans := self._unreported_plans():
            texts.append(str(UnusedPlanError(plans)))
        return "\n\n".join(texts)

    def unreported(self) -> tuple[list[Violation], list[Violation]]:
        """Return the errors and the warnings that were not reported yet."""
        revisions = [journal.revision for journal in self.journals]
        if not self._check or revisions == self._checked_revisions:
            return [], []
        self._checked_revisions = revisions
        found = [
            violation
            for violation in self.violations
            if not is_allowed(violation, self._allowed) and violation not in self._reported
        ]
        self._reported.update(found)
        return _with_severity(Severity.ERROR, found), _with_severity(Severity.WARNING, found)

    @property
    def title(self) -> str:
        """The titles and versions of the documents."""
        titles = [f"{j.document.title} {j.document.version}" for j in self.journals]
        return " and ".join(dict.fromkeys(titles))


@contextmanager
def note_violations(contract: Contract) -> Iterator[None]:
    """Add the violations as a note to an error that leaves the block."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException as error:
        if text := contract.error_text():
            error.add_note(text)
        raise


def _violations(journal: MockJournal) -> Iterator[Violation]:
    for first, history in journal.client_histories():
        violations = check_client(
            journal.document, history, first=first, restarts=journal.log.restarts
        )
        yield from map(journal.with_call_site, violations)
    for history in journal.server_histories() if journal.live else ():
        yield from check_server(journal.document, history)


def _with_severity(severity: Severity, violations: Iterable[Violation]) -> list[Violation]:
    return [violation for violation in violations if violation.severity is severity]


_ALL_RULES = "`aisa-testkit explain` lists all rules"
