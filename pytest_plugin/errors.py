"""The exceptions and warnings of the plugin.

ToolkitError
├── ContractError (AssertionError)    a client, or the live API, broke the contract
├── UnusedMockError (AssertionError)  no request has reached a mock
├── UnusedPlanError (AssertionError)  a fault or the outcome of a next job was set but never used
└── NotSent                           a request was not sent to the live API
UserWarning
├── ContractWarning                   a client sent something undocumented
├── UnusedPlanWarning                 a fault or the outcome of a next job was set but never used
└── UnreadMarkerWarning               a marker of pytest has no effect
BaseException
└── InfiniteLoop                      a client repeats a request forever
"""

from __future__ import annotations

from collections.abc import Sequence

from ..contracts import Party, Violation
from ..contracts.rules.allowance import allowing_word
from ..contracts.rules.grouping import group_by_cause
from ..openapi import Reply
from ..openapi.errors import ToolkitError


class ContractError(ToolkitError, AssertionError):
    """The code under test, or the live API, broke the contract.

    Args:
        title: the violated documents with their versions, such as "AIsa Videos 1.0.0".
        violations: the violations, in the order of the requests.
    """

    def __init__(self, title: str, violations: Sequence[Violation]) -> None:
        super().__init__(title, violations)
        self.title, self.violations = title, tuple(violations)

    @property
    def summary(self) -> str:
        """The first violation in one line, and the number of the others."""
        first, others = self.violations[0], len(self.violations) - 1
        return f"{first.summary} (and {others} more)" if others else first.summary

    def __str__(self) -> str:
        codes = dict.fromkeys(violation.code for violation in self.violations)
        parties = dict.fromkeys(_PARTIES[violation.rule.party] for violation in self.violations)
        return "\n\n".join(
            [
                f"{', '.join(codes)}: {' and '.join(parties)} broke the contract of {self.title}",
                *map(str, group_by_cause(self.violations)),
                f"To allow this on purpose: {_how_to_allow(self.violations)}.",
            ]
        )


class UnusedMockError(ToolkitError, AssertionError):
    """No request has reached a mock, so nothing was checked.

    Args:
        title: the documents of the test's mocks.
    """

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.title = title

    def __str__(self) -> str:
        return (
            f"no request has reached the mock of {self.title}: the test checks nothing.\n"
            "Point the code under test at the mock, or remove the mock."
        )


class UnusedPlanError(ToolkitError, AssertionError):
    """Faults, or outcomes of next jobs, were set but never used, so the test does not test them.

    Args:
        plans: the description of each one.
    """

    def __init__(self, plans: Sequence[str]) -> None:
        super().__init__(plans)
        self.plans = tuple(plans)

    def __str__(self) -> str:
        return "\n  ".join(["set for the mock but never used:", *self.plans])


class UnusedPlanWarning(UserWarning):
    """Faults, or outcomes of next jobs, were set but never used."""

    @classmethod
    def from_plans(cls, plans: Sequence[str]) -> UnusedPlanWarning:
        """Return the warning about these plans."""
        return cls(f"{UnusedPlanError(plans)}\nunused_plans='pass' allows this")


class ContractWarning(UserWarning):
    """The code under test sent something that is not documented.

    `summary` is the violation in one line.
    """

    summary = ""

    @classmethod
    def from_violation(cls, violation: Violation) -> ContractWarning:
        """Return the warning about one violation."""
        warning = cls(f"{violation}\n  allow     {_how_to_allow([violation])}")
        warning.summary = violation.summary
        return warning


class UnreadMarkerWarning(UserWarning):
    """A marker video_mock has no effect, because no fixture of the plugin reads it."""


class NotSent(ToolkitError):
    """A request was not sent to the live API; `reply` is returned to the client instead."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.reply = reply


class InfiniteLoop(BaseException):
    """A client repeats a request, and its response will never change.

    The test would never end. This is not an Exception, because the client might catch that and
    try again.
    """


def _how_to_allow(violations: Sequence[Violation]) -> str:
    """Return the code that allows a test to break these rules."""
    words = list(dict.fromkeys(map(allowing_word, violations)))
    return f"@pytest.mark.video_mock(allow={words}) or mock_videos(allow={words})"


_PARTIES = {Party.CLIENT: "the code under test", Party.SERVER: "the API"}
