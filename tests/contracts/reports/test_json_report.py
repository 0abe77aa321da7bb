"""A report as JSON, as other programs read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.reports import Report, write_json


def read(report: Report) -> Any:
    return orjson.loads(write_json(report))


def test_it_says_what_was_checked_with_what(passed_report: Report) -> None:
    told = read(passed_report)
    assert (told["exit_code"], told["headline"], told["error"]) == (0, "no violation", None)
    assert told["versions"] == {"aisa-testkit": "1.2.3"}
    assert told["document"] == {"title": "AIsa Videos", "version": passed_report.document.version}
    assert (told["seed"], told["grade"], told["timeout"]) == (7, "inferred", 300.0)
    assert told["base_url"] == "https://api.invalid/v1"
    assert datetime.fromisoformat(told["began"]).timestamp() == passed_report.began
    assert (told["seconds"], told["requests"]) == (3.25, len(passed_report.result.history))
    assert told["rules"] == sorted(passed_report.policy.codes)


def test_the_plan_and_the_ledger_tell_money_as_text(passed_report: Report) -> None:
    told, plan = read(passed_report), passed_report.plan
    assert plan is not None
    assert told["ledger"] == {
        "creates": 2,
        "max_creates": 2,
        "spent": "0.80",
        "max_spend": "2.00",
        "currency": "USD",
    }
    refused = told["plan"].pop("refused")
    assert told["plan"] == {"creates": 2, "price": "0.40", "total": "0.80", "currency": "USD"}
    assert [p["why"] for p in refused] == [probe.reason for probe in plan.probes]
    assert {p["operation"] for p in refused} <= set(passed_report.document.operations)


@pytest.mark.parametrize(
    ("spend", "told"),
    [("0.1", "0.10"), ("0.000001", "0.000001"), ("1E+3", "1000.00"), ("0", "0.00")],
)
def test_no_amount_is_rounded_or_written_with_an_exponent(
    make_report: Callable[..., Report], spend: str, told: str
) -> None:
    budget = Budget(max_spend=Decimal(spend))
    assert read(make_report(budget=budget))["ledger"]["max_spend"] == told


def test_without_a_plan_or_a_limit_there_is_null(make_report: Callable[..., Report]) -> None:
    told = read(make_report(policy=CheckPolicy(codes={"AV203"})))
    assert (told["plan"], told["rules"], told["jobs"]) == (None, ["AV203"], [])
    assert told["ledger"] == {
        "creates": 0,
        "max_creates": None,
        "spent": "0.00",
        "max_spend": None,
        "currency": None,
    }


def test_every_violation_has_all_its_facts(hostile_report: Report) -> None:
    told = read(hostile_report)
    assert told["exit_code"] == 1
    for violation, facts in zip(hostile_report.result.violations, told["violations"], strict=True):
        assert facts == {
            "code": violation.code,
            "title": violation.title,
            "severity": str(violation.severity),
            "operation": violation.operation_id,
            "request": violation.request,
            "numbers": list(violation.numbers),
            "place": violation.place,
            "received": violation.received,
            "expected": violation.expected,
            "advice": violation.rule.advice,
            "again": hostile_report.curl_command(violation),
        }


def test_the_lives_of_jobs_are_moments(passed_report: Report) -> None:
    jobs = read(passed_report)["jobs"]
    assert len(jobs) == 2
    for job in jobs:
        first, *_, last = job["moments"]
        assert (first["seconds"], first["progress"]) == (0.0, 0)
        assert (last["state"], last["progress"]) == ("completed", 100)
        numbers = [moment["number"] for moment in job["moments"]]
        assert numbers == sorted(numbers)
        assert 1 <= numbers[0] <= numbers[-1] <= len(passed_report.result.history)


def test_what_was_left_and_noted_is_told_as_it_is(report_with_remaining_job: Report) -> None:
    told = read(report_with_remaining_job)
    assert tuple(told["left"]) == report_with_remaining_job.result.jobs
    assert tuple(told["notes"]) == report_with_remaining_job.result.notes


def test_a_check_that_did_not_come_to_its_end_says_why(interrupted_report: Report) -> None:
    told = read(interrupted_report)
    assert (told["exit_code"], told["error"]) == (130, "interrupted")
    assert (told["left"], told["ledger"]["spent"]) == (list(interrupted_report.result.jobs), "0.40")


@pytest.mark.parametrize("text", ["\0", "\U0001f600"], ids=["null", "emoji"])
def test_any_text_of_a_violation_can_be_written(
    make_report: Callable[..., Report], hostile_report: Report, text: str
) -> None:
    violation = replace(hostile_report.result.errors[0], place=text)
    assert read(make_report(result=replace(hostile_report.result, violations=(violation,))))
