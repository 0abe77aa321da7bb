"""Reports as JUnit XML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from xml.etree import ElementTree as Xml

import pytest

from aisa_testkit.contracts.check.result import CheckPolicy
from aisa_testkit.contracts.reports import Report, write_junit
from aisa_testkit.contracts.rules.rule import Severity
from aisa_testkit.contracts.rules.server_catalogue import SERVER_RULES
from aisa_testkit.openapi import Provenance


def suite_of(report: Report) -> Xml.Element:
    root = Xml.fromstring(write_junit(report))
    assert (root.tag, len(root)) == ("testsuites", 1)
    return root[0]


@pytest.fixture(params=["passed_report", "hostile_report", "interrupted_report"])
def report(request: pytest.FixtureRequest) -> Report:
    chosen: Report = request.getfixturevalue(request.param)
    return chosen


def test_junit_counts_match_the_cases(report: Report) -> None:
    suite = suite_of(report)
    cases = suite.findall("testcase")
    counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    assert (counts["failures"] > 0) is bool(report.result.errors)
    assert (counts["errors"] > 0) is (report.error is not None)


def test_junit_has_one_case_for_each_rule_and_operation(report: Report) -> None:
    cases = [(c.get("classname"), c.get("name")) for c in suite_of(report).iter("testcase")]
    assert set(Counter(cases).values()) == {1}
    names = {operation.id for operation in report.document.operations.values()}
    assert {name for name, _ in cases} - {"check"} == names
    codes = {name.split()[0] for owner, name in cases if name and owner != "check"}
    assert codes == set(SERVER_RULES)


def test_junit_case_has_at_most_one_outcome(report: Report) -> None:
    for case in suite_of(report).iter("testcase"):
        outcomes = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        assert len(outcomes) <= 1, case.get("name")


def test_violation_fails_its_junit_case_and_no_other(hostile_report: Report) -> None:
    failed = {
        (case.get("classname"), str(case.get("name"))[:5])
        for case in suite_of(hostile_report).iter("testcase")
        if case.find("failure") is not None
    }
    assert failed == {(v.operation_id, v.code) for v in hostile_report.result.errors}


def test_junit_failure_contains_the_violation_and_its_curl_command(hostile_report: Report) -> None:
    texts = "\n".join(f.text or "" for f in suite_of(hostile_report).iter("failure"))
    for group in hostile_report.violation_groups:
        assert f"{group.first}\n" in texts
        assert hostile_report.curl_command(group.first) in texts


def test_warning_is_output_of_a_passed_junit_case(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    first = hostile_report.result.violations[0]
    rule = next(r for r in SERVER_RULES.values() if r.severity is Severity.WARNING)
    warning = replace(first, rule=rule)
    report = make_report(result=replace(hostile_report.result, violations=(warning,)))
    suite = suite_of(report)
    (case,) = [case for case in suite.iter("testcase") if case.find("system-out") is not None]
    assert (suite.get("failures"), case.get("classname")) == ("0", warning.operation_id)


def test_junit_cases_of_uncalled_operations_are_skipped(interrupted_report: Report) -> None:
    called = {exchange.operation_id for exchange in interrupted_report.result.history}
    for case in suite_of(interrupted_report).iter("testcase"):
        skipped = case.find("skipped")
        if case.get("classname") != "check":
            assert skipped is not None or case.get("classname") in called
        if skipped is not None and case.get("classname") not in called:
            assert skipped.get("message") == f"{case.get('classname')} was not called"


def test_junit_cases_without_evidence_are_skipped(passed_report: Report) -> None:
    skipped = {
        str(case.get("name"))[:5]: element.get("message")
        for case in suite_of(passed_report).iter("testcase")
        if case.get("classname") == "getVideo" and (element := case.find("skipped")) is not None
    }
    assert skipped["AV211"] == "not checked: no failed job"
    assert {"AV101", "AV201", "AV202", "AV216"}.isdisjoint(skipped)


def test_junit_cases_below_the_grade_are_skipped(passed_report: Report) -> None:
    policy = CheckPolicy(grade=Provenance.DOCUMENTED)
    suite = suite_of(replace(passed_report, policy=policy))
    skipped = [
        c.find("skipped") for c in suite.iter("testcase") if c.get("classname") == "getVideo"
    ]
    reasons = {None if reason is None else reason.get("message") for reason in skipped}
    assert reasons == {"not checked: its responses are below the grade"}


def test_incomplete_check_is_one_junit_error(
    interrupted_report: Report, passed_report: Report
) -> None:
    (error,) = suite_of(interrupted_report).iter("error")
    assert (error.get("message"), error.text) == ("interrupted", interrupted_report.headline)
    assert not list(suite_of(passed_report).iter("error"))


def test_unselected_rules_have_no_junit_case(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    policy = CheckPolicy(codes={"AV101", "AV203"})
    result = replace(hostile_report.result, violations=())
    cases = suite_of(make_report(result=result, policy=policy)).iter("testcase")
    assert {str(case.get("name"))[:5] for case in cases} == {"AV101", "AV203"}


def test_junit_suite_has_name_time_and_timestamp(passed_report: Report) -> None:
    suite = suite_of(passed_report)
    assert suite.get("name") == "AIsa Videos at https://api.invalid/v1"
    assert (suite.get("time"), float(suite.attrib["time"])) == ("3.250", passed_report.seconds)
    assert datetime.fromisoformat(suite.attrib["timestamp"]).timestamp() == int(passed_report.began)


@pytest.mark.parametrize(
    "text",
    ["\0\x01\x08\x0b\x1f", "\ufffe\uffff", "\ud800", "]]>", "<!-- &", "\x7f\x85\u2028", "\r\n\t"],
    ids=[
        "control",
        "non-characters",
        "surrogate",
        "end of CDATA",
        "markup",
        "unusual",
        "whitespace",
    ],
)
def test_text_of_a_server_keeps_the_xml_valid(
    make_report: Callable[..., Report], hostile_report: Report, text: str
) -> None:
    violation = replace(hostile_report.result.errors[0], received=text, expected=text, place=text)
    report = make_report(result=replace(hostile_report.result, violations=(violation,)), error=text)
    assert len(list(suite_of(report).iter("failure"))) == 1
