"""A report as JUnit XML, with one case for each rule and operation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree as Xml

from ...openapi import Operation
from ..rules.grouping import ViolationGroup, group_by_rule
from ..rules.rule import Rule, Severity
from ..rules.server_catalogue import SERVER_RULES
from ..rules.violation import Violation
from .report import Report, occurrences


def write_junit(report: Report) -> bytes:
    """The report as XML. A case passes if its rule was not broken, warnings are its output; rules
    for an operation that was not asked for are skipped.
    """
    suite = Xml.Element("testsuite", name=_legal(f"{report.document.title} at {report.base_url}"))
    properties = Xml.SubElement(suite, "properties")
    for name, value in _properties(report):
        Xml.SubElement(properties, "property", name=name, value=_legal(value))
    cases = [*_cases(report)]
    suite.extend(cases)
    if report.error:
        cases.append(Xml.SubElement(suite, "testcase", classname="check", name="comes to its end"))
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
    yield from report.versions.items()


def _cases(report: Report) -> Iterator[Xml.Element]:
    found: dict[tuple[str, str], list[Violation]] = {}
    for violation in report.result.violations:
        found.setdefault((violation.operation_id or "", violation.code), []).append(violation)
    history = report.result.history if report.has_result else ()
    asked = {exchange.operation_id for exchange in history}
    for operation in report.document.operations.values():
        for code in sorted(report.policy.codes):
            broken = found.get((operation.id, code), [])
            rule = SERVER_RULES[code]
            if broken or rule.roles is None or operation.role in rule.roles:
                yield _case(report, operation, rule, broken, operation.id in asked)


def _case(
    report: Report, operation: Operation, rule: Rule, broken: list[Violation], asked: bool
) -> Xml.Element:
    case = Xml.Element("testcase", classname=operation.id, name=f"{rule.code} {rule.title}")
    if broken:
        text = "\n\n".join(_text(report, kind) for kind in group_by_rule(broken))
        said = f"expected {broken[0].expected}, received {broken[0].received}"
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        if rule.severity is Severity.ERROR:
            _add(case, "failure", said + more, text).set("type", rule.code)
        else:
            Xml.SubElement(case, "system-out").text = _legal(text)
    if not asked:
        _add(case, "skipped", f"{operation.id} was not asked for", "")
    return case


def _text(report: Report, kind: ViolationGroup) -> str:
    seen = f"\n  seen      {occurrences(kind)}" if kind.more else ""
    return f"{kind.first}{seen}\n  again     {report.curl_command(kind.first)}"


def _add(case: Xml.Element, kind: str, message: str, text: str) -> Xml.Element:
    element = Xml.SubElement(case, kind, message=_legal(message))
    element.text = _legal(text) or None
    return element


def _legal(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _ILLEGAL.sub("\ufffd", text)


_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
