"""The contract in one test: all that the code under test sent, and what is wrong with it; and with
the answers, if they are those of the live API.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence

from ..contracts import RULES, Exchange, Party, Severity, Violation, check_client, check_server
from ..mock_server import Clock
from ..openapi import Document
from ..openapi.errors import ToolkitError
from .journal import MockJournal


class ContractError(ToolkitError, AssertionError):
    """The code under test broke the contract, or the live API did. `violations` are the ways, in
    the order of the requests.
    """

    def __init__(self, title: str, violations: Sequence[Violation]) -> None:
        super().__init__(title, violations)
        self.title, self.violations = title, tuple(violations)

    def __str__(self) -> str:
        codes = dict.fromkeys(violation.code for violation in self.violations)
        parties = dict.fromkeys(_PARTIES[violation.rule.party] for violation in self.violations)
        return "\n\n".join(
            [
                f"{', '.join(codes)}: {' and '.join(parties)} broke the contract of {self.title}",
                *map(str, self.violations),
                f"If a test means it, say so: {_allowance(self.violations)}.",
            ]
        )


class ContractWarning(UserWarning):
    """The code under test sent something that the document does not know."""

    @classmethod
    def of(cls, violation: Violation) -> ContractWarning:
        """The warning about one violation."""
        return cls(f"{violation}\n  allow     {_allowance([violation])}")


class Contract:
    """What the code under test did to the mocks of one test.

    `check` says whether it is judged at all, `allow` names the codes of rules that it may break.
    """

    def __init__(self, *, check: bool = True, allow: str | Collection[str] = ()) -> None:
        __tracebackhide__ = True
        self.journals: list[MockJournal] = []
        self._check, self._allowed = check, set[str]()
        self._told: set[Violation] = set()
        self._judged: list[object] = []
        self.allow(*([allow] if isinstance(allow, str) else allow))

    def open(
        self, document: Document, clock: Clock, *, live: bool = False, keys: Iterable[str] = ()
    ) -> MockJournal:
        """A journal for one more mock, or for the live API; `keys` are those that it knows."""
        self.journals.append(MockJournal(document, clock, live=live, keys=keys))
        return self.journals[-1]

    def allow(self, *codes: str) -> None:
        """Lets the rules with these codes be broken; ValueError for an unknown code."""
        __tracebackhide__ = True
        for code in codes:
            if code not in RULES:
                raise ValueError(
                    f"there is no rule {code!r}; `aisa-testkit explain` lists them all"
                )
        self._allowed.update(codes)

    @property
    def requests(self) -> list[Exchange]:
        """The calls of operations, those of each mock in their order."""
        return [request for journal in self.journals for request in journal.requests]

    @property
    def violations(self) -> list[Violation]:
        """Everything that is wrong so far, warnings and advice among it, allowed or not."""
        return [violation for journal in self.journals for violation in _violations(journal)]

    def verify(self, *, stacklevel: int = 1) -> None:
        """Raises ContractError if the contract was broken; warns, at the line that calls, if
        something was sent that is only undocumented. Advice is for a verdict to give.

        What was said once is not said again.
        """
        errors, oddities = self.unreported()
        if errors:
            raise ContractError(self.title, [*errors, *oddities])
        for oddity in oddities:
            warnings.warn(ContractWarning.of(oddity), stacklevel=stacklevel + 1)

    def explain(self) -> list[str]:
        """What verify() would raise, as text, for a test that failed by itself; else nothing."""
        errors, oddities = self.unreported()
        return [str(ContractError(self.title, [*errors, *oddities]))] if errors else []

    def unreported(self) -> tuple[list[Violation], list[Violation]]:
        """The errors and the warnings of which nobody was told yet."""
        seen = [journal.revision for journal in self.journals]
        if not self._check or seen == self._judged:
            return [], []
        self._judged = seen
        found = [v for v in self.violations if v.code not in self._allowed and v not in self._told]
        self._told.update(found)
        return _of(Severity.ERROR, found), _of(Severity.WARNING, found)

    @property
    def title(self) -> str:
        """The documents that are kept or broken."""
        titles = [f"{j.document.title} {j.document.version}" for j in self.journals]
        return " and ".join(dict.fromkeys(titles))


def _violations(journal: MockJournal) -> Iterator[Violation]:
    for first, history in journal.judged():
        yield from check_client(journal.document, history, first=first)
    for answers in journal.answers() if journal.live else ():
        yield from check_server(journal.document, answers)


def _allowance(violations: Sequence[Violation]) -> str:
    """How a test says that it means to break these rules."""
    codes = list(dict.fromkeys(violation.code for violation in violations))
    return f"@pytest.mark.video_mock(allow={codes}) or mock_videos(allow={codes})"


def _of(severity: Severity, violations: Iterable[Violation]) -> list[Violation]:
    return [violation for violation in violations if violation.severity is severity]


_PARTIES = {Party.CLIENT: "the code under test", Party.SERVER: "the API"}
