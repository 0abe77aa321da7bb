"""The failures of tests, as pytest reports them."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Any

import pytest

from . import errors
from .call_site import owner_of
from .stash import FAILURE


def end_at_program(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Cut the traceback after the last line of the program, if the plugin raised the error.

    So an error of the contract, a simulated one of the network, and a blocked connection are shown
    at the line that sent the request. An internal error keeps its traceback.
    """
    entry: TracebackType | None = excinfo.tb
    last: TracebackType | None = None
    module = ""
    while entry is not None:
        if owner_of(entry.tb_frame.f_code.co_filename) == "program":
            last = entry
        module = entry.tb_frame.f_globals.get("__name__", "")
        entry = entry.tb_next
    simulated = module.startswith(_PACKAGE) and _is_network_error(excinfo.value)
    if last is not None and (simulated or _is_ours(excinfo.value)):
        last.tb_next = None


def describe(
    report: pytest.TestReport, item: pytest.Item, excinfo: pytest.ExceptionInfo[BaseException]
) -> None:
    """Give the report of an error of the plugin a line that says what went wrong, and where.

    Reports of other errors are not changed.

    It is shown at the end of the run, and is the message in JUnit. An error at the end of a test is
    at the test, not in the plugin, and its report is only the message.
    """
    error = excinfo.value
    if not _is_ours(error):
        return
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


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__ == errors.__name__


def _is_network_error(error: BaseException) -> bool:
    """Return whether an error may come from the network: of httpx, httpx2 or the socket."""
    library = type(error).__module__.partition(".")[0]
    return library in ("httpx", "httpx2") or isinstance(error, ConnectionError)


_PACKAGE = f"{__package__}."
