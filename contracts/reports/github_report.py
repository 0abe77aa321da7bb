"""What GitHub Actions shows of a check beside its log."""

from __future__ import annotations

from collections.abc import Iterator

from ..rules.rule import Severity
from .report import Report, occurrences


def write_github_commands(report: Report) -> Iterator[str]:
    """A workflow command for each kind of violation, and for a check that did not end by itself."""
    for kind in report.violation_groups:
        level = "error" if kind.first.severity is Severity.ERROR else "warning"
        heading, _, facts = str(kind.first).partition("\n")
        seen = f"\n  seen      {occurrences(kind)}" if kind.more else ""
        yield f"::{level} title={_property(heading)}::{_data(facts + seen)}"
    if report.error:
        yield f"::error title=The check did not come to its end::{_data(report.error)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
