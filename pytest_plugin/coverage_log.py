"""Contract coverage of a whole pytest run, including its workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ..contracts import Coverage
from ..contracts.reports.coverage_report import (
    format_percent,
    write_coverage_json,
    write_coverage_markdown,
    write_coverage_text,
)
from ..openapi.files import replace_file
from .contract import Contract

SUFFIXES = (".txt", ".json", ".md")
_WORKER_KEY = "aisa_testkit_coverage"


class CoverageLog:
    """The contract coverage of a run, by document.

    Args:
        path: the report file; None for no file.
        fail_under: the lowest coverage with which the run passes, in per cent; None for no limit.
    """

    def __init__(self, *, path: Path | None = None, fail_under: float | None = None) -> None:
        self._path, self._minimum, self._write_error = path, fail_under, ""
        self._coverages: dict[str, Coverage] = {}

    @classmethod
    def from_config(cls, config: pytest.Config) -> CoverageLog:
        """Return the log that the options request; UsageError for an invalid path or percentage."""
        text: str | None = config.getoption("video_coverage")
        fail_under: float | None = config.getoption("video_coverage_fail_under")
        if text and Path(text).suffix not in SUFFIXES:
            raise pytest.UsageError(
                f"--video-coverage: the path must end in .txt, .json or .md, not {text!r};"
                " use --video-coverage= for no file"
            )
        if fail_under is not None and not 0 <= fail_under <= 100:
            raise pytest.UsageError(
                f"--video-coverage-fail-under must be from 0 to 100 per cent, not {fail_under:g}"
            )
        # Each child of pytest-forked would keep the coverage of its test.
        if config.getoption("forked", False):
            raise pytest.UsageError(
                "--video-coverage cannot see child processes: run it without --forked"
            )
        path = config.invocation_params.dir / text if text else None
        return cls(path=path, fail_under=fail_under)

    def add_contract(self, contract: Contract) -> None:
        """Add the requests of one test."""
        for journal in contract.journals:
            coverage = Coverage.of(journal.document)
            for history in journal.histories():
                coverage.observe(journal.document, history)
            self._add(coverage)

    def finish(self, session: pytest.Session) -> None:
        """Send the coverage to the main process; there, write the file and check the minimum."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        coverages = self._sorted()
        if output is not None:
            output[_WORKER_KEY] = write_coverage_json(coverages)
            return
        if session.config.option.collectonly or not session.testscollected:
            self._minimum = None
            return
        if self._path is not None:
            self._write(self._path)
        failed = self._write_error or self._below_minimum()
        if failed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, self._render(path.suffix).encode())
        except OSError as error:
            self._write_error = f"the contract coverage cannot be written: {path}: {error.strerror}"

    def add_worker(self, node: Any) -> None:
        """Add the coverage of a worker of pytest-xdist."""
        text = getattr(node, "workeroutput", {}).get(_WORKER_KEY)
        for data in orjson.loads(text)["coverage"] if text else ():
            self._add(Coverage.from_json(data))

    def print(self, reporter: pytest.TerminalReporter) -> None:
        """Print the tables, and the error if the coverage is too low."""
        reporter.section("contract coverage")
        for coverage in self._sorted():
            reporter.write(write_coverage_text(coverage))
        if not self._coverages:
            reporter.write_line("no test used video_mock, video_server or video_api")
        if self._write_error:
            reporter.write_line(self._write_error, red=True)
        elif self._path is not None:
            reporter.write_line(f"written to {self._path}")
        for line in self._below_minimum():
            reporter.write_line(line, red=True)

    def _add(self, coverage: Coverage) -> None:
        if coverage.title in self._coverages:
            self._coverages[coverage.title].add(coverage)
        else:
            self._coverages[coverage.title] = coverage

    def _sorted(self) -> list[Coverage]:
        """Return the coverage by title, because workers end in any order."""
        return [self._coverages[title] for title in sorted(self._coverages)]

    def _below_minimum(self) -> list[str]:
        """Return a message for each document whose coverage is too low."""
        minimum = self._minimum
        if not minimum:
            return []
        found = {f"contract coverage of {c.title}": c.percent for c in self._sorted()}
        return [
            f"{name} is {format_percent(percent)}, but must be at least {minimum:g} %"
            for name, percent in (found or {"contract coverage": 0.0}).items()
            if percent < minimum
        ]

    def _render(self, suffix: str) -> str:
        coverages = self._sorted()
        if suffix == ".json":
            return write_coverage_json(coverages)
        render = write_coverage_markdown if suffix == ".md" else write_coverage_text
        return "\n".join(map(render, coverages))
