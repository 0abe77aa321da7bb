"""The failures of tests, as pytest reports them."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Any

import pytest

from .call_site import owner_of
from .stash import FAILURE


def end_at_program(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Cut the traceback of an error after the last line of the program."""
    entry: TracebackType | None = excinfo.tb
    last: TracebackType | None = None
    while entry is not None:
        if owner_of(entry.tb_frame.f_code.co_filename) == "program":
            last = entry
        entry = entry.tb_next
    if last is not None:
        last.tb_next = None


def describe(
    report: pytest.TestReport, item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]
) -> None:
    """Give the report of an error of the plugin a line that says what went wrong, and where.

    It is shown at the end of the run, and is the message in JUnit. An error at the end of a test is
    at the test, not in the plugin, and its report is only the message.
    """
    error = excinfo.value
    at_end = error is item.stash.get(FAILURE, None)
    if at_end and not item.config.getoption("fulltrace"):
        report.longrepr = excinfo.getrepr(style="value")
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return
    text = " ".join(str(error).split())
    summary = getattr(error, "summary", "") or f"{type(error).__name__}: {text}"
    crash = replace(crash, message=summary)
    if at_end:
        path, line, _ = item.reportinfo()
        crash = replace(crash, path=str(path), lineno=(line or 0) + 1)
    # The types of reports are private to pytest.
    longrepr: Any = report.longrepr
    longrepr.reprcrash = crash
    # pytest-xdist only transmits the chain.
    *causes, (traceback, _, description) = longrepr.chain
    longrepr.chain = [*causes, (traceback, crash, description)]
