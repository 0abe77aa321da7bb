"""Reports of a check: for people, for CI, and for other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..recordings.recording import write_recording
from .github import github_commands
from .junit import write_junit
from .markdown import write_markdown
from .page import write_html
from .report import Report
from .structured import write_json

__all__ = [
    "FORMATS",
    "Report",
    "github_commands",
    "write_har",
    "write_html",
    "write_json",
    "write_junit",
    "write_markdown",
]


def write_har(report: Report) -> bytes:
    """Every request of the check and its answer, as HAR 1.2: a recording."""
    return write_recording(
        report.document,
        report.verdict.history,
        base_url=report.base_url,
        version=report.versions.get("aisa-testkit", ""),
        comment=f"{report.headline}; {report.ledger}",
    )


FORMATS: Mapping[str, Callable[[Report], bytes]] = {
    "har": write_har,
    "html": write_html,
    "json": write_json,
    "junit": write_junit,
    "markdown": write_markdown,
}
