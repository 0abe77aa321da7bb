"""The result of each rule of a check: passed, failed or skipped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

from ...openapi.text import count_of
from ..rules.rule import Rule, Severity
from ..rules.server_catalogue import SERVER_RULES


class RuleOutcome(StrEnum):
    """The outcome of a rule, as reports list them."""

    FAILED = auto()
    WARNED = auto()
    SKIPPED = auto()
    PASSED = auto()


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The outcome of a rule.

    reason: why the rule was skipped, such as "no failed job"; empty for other outcomes
    """

    rule: Rule
    outcome: RuleOutcome
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.outcome:<7} {self.rule.code} {self.rule.title}{reason}"


def list_rule_results(
    codes: Collection[str], violated: Mapping[str, Severity], skipped: Mapping[str, str]
) -> tuple[RuleResult, ...]:
    """Return the results of rules for servers in the order of outcomes and codes.

    codes: the codes of the rules that were applied
    violated: the severity of each rule with a violation
    skipped: the reason for each rule that was not checked
    """
    results = [_result(code, violated.get(code), skipped.get(code, "")) for code in sorted(codes)]
    order = [*RuleOutcome]
    return tuple(sorted(results, key=lambda result: order.index(result.outcome)))


def _result(code: str, severity: Severity | None, reason: str) -> RuleResult:
    if severity is not None:
        failed = severity is Severity.ERROR
        outcome = RuleOutcome.FAILED if failed else RuleOutcome.WARNED
    else:
        outcome = RuleOutcome.SKIPPED if reason else RuleOutcome.PASSED
    return RuleResult(SERVER_RULES[code], outcome, reason)


def count_outcomes(results: Sequence[RuleResult]) -> str:
    """Return the numbers of rules by outcome in words: "46 rules passed, 3 skipped"."""
    counts = Counter[str](result.outcome for result in results)
    counts["not selected"] = len(SERVER_RULES) - len(results)
    others = (RuleOutcome.FAILED, RuleOutcome.WARNED, "not selected", RuleOutcome.SKIPPED)
    texts = [f"{counts[other]} {other}" for other in others if counts[other]]
    return ", ".join([f"{count_of(counts[RuleOutcome.PASSED], 'rule')} passed", *texts])
