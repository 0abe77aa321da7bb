"""The result of an exploration as text."""

from __future__ import annotations

from collections.abc import Iterator

from ...openapi.text import count_of, escape_controls
from ..explorer.oracle import Finding
from ..explorer.run import Run
from ..explorer.search import Exploration
from ..explorer.time_line import Row, time_line

MAX_ROWS = 30
"""Longer time lines are cut in the middle."""


def exploration_summary(exploration: Exploration) -> str:
    """Return the result in one sentence."""
    tried = f"{exploration.runs:,} behaviours"
    if not exploration.exhausted:
        known = f"{exploration.runs + exploration.waiting:,}"
        tried = f"{exploration.runs:,} of about {known} behaviours (not exhausted)"
    kill = " and a kill" if exploration.restarts else ""
    scope = f"with up to {count_of(exploration.faults, 'fault')}{kill}"
    if not exploration.findings:
        return f"none of {tried} {scope} makes it pay twice, hang, or report wrongly"
    return f"{count_of(len(exploration.findings), 'finding')} in {tried} {scope}"


def describe_findings(findings: list[Finding]) -> str:
    """Return the findings of one run with its behaviour, as a time line."""
    run = findings[0].run
    lines = [*(finding.reason for finding in findings), "", f"when {run.behaviour}:"]
    lines += [f"  {line}" for line in _lines(run)]
    lines += [f"at {run.place}"] if run.place else []
    return "\n".join(map(escape_controls, lines))


def by_behaviour(exploration: Exploration) -> list[list[Finding]]:
    """Return the findings in groups of the same behaviour, what costs money first."""
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(exploration.findings, key=lambda finding: finding.rank):
        groups.setdefault(str(finding.run.behaviour), []).append(finding)
    return [*groups.values()]


def _lines(run: Run) -> Iterator[str]:
    rows = time_line(run)
    left = MAX_ROWS // 2
    for number, row in enumerate(rows):
        if len(rows) > MAX_ROWS and left <= number < len(rows) - left:
            if number == left:
                yield f"{'':12}… {count_of(len(rows) - 2 * left, 'more line')}"
            continue
        yield _line(row)
    yield f"{'':12}{run.end}{f': {run.exception}' if run.exception else ''}"


def _line(row: Row) -> str:
    times = f", {row.times} times until {row.until:.1f} s" if row.times > 1 else ""
    fault = f"  <- {row.fault}" if row.fault else ""
    return f"{row.at:8.1f} s  {row.text}{times}{fault}"
