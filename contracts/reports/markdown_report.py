"""Reports as Markdown, for the summaries of CI jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...openapi.text import escape_controls
from ..rules.grouping import ViolationGroup
from ..rules.violation import list_numbers
from .report import Report
from .rule_results import RuleOutcome, RuleResult, count_outcomes
from .timeline import Timeline, job_timelines


def write_markdown(report: Report) -> bytes:
    """Return the report as Markdown with tables, for GitHub and GitLab."""
    return ("\n".join(_lines(report)).strip() + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    document, result = report.document, report.result
    sign = "✅" if report.passed else "⚠️" if report.error else "❌"
    yield f"## {sign} {_escape(document.title)}: {_escape(report.headline)}"
    yield ""
    yield "| Check | |"
    yield "|---|---|"
    yield f"| Server | {_code_cell(report.base_url or 'a recording')} |"
    yield f"| Document | {_code_cell(f'{document.title} {document.version}')} |"
    yield f"| Requests | {len(result.history)} in {report.seconds:.1f} s |"
    yield f"| Traffic | {_escape(report.traffic.counts)} |"
    if slowest := report.traffic.slowest:
        yield f"| Slowest responses | {_escape(', '.join(map(str, slowest)))} |"
    yield f"| Spent | {_code_cell(str(report.budget))} |"
    yield f"| Exit code | {report.exit_code} |"
    yield f"| Scope | grade {report.policy.grade}, seed {report.seed} |"
    yield ""
    for group in report.violation_groups:
        yield from _violation(report, group)
    yield from _section(
        "Jobs", (_timeline(timeline) for timeline in job_timelines(document, result.history))
    )
    yield from _section("Left", map(_code_cell, result.left))
    yield from _section("Notes", map(_escape, result.notes))
    if report.has_result:
        yield from _section("Rules", _rules(report.rule_results))
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    yield f"<sub>{versions}</sub>" if versions else ""


def _violation(report: Report, group: ViolationGroup) -> Iterator[str]:
    violation = group.first
    numbers = list_numbers(violation.numbers)
    yield f"### {violation.code} {_escape(violation.title)}"
    yield ""
    yield f"| {violation.severity.capitalize()} | |"
    yield "|---|---|"
    yield f"| Request | {_code_cell(violation.request)}, {numbers} |"
    if violation.place:
        yield f"| Place | {_code_cell(violation.place)} |"
    yield f"| Received | {_code_cell(violation.received)} |"
    yield f"| Expected | {_code_cell(violation.expected)} |"
    yield f"| Response | {_code_cell(report.response_to(violation).line)} |"
    if found := report.occurrences(group):
        yield f"| Found | {_escape(found)} |"
    yield f"| Advice | {_escape(violation.rule.advice)} |"
    yield ""
    note = report.repeat_note(violation)
    yield f"Repeat the request ({_escape(note)}):" if note else "Repeat the request:"
    yield ""
    yield from _code_block(report.curl_command(violation))
    yield ""


def _rules(results: Sequence[RuleResult]) -> Iterator[str]:
    """Yield the numbers of rules by outcome, each rule that did not pass, and the other codes."""
    yield _escape(count_outcomes(results))
    passed = [r.rule.code for r in results if r.outcome is RuleOutcome.PASSED]
    for result in results:
        if result.outcome is not RuleOutcome.PASSED:
            yield _escape(str(result))
    if passed:
        yield f"passed {', '.join(passed)}"


def _timeline(timeline: Timeline) -> str:
    states = (f"{change.state} at {change.seconds:.1f} s" for change in timeline.state_changes)
    return f"{_escape(timeline.kind)} {_code_cell(timeline.job_id)}: {_escape(', '.join(states))}"


def _section(title: str, items: Iterator[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from (f"### {title}", "", *lines, "")


def _code_block(text: str) -> Iterator[str]:
    """Yield the text as a code block, in a fence longer than any fence in the text."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}sh", text, fence)


def _code_cell(text: str) -> str:
    """Return the text as code in a table cell, which no character of the text can end."""
    flat = escape_controls(text).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {flat} {ticks}" if longest else f"`{flat}`"


def _escape(text: str) -> str:
    """Return the text with the special characters of Markdown and HTML escaped.

    It has no mention of a user, no reference to an issue and no link.
    """
    escaped = re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", escape_controls(text))
    # GitHub and GitLab look for mentions and links in the text after the escapes.
    return re.sub(r"(@|#|\bGH-|:(?=//)|\bwww(?=\.))", r"\1&#8203;", escaped)
