"""Everything that a report of a check can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...openapi import Document
from ...openapi.text import count_of
from ..budget import Budget
from ..check.plan import CheckPlan
from ..check.result import CheckPolicy, CheckResult
from ..rules.grouping import ViolationGroup, group_by_rule
from ..rules.violation import Violation, list_numbers
from ..traffic.curl import curl_command
from ..traffic.exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A check and what came of it, without any key.

    `began` is in Unix seconds, `seconds` how long it took. `plan` is None where no job was to be
    made. `error` says why the check did not come to its end, None if it did. `key_variable` is the
    environment variable that held the key, `versions` are those of the programs at work.
    """

    document: Document
    base_url: str
    result: CheckResult
    policy: CheckPolicy
    budget: Budget
    plan: CheckPlan | None
    exit_code: int
    error: str | None
    began: float
    seconds: float
    seed: int
    key_variable: str
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def violation_groups(self) -> tuple[ViolationGroup, ...]:
        """The violations, those of one kind together."""
        return group_by_rule(self.result.violations)

    @property
    def summary(self) -> str:
        """How many kinds of violations there are, in words."""
        errors = len(group_by_rule(self.result.errors))
        found = count_of(errors, "violation") if errors else "no violation"
        warnings = len(group_by_rule(self.result.warnings))
        return f"{found}, {count_of(warnings, 'warning')}" if warnings else found

    @property
    def headline(self) -> str:
        """What came of it, in a few words."""
        if self.error is None:
            return self.summary
        return (
            f"{self.summary} so far; {self.error}"
            if self.has_result
            else f"not checked; {self.error}"
        )

    @property
    def has_result(self) -> bool:
        """Whether there was anything to judge: a job, or a check that came to its end."""
        return self.error is None or self.budget.creates > 0 or bool(self.result.errors)

    @property
    def passed(self) -> bool:
        """Whether the server was found to keep the contract."""
        return self.exit_code == 0

    def exchange_of(self, violation: Violation) -> Exchange:
        """The exchange in which a violation came to light."""
        return self.result.history[violation.numbers[-1] - 1]

    def curl_command(self, violation: Violation) -> str:
        """A line for a shell that asks for the same once more."""
        call, base_url = self.exchange_of(violation).call, self.base_url or self.document.server_url
        return curl_command(self.document, call, base_url, key_variable=self.key_variable)


def occurrences(kind: ViolationGroup) -> str:
    """How often a rule was broken, in words; nothing for once."""
    if not kind.more:
        return ""
    return f"{len(kind.more) + 1} times, in the answers to {list_numbers(kind.numbers)}"
