"""The client's side of the contract in one test: all that it sent, and what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Sequence

from ..contracts import CLIENT_RULES, Exchange, Severity, Violation, check_client
from ..mock_server import Clock
from ..openapi import Document
from .journal import Journal


class ContractError(AssertionError):
    """The code under test broke the contract. `violations` are the ways, in the order of its
    requests.
    """

    def __init__(self, title: str, violations: Sequence[Violation]) -> None:
        super().__init__(title, violations)
        self.title, self.violations = title, tuple(violations)

    def __str__(self) -> str:
        codes = dict.fromkeys(violation.code for violation in self.violations)
        allow = f"allow=[{', '.join(f'{code!r}' for code in codes)}]"
        return "\n\n".join(
            [
                f"{', '.join(codes)}: the code under test broke the contract of {self.title}",
                *map(str, self.violations),
                f"If a test means it, say so: @pytest.mark.video_mock({allow}) or"
                f" mock_videos({allow}).",
            ]
        )


class ContractWarning(UserWarning):
    """The code under test sent something that the document does not know."""


class Contract:
    """What the code under test did to the mocks of one test.

    `check` says whether it is judged at all, `allow` names the codes of rules that it may break.
    """

    def __init__(self, *, check: bool = True, allow: str | Collection[str] = ()) -> None:
        self.journals: list[Journal] = []
        self._check, self._allowed = check, set[str]()
        self._told: set[Violation] = set()
        self._judged = 0
        self.allow(*([allow] if isinstance(allow, str) else allow))

    def open(self, document: Document, clock: Clock) -> Journal:
        """A journal for one more mock."""
        self.journals.append(Journal(document, clock))
        return self.journals[-1]

    def allow(self, *codes: str) -> None:
        """Lets the rules with these codes be broken; ValueError for an unknown code."""
        for code in codes:
            if code not in CLIENT_RULES:
                raise ValueError(f"there is no rule {code!r}, only {', '.join(CLIENT_RULES)}")
        self._allowed.update(codes)

    @property
    def requests(self) -> list[Exchange]:
        """The calls of operations, those of each mock in their order."""
        return [request for journal in self.journals for request in journal.requests]

    @property
    def violations(self) -> list[Violation]:
        """Everything that is wrong so far, warnings among it, allowed or not."""
        return [
            violation
            for journal in self.journals
            for history in journal.histories
            for violation in check_client(journal.document, history)
        ]

    def verify(self) -> None:
        """Raises ContractError if the contract was broken, and warns of what is only undocumented.

        What was said once is not said again.
        """
        errors, oddities = self.news()
        for oddity in oddities:
            warnings.warn(ContractWarning(str(oddity)), stacklevel=2)
        if errors:
            raise ContractError(self.title, errors)

    def explain(self) -> list[str]:
        """What verify() would raise, as text, for a test that failed by itself; else nothing."""
        errors, _ = self.news()
        return [str(ContractError(self.title, errors))] if errors else []

    def news(self) -> tuple[list[Violation], list[Violation]]:
        """The errors and the warnings of which nobody was told yet."""
        seen = sum(map(len, self.journals))
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


def _of(severity: Severity, violations: Iterable[Violation]) -> list[Violation]:
    return [violation for violation in violations if violation.severity is severity]
