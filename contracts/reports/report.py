"""The content of a report, whatever its format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...openapi import Document
from ...openapi.text import count_of
from ..budget import Budget
from ..check.plan import CheckPlan
from ..check.result import CheckPolicy, CheckResult
from ..rules.grouping import ViolationGroup, group_by_cause
from ..rules.server.evidence import Evidence, unchecked_rules
from ..rules.server_catalogue import CANCEL_IGNORED
from ..rules.violation import Violation
from ..traffic.curl import CurlCommand, curl_command
from ..traffic.exchange import Exchange
from .occurrences import describe_occurrences
from .repeat_note import number_to_repeat, repeat_note
from .response_excerpt import ResponseExcerpt, excerpt_of
from .rule_results import RuleResult, list_rule_results
from .traffic_summary import TrafficSummary, summarize_traffic

INCONCLUSIVE = 6
"""The exit code of a check that found no violation because no job completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A check and its result, without API keys.

    document: the document of the API
    base_url: the base URL of the server, empty if a recording does not contain it
    result: the violations and the exchanges
    policy: the rules that were applied
    budget: the limits, and what was spent
    plan: the planned requests, None for a recording or a resumed job
    exit_code: the exit code of the command
    error: the reason why the check was not completed, None if it was
    began: the start of the check in Unix seconds
    seconds: the duration of the check
    seed: the seed of the check
    key_variable: the name of the environment variable with the API key
    files_prefix: the start of the paths of the files that curl commands read
    versions: the versions of the programs by name
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
    files_prefix: str
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def violation_groups(self) -> tuple[ViolationGroup, ...]:
        """The violations, grouped by their causes."""
        return self.group(self.result.violations)

    @property
    def summary(self) -> str:
        """The number of causes in words, such as "2 violations, 1 warning"."""
        errors = len(self.group(self.result.errors))
        counts = count_of(errors, "violation") if errors else "no violation"
        warnings = len(self.group(self.result.warnings))
        return f"{counts}, {count_of(warnings, 'warning')}" if warnings else counts

    @property
    def headline(self) -> str:
        """The summary, with the error if the check was not completed."""
        if self.error is None:
            return self.summary
        if not self.has_result:
            return f"not checked; {self.error}"
        return f"{self.summary} so far; {self.error}"

    @property
    def has_result(self) -> bool:
        """True if the check was completed, or if it at least created a job or found an error."""
        completed = self.error is None or self.exit_code == INCONCLUSIVE
        return completed or self.budget.creates > 0 or bool(self.result.errors)

    @property
    def passed(self) -> bool:
        """True if the server conforms to the contract."""
        return self.exit_code == 0

    @property
    def unchecked_rules(self) -> Mapping[Evidence, tuple[str, ...]]:
        """The codes of the rules that were not checked, by the evidence that was missing."""
        found = {violation.code for violation in self.result.violations}
        history = self.result.history if self.has_result else ()
        return unchecked_rules(
            self.document,
            history,
            set(self.policy.codes) - found,
            self.policy.covers,
            files=self.result.files if self.has_result else (),
        )

    @property
    def unchecked_reasons(self) -> tuple[str, ...]:
        """The rules that were not checked, in lines such as "AV211: no failed job"."""
        return tuple(
            f"{', '.join(codes)}: no {evidence}" for evidence, codes in self.unchecked_rules.items()
        )

    @property
    def rule_results(self) -> tuple[RuleResult, ...]:
        """The result of each rule: failed rules first, then skipped and passed ones."""
        failed = {violation.code: violation.severity for violation in self.result.violations}
        reasons = {c: f"no {e}" for e, codes in self.unchecked_rules.items() for c in codes}
        if not any(kind.cancel for kind in self.document.kinds.values()):
            reasons.setdefault(CANCEL_IGNORED.code, "no operation that cancels jobs")
        return list_rule_results(self.policy.codes, failed, reasons)

    @property
    def traffic(self) -> TrafficSummary:
        """The retries, the failures of the server and the slowest responses."""
        return summarize_traffic(self.document, self.result.history)

    def group(self, violations: Iterable[Violation]) -> tuple[ViolationGroup, ...]:
        """Return violations of this check, grouped by their causes."""
        return group_by_cause(violations, document=self.document)

    def occurrences(self, group: ViolationGroup) -> str:
        """Return how often a violation was found: "in 12 of 14 polls"; empty for a single one."""
        return describe_occurrences(self.result.history, group)

    def response_to(self, violation: Violation) -> ResponseExcerpt:
        """Return the beginning of the first response that completed a violation."""
        return excerpt_of(self.exchange_of(violation).reply)

    def details(self, group: ViolationGroup) -> str:
        """Return how often the violations were found, and the response, in lines for texts."""
        occurrences = self.occurrences(group)
        found = f"\n  found     {occurrences}" if occurrences else ""
        return f"{found}\n  response  {self.response_to(group.first).line}"

    def repeat_lines(self, violation: Violation) -> str:
        """Return the curl command and its note, in lines for texts."""
        note = self.repeat_note(violation)
        return f"\n  repeat    {self.curl_command(violation)}" + (
            f"\n            # {note}" if note else ""
        )

    def exchange_of(self, violation: Violation) -> Exchange:
        """Return the exchange that shows a violation again at the lowest price."""
        return self.result.history[self._number_to_repeat(violation) - 1]

    def curl_command(self, violation: Violation) -> str:
        """Return a curl command that repeats the request of a violation."""
        return self._curl(violation).text

    def repeat_note(self, violation: Violation) -> str:
        """Return what the curl command costs and whether its job is gone; may be empty."""
        return repeat_note(self.document, self.result.history, self._number_to_repeat(violation))

    @property
    def request_files(self) -> Mapping[str, bytes]:
        """The contents of the files that the curl commands read, by their paths."""
        commands = [self._curl(group.first) for group in self.violation_groups]
        return {path: data for command in commands for path, data in command.files.items()}

    def _number_to_repeat(self, violation: Violation) -> int:
        return number_to_repeat(self.document, self.result.history, violation)

    def _curl(self, violation: Violation) -> CurlCommand:
        return curl_command(
            self.document,
            self.exchange_of(violation).call,
            self.base_url or self.document.server_url,
            key_variable=self.key_variable,
            files=f"{self.files_prefix}{self._number_to_repeat(violation)}-",
        )
