"""Properties of reports in every format."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts.budget import format_amount
from aisa_testkit.contracts.reports import FORMATS, Report
from aisa_testkit.contracts.reports.rule_results import count_outcomes
from aisa_testkit.contracts.rules.server.evidence import Evidence


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("fixture", ["passed_report", "hostile_report", "interrupted_report"])
def test_every_report_contains_the_budget(
    request: pytest.FixtureRequest, name: str, fixture: str
) -> None:
    report: Report = request.getfixturevalue(fixture)
    text = FORMATS[name](report).decode()
    if name == "json":
        assert f'"spent": "{format_amount(report.budget.spent)}"' in text
    else:
        assert str(report.budget) in text


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"har"}))
def test_every_report_names_the_rules_that_were_not_checked(
    passed_report: Report, name: str
) -> None:
    assert passed_report.unchecked_rules[Evidence.FAILED_JOB] == ("AV211",)
    text = FORMATS[name](passed_report).decode()
    assert "AV211" in text
    assert "failed job" in text


@pytest.mark.parametrize("name", ["html", "junit", "markdown"])
@pytest.mark.parametrize("fixture", ["hostile_report", "report_with_remaining_job"])
def test_no_report_contains_a_control_character(
    request: pytest.FixtureRequest, name: str, fixture: str
) -> None:
    text = FORMATS[name](request.getfixturevalue(fixture)).decode()
    emoji_style = "\ufe0f"  # makes the sign in a heading colourful
    assert text.replace("\n", "").replace(emoji_style, "").isprintable()
    assert r"\x1b[31m" in text
    assert r"\u202e" in text
    assert "##[" not in text
    assert "##vso[" not in text


@pytest.mark.parametrize("name", ["html", "junit", "markdown"])
def test_every_report_names_the_jobs_that_may_be_left(
    report_with_remaining_job: Report, name: str
) -> None:
    text = FORMATS[name](report_with_remaining_job).decode()
    unknown = "a job may have been made, but its id is unknown (creates a job: no response)"
    assert (text.count("check it with --resume"), text.count(unknown)) == (1, 1)


@pytest.mark.parametrize("name", ["html", "junit", "markdown"])
@pytest.mark.parametrize("fixture", ["passed_report", "hostile_report", "interrupted_report"])
def test_every_report_for_people_contains_the_traffic_and_the_counts_of_rules(
    request: pytest.FixtureRequest, name: str, fixture: str
) -> None:
    report: Report = request.getfixturevalue(fixture)
    text = FORMATS[name](report).decode().replace("&#8203;", "")
    counts = report.traffic.counts.split(", ") if name != "junit" else [' name="retries" value="']
    slowest = [str(response) for response in report.traffic.slowest]
    for expected in (count_outcomes(report.rule_results), *counts, *slowest):
        assert expected in text


@pytest.mark.parametrize("name", ["html", "junit", "markdown"])
def test_every_report_for_people_contains_the_response_to_a_violation(
    hostile_report: Report, name: str
) -> None:
    (violation, *_) = (v for v in hostile_report.result.errors if v.operation_id == "getVideo")
    response = hostile_report.response_to(violation)
    assert '"error"' in (response.text or "")
    text = FORMATS[name](hostile_report).decode()
    assert response.heading in text
    assert "&lt;script&gt;alert(1)" in text.replace("<script>", "&lt;script&gt;")


@pytest.mark.parametrize("name", FORMATS)
def test_every_report_is_deterministic(passed_report: Report, name: str) -> None:
    assert FORMATS[name](passed_report) == FORMATS[name](passed_report)
