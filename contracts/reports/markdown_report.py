"""A report as Markdown, for the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..rules.grouping import ViolationGroup
from ..rules.violation import list_numbers
from .report import Report, occurrences
from .timeline import Timeline, job_timelines


def write_markdown(report: Report) -> bytes:
    """The report as Markdown with tables, as GitHub and GitLab show it."""
    return ("\n".join(_lines(report)).strip() + "\n").encode()


def _lines(report: Report) -> Iterator[str]:
    document, verdict = report.document, report.result
    sign = "✅" if report.passed else "⚠️" if report.error else "❌"
    yield f"## {sign} {_plain(document.title)}: {_plain(report.headline)}"
    yield ""
    yield "| Check | |"
    yield "|---|---|"
    yield f"| Server | {_cell(report.base_url or 'a recording')} |"
    yield f"| Document | {_cell(f'{document.title} {document.version}')} |"
    yield f"| Requests | {len(verdict.history)} in {report.seconds:.1f} s |"
    yield f"| Spent | {_cell(str(report.budget))} |"
    yield f"| Exit code | {report.exit_code} |"
    yield f"| Judged | grade {report.policy.grade}, seed {report.seed} |"
    yield ""
    for kind in report.violation_groups:
        yield from _violation(report, kind)
    yield from _section(
        "Jobs", (_timeline(line) for line in job_timelines(document, verdict.history))
    )
    yield from _section(
        "Left", (f"{_cell(job)}: follow it with {_cell(f'--resume {job}')}" for job in verdict.jobs)
    )
    yield from _section("Notes", map(_plain, verdict.notes))
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    yield f"<sub>{versions}</sub>" if versions else ""


def _violation(report: Report, kind: ViolationGroup) -> Iterator[str]:
    violation = kind.first
    numbers = list_numbers(violation.numbers)
    yield f"### {violation.code} {_plain(violation.title)}"
    yield ""
    yield f"| {violation.severity.capitalize()} | |"
    yield "|---|---|"
    yield f"| Request | {_cell(violation.request)}, {numbers} |"
    if violation.place:
        yield f"| Place | {_cell(violation.place)} |"
    yield f"| Received | {_cell(violation.received)} |"
    yield f"| Expected | {_cell(violation.expected)} |"
    if kind.more:
        yield f"| Seen | {occurrences(kind)} |"
    yield f"| Advice | {_plain(violation.rule.advice)} |"
    yield ""
    yield "See it again:"
    yield ""
    yield from _fenced(report.curl_command(violation))
    yield ""


def _timeline(line: Timeline) -> str:
    stages = (f"{stage.state} at {stage.seconds:.1f} s" for stage in line.state_changes)
    return f"{_cell(line.job_id)}: {_plain(', '.join(stages))}"


def _section(title: str, items: Iterator[str]) -> Iterator[str]:
    listed = [f"- {item}" for item in items]
    if listed:
        yield from (f"### {title}", "", *listed, "")


def _fenced(text: str) -> Iterator[str]:
    """The text as code, in a fence that is longer than any in it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}sh", text, fence)


def _cell(text: str) -> str:
    """Code in a cell of a table; a server's text must not end it."""
    flat = " ".join(text.split()).replace("|", "\\|")
    longest = max(map(len, re.findall("`+", flat)), default=0)
    ticks = "`" * (longest + 1)
    return f"{ticks} {flat} {ticks}" if longest else f"`{flat}`"


def _plain(text: str) -> str:
    """Text in which nothing means something to Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))
