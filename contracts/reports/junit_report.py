"""Reports as JUnit XML, with one test case for each operation and rule."""

from __future__ import annotations

from collections.abc import Collection, Iterator
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
    for job in report.result.left:
        yield "left", job
    for note in report.result.notes:
        yield "note", note
    yield from report.versions.items()


def _cases(report: Report) -> Iterator[Xml.Element]:
    violations: dict[tuple[str, str], list[Violation]] = {}
    for violation in report.result.violations:
        key = violation.operation_id or "", violation.code
        violations.setdefault(key, []).append(violation)
    history = report.result.history if report.has_result else ()
    evidence = evidence_by_operation(report.document, history)
    for operation in report.document.operations.values():
        for code in sorted(report.policy.codes):
            found, rule = violations.get((operation.id, code), []), SERVER_RULES[code]
            if found or rule.roles is None or operation.role in rule.roles:
                yield _case(report, operation, rule, found, evidence.get(operation.id))


def _case(
    report: Report,
    operation: Operation,
    rule: Rule,
    violations: list[Violation],
    evidence: Collection[Evidence] | None,
) -> Xml.Element:
    case = Xml.Element("testcase", classname=operation.id, name=f"{rule.code} {rule.title}")
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
    elif evidence is None:
        _add(case, "skipped", f"{operation.id} was not called", "")
    elif evidence_for(rule) not in evidence:
        _add(case, "skipped", f"not checked: no {evidence_for(rule)}", "")
    return case


def _text(report: Report, group: ViolationGroup) -> str:
    found = f"\n  found     {found}" if (found := report.occurrences(group)) else ""
    return f"{group.first}{found}\n  repeat    {report.curl_command(group.first)}"


def _add(case: Xml.Element, tag: str, message: str, text: str) -> Xml.Element:
    element = Xml.SubElement(case, tag, message=_xml_text(message))
    element.text = _xml_text(text) or None
    return element


def _xml_text(text: str) -> str:
    """Return the text with escape sequences for control characters, which XML does not allow."""
    return escape_controls(text, keep="\n")
