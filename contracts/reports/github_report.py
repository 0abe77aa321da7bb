"""Reports as workflow commands, which GitHub Actions shows as annotations."""

from __future__ import annotations

from collections.abc import Iterator

from ...openapi.text import escape_controls
from ..rules.rule import Severity
from .report import Report


def write_github_commands(report: Report) -> Iterator[str]:
    """Yield a command for each group of violations, the error of an incomplete check, and each
    job that is left."""
    for group in report.violation_groups:
        level = "error" if group.first.severity is Severity.ERROR else "warning"
        heading, _, facts = str(group.first).partition("\n")
        yield f"::{level} title={_property(heading)}::{_data(facts + report.details(group))}"
    if report.error:
        yield f"::error title=The check was not completed::{_data(report.error)}"
    for job in report.result.left:
        yield f"::warning title=A job is left::{_data(job)}"


def _data(text: str) -> str:
    text = escape_controls(text, keep="\r\n")  # the log is shown in a terminal
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
