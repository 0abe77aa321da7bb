"""Reports of a check: for people, for CI systems and for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..traffic.recording import write_recording
from .github_report import write_github_commands
from .html_report import write_html
from .json_report import write_json
from .junit_report import write_junit
from .markdown_report import write_markdown
from .report import Report

__all__ = [
    "FORMATS",
    "Report",
    "write_github_commands",
    "write_har",
    "write_html",
    "write_json",
    "write_junit",
    "write_markdown",
]


def write_har(report: Report) -> bytes:
    """Return every request of the check with its response, as a recording (HAR 1.2)."""
    return write_recording(
        report.document,
        report.result.history,
        base_url=report.base_url,
        version=report.versions.get("aisa-testkit", ""),
        comment=f"{report.headline}; {report.budget}",
    )


# The formats of reports by their names on the command line.
FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "har": write_har,
    "html": write_html,
    "json": write_json,
    "junit": write_junit,
    "markdown": write_markdown,
}
