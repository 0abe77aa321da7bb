"""Reports as JUnit XML, with one test case for each operation and rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from ...openapi import Operation
from ...openapi.text import escape_controls
from ..rules.grouping import ViolationGroup
from ..rules.rule import Rule, Severity
from ..rules.server.evidence import Evidence, evidence_by_operation, evidence_for
from ..rules.server_catalogue import SERVER_RULES
from ..rules.violation import Violation
from .report import Report
from .rule_results import count_outcomes
from .traffic_summary import TrafficSummary


def write_junit(report: Report) -> bytes:
    """Return the report as JUnit XML.

    A case fails if the rule was violated in a response of the operation. Warnings are the output
    of a passed case. A case is skipped if the operation was not called, or if its exchanges show
    nothing that the rule could check.
    """
    suite = Xml.Element(
        "testsuite", name=_xml_text(f"{report.document.title} at {report.base_url}")
    )
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(report):
        Xml.SubElement(properties, "property", name=name, value=_xml_text(value))
    cases = [*_cases(report)]
    suite.extend(cases)
    if report.error:
        cases.append(Xml.SubElement(suite, "testcase", classname="check", name="runs to its end"))
        _add(cases[-1], "error", report.error, report.headline)
    counts = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": 1 if report.error else 0,
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    suite.attrib |= {name: str(count) for name, count in counts.items()}
    suite.set("time", f"{report.seconds:.3f}")
    suite.set("timestamp", datetime.fromtimestamp(report.began, UTC).isoformat(timespec="seconds"))
    suites = Xml.Element("testsuites")
    suites.append(suite)
    Xml.indent(suites)
    text: bytes = Xml.tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    yield "outcome", report.headline
    yield "exit_code", str(report.exit_code)
    yield "ledger", str(report.budget)
    yield "grade", report.policy.grade
    yield "seed", str(report.seed)
    yield "rules", count_outcomes(report.rule_results)
    yield from _traffic(report.traffic)
    for job in report.result.left:
        yield "left", job
    for note in report.result.notes:
        yield "note", note
    yield from report.versions.items()


def _traffic(traffic: TrafficSummary) -> Iterator[tuple[str, str]]:
    yield "requests", str(traffic.requests)
    yield "retries", str(traffic.retries)
    yield "server_errors", str(sum(traffic.server_errors.values()))
    yield "unanswered", str(traffic.unanswered)
    for response in traffic.slowest:
        yield "slow_response", str(response)


def _cases(report: Report) -> Iterator[Xml.Element]:
    violations: dict[tuple[str, str], list[Violation]] = {}
    for violation in report.result.violations:
        key = violation.operation_id or "", violation.code
        violations.setdefault(key, []).append(violation)
    history = report.result.history if report.has_result else ()
    evidence = evidence_by_operation(
        report.document,
        history,
        report.policy.covers,
        files=report.result.files if report.has_result else (),
    )
    called = {exchange.operation_id for exchange in history}
    for operation in report.document.operations.values():
        roles = {role.role for role in report.document.roles.get(operation.id, ())}
        for code in sorted(report.policy.codes):
            found, rule = violations.get((operation.id, code), []), SERVER_RULES[code]
            if found or rule.roles is None or roles & rule.roles:
                reason = _skip_reason(operation, rule, evidence, called)
                yield _case(report, operation, rule, found, reason)


def _case(
    report: Report,
    operation: Operation,
    rule: Rule,
    violations: list[Violation],
    skip_reason: str,
) -> Xml.Element:
    case = Xml.Element(
        "testcase", classname=_xml_text(operation.id), name=f"{rule.code} {rule.title}"
    )
    if violations:
        groups = report.group(violations)
        text = "\n\n".join(_text(report, group) for group in groups)
        first, more = groups[0].first, groups[1:]
        message = f"expected {first.expected}, received {first.received}"
        message += f" (and {len(more)} more)" if more else ""
        if rule.severity is Severity.ERROR:
            _add(case, "failure", message, text).set("type", rule.code)
        else:
            Xml.SubElement(case, "system-out").text = _xml_text(text)
    elif skip_reason:
        _add(case, "skipped", skip_reason, "")
    return case


def _skip_reason(
    operation: Operation,
    rule: Rule,
    evidence: Mapping[str, Collection[Evidence]],
    called: Collection[str],
) -> str:
    """Return why a rule was not checked for an operation, empty if it was."""
    if operation.id not in called:
        return f"{operation.id} was not called"
    if operation.id not in evidence:
        return "not checked: its responses are below the grade"
    needed = evidence_for(rule)
    return "" if needed in evidence[operation.id] else f"not checked: no {needed}"


def _text(report: Report, group: ViolationGroup) -> str:
    return f"{group.first}{report.details(group)}{report.repeat_lines(group.first)}"


def _add(case: Xml.Element, tag: str, message: str, text: str) -> Xml.Element:
    element = Xml.SubElement(case, tag, message=_xml_text(message))
    element.text = _xml_text(text) or None
    return element


def _xml_text(text: str) -> str:
    """Return the text with escape sequences for control characters, which XML does not allow."""
    return escape_controls(text, keep="\n")
