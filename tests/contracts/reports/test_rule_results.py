"""The result of each rule in a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.reports import Report
from aisa_testkit.contracts.reports.rule_results import RuleOutcome, count_outcomes
from aisa_testkit.contracts.rules.rule import Severity
from aisa_testkit.contracts.rules.server_catalogue import SERVER_RULES
from aisa_testkit.openapi import Provenance


def codes(report: Report, outcome: RuleOutcome) -> list[str]:
    return [r.rule.code for r in report.rule_results if r.outcome is outcome]


def test_every_rule_of_the_check_has_one_result(
    passed_report: Report, hostile_report: Report, interrupted_report: Report
) -> None:
    for report in (passed_report, hostile_report, interrupted_report):
        assert sorted(r.rule.code for r in report.rule_results) == sorted(SERVER_RULES)


def test_rules_of_a_conforming_server_pass_or_are_skipped_with_a_reason(
    passed_report: Report,
) -> None:
    assert codes(passed_report, RuleOutcome.FAILED) == []
    skipped = [str(r) for r in passed_report.rule_results if r.outcome is RuleOutcome.SKIPPED]
    assert skipped[0] == "skipped AV211 failed job without an error: no failed job"
    assert codes(passed_report, RuleOutcome.SKIPPED) == ["AV211", "AV218", "AV223", "AV244"]
    counts = f"{len(SERVER_RULES) - 4} rules passed, 4 skipped"
    assert count_outcomes(passed_report.rule_results) == counts


def test_violated_rules_fail_and_come_first(hostile_report: Report) -> None:
    failed = codes(hostile_report, RuleOutcome.FAILED)
    assert failed == sorted({violation.code for violation in hostile_report.result.errors})
    assert [r.rule.code for r in hostile_report.rule_results[: len(failed)]] == failed


def test_rules_with_warnings_have_not_failed(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    first = hostile_report.result.violations[0]
    warning = replace(first, rule=replace(first.rule, severity=Severity.WARNING))
    report = make_report(result=replace(hostile_report.result, violations=(warning,)))
    assert codes(report, RuleOutcome.WARNED) == [first.code]
    assert ", 1 warned, " in count_outcomes(report.rule_results)


def test_check_without_a_result_has_no_passed_rule(make_report: Callable[..., Report]) -> None:
    report = make_report(error="not responding", exit_code=3)
    assert codes(report, RuleOutcome.PASSED) == []
    assert count_outcomes(report.rule_results) == f"0 rules passed, {len(SERVER_RULES)} skipped"


def test_rules_that_are_not_selected_are_counted(passed_report: Report) -> None:
    report = replace(passed_report, policy=CheckPolicy(codes={"AV101", "AV211"}))
    counts = f"1 rule passed, {len(SERVER_RULES) - 2} not selected, 1 skipped"
    assert count_outcomes(report.rule_results) == counts


def test_rules_of_responses_below_the_grade_are_skipped(passed_report: Report) -> None:
    report = replace(passed_report, policy=CheckPolicy(grade=Provenance.DOCUMENTED))
    assert {"AV221", "AV231"} <= set(codes(report, RuleOutcome.SKIPPED))
