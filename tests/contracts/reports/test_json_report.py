"""Reports as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.reports import Report, write_json
from aisa_testkit.openapi.text import one_line


def read(report: Report) -> Any:
    return orjson.loads(write_json(report))


def test_json_report_contains_versions_document_and_settings(passed_report: Report) -> None:
    data = read(passed_report)
    assert (data["exit_code"], data["headline"], data["error"]) == (0, "no violation", None)
    assert data["versions"] == {"aisa-testkit": "1.2.3"}
    assert data["document"] == {"title": "AIsa Videos", "version": passed_report.document.version}
    assert (data["seed"], data["grade"], data["timeout"]) == (7, "inferred", 300.0)
    assert data["base_url"] == "https://api.invalid/v1"
    assert datetime.fromisoformat(data["began"]).timestamp() == passed_report.began
    assert (data["seconds"], data["requests"]) == (3.25, len(passed_report.result.history))
    assert data["rules"] == sorted(passed_report.policy.codes)


def test_json_report_contains_plan_and_budget_with_amounts_as_text(passed_report: Report) -> None:
    data, plan = read(passed_report), passed_report.plan
    assert plan is not None
    assert data["ledger"] == {
        "creates": 2,
        "max_creates": 2,
        "spent": "0.80",
        "max_spend": "2.00",
        "currency": "USD",
    }
    invalid_requests = data["plan"].pop("refused")
    assert data["plan"] == {"creates": 2, "price": "0.40", "total": "0.80", "currency": "USD"}
    assert [p["why"] for p in invalid_requests] == [probe.reason for probe in plan.probes]
    assert {p["operation"] for p in invalid_requests} <= set(passed_report.document.operations)


@pytest.mark.parametrize(
    ("spend", "text"),
    [("0.1", "0.10"), ("0.000001", "0.000001"), ("1E+3", "1000.00"), ("0", "0.00")],
)
def test_amounts_are_exact_and_without_exponent(
    make_report: Callable[..., Report], spend: str, text: str
) -> None:
    budget = Budget(max_spend=Decimal(spend))
    assert read(make_report(budget=budget))["ledger"]["max_spend"] == text


def test_missing_plan_and_limit_are_null(make_report: Callable[..., Report]) -> None:
    data = read(make_report(policy=CheckPolicy(codes={"AV203"})))
    assert (data["plan"], data["rules"], data["jobs"]) == (None, ["AV203"], [])
    assert data["ledger"] == {
        "creates": 0,
        "max_creates": None,
        "spent": "0.00",
        "max_spend": None,
        "currency": None,
    }


def test_json_report_contains_every_fact_of_a_violation(hostile_report: Report) -> None:
    data = read(hostile_report)
    assert data["exit_code"] == 1
    for group, facts in zip(hostile_report.violation_groups, data["violations"], strict=True):
        violation = group.first
        assert facts == {
            "code": violation.code,
            "title": violation.title,
            "severity": str(violation.severity),
            "operation": violation.operation_id,
            "request": violation.request,
            "numbers": list(violation.numbers),
            "found_in": list(violation.found_in),
            "place": None if violation.place is None else one_line(violation.place),
            "received": violation.received,
            "expected": violation.expected,
            "advice": violation.rule.advice,
            "times": group.times,
            "found": hostile_report.occurrences(group),
            "more": [other.to_json() for other in group.more],
            "response": asdict(hostile_report.response_to(violation)),
            "again": hostile_report.curl_command(violation),
            "again_note": hostile_report.repeat_note(violation),
        }


def test_json_report_contains_the_result_of_each_rule_and_the_traffic(
    passed_report: Report,
) -> None:
    data = read(passed_report)
    results = {result["code"]: result for result in data["rule_results"]}
    assert list(results) == [result.rule.code for result in passed_report.rule_results]
    assert results["AV101"]["outcome"] == "passed"
    assert results["AV211"] == {
        "code": "AV211",
        "title": "failed job without an error",
        "outcome": "skipped",
        "reason": "no failed job",
    }
    assert set(data["traffic"]) == {"retries", "server_errors", "unanswered", "slowest"}


def test_json_report_contains_timelines_of_jobs(passed_report: Report) -> None:
    jobs = read(passed_report)["jobs"]
    assert len(jobs) == 2
    for job in jobs:
        first, *_, last = job["moments"]
        assert (first["seconds"], first["progress"]) == (0.0, 0)
        assert (last["state"], last["progress"]) == ("completed", 100)
        numbers = [moment["number"] for moment in job["moments"]]
        assert numbers == sorted(numbers)
        assert 1 <= numbers[0] <= numbers[-1] <= len(passed_report.result.history)


def test_json_report_contains_remaining_jobs_and_notes(report_with_remaining_job: Report) -> None:
    data = read(report_with_remaining_job)
    assert tuple(data["left"]) == report_with_remaining_job.result.jobs
    assert data["left_unknown"] == ["creates a job: no response"]
    assert tuple(data["notes"]) == report_with_remaining_job.result.notes


def test_json_report_contains_the_error_of_an_incomplete_check(interrupted_report: Report) -> None:
    data = read(interrupted_report)
    assert (data["exit_code"], data["error"]) == (130, "interrupted")
    assert (data["left"], data["ledger"]["spent"]) == (
        list(interrupted_report.result.jobs),
        "0.40",
    )


@pytest.mark.parametrize("text", ["\0", "\U0001f600"], ids=["null", "emoji"])
def test_violation_with_any_text_can_be_written(
    make_report: Callable[..., Report], hostile_report: Report, text: str
) -> None:
    violation = replace(hostile_report.result.errors[0], place=text)
    assert read(make_report(result=replace(hostile_report.result, violations=(violation,))))
