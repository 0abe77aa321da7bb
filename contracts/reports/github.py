"""What GitHub Actions shows of a check beside its log."""

from __future__ import annotations

from collections.abc import Iterator

from ..rule import Severity
from .report import Report


def github_commands(report: Report) -> Iterator[str]:
    """One workflow command for each violation, and one for a check that did not come to its end."""
    for violation in report.verdict.violations:
        kind = "error" if violation.severity is Severity.ERROR else "warning"
        heading, _, facts = str(violation).partition("\n")
        yield f"::{kind} title={_property(heading)}::{_data(facts)}"
    if report.error:
        yield f"::error title=The check did not come to its end::{_data(report.error)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
