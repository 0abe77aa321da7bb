"""The hooks and fixtures that pytest finds wherever the toolkit is installed.

Only pytest is imported here, so a run without a mock is not slowed down.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from .fixtures import (
    _video_gateway_server,
    _video_live_api,
    _video_options,
    _video_program_time,
    _video_shared_server,
    verify,
    verify_use,
    video_api,
    video_base_url,
    video_clock,
    video_contract,
    video_document,
    video_mock,
    video_server,
)
from .marker import find_unread_markers, require_fixture, warn_of_unread_markers
from .sdk_warning import add_filter_again
from .stash import (
    BUDGET,
    CONTRACT,
    COVERAGE,
    EXPLORATION_PART,
    EXPLORATION_SECTION,
    EXPLORED,
)

if TYPE_CHECKING:
    from collections.abc import Generator

# The fixtures for pytest.
__all__ = [
    "_video_gateway_server",
    "_video_live_api",
    "_video_options",
    "_video_program_time",
    "_video_shared_server",
    "video_api",
    "video_base_url",
    "video_clock",
    "video_contract",
    "video_document",
    "video_mock",
    "video_server",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the command-line and ini options."""
    group = parser.getgroup("aisa-testkit", "contract tests of the video API (aisa-testkit)")
    group.addoption(
        "--video-target",
        choices=("mock", "server", "live"),
        default="mock",
        help="the API of the fixture video_api: the mock in this process (default), the mock on a"
        " local socket, or the live, paid API",
    )
    group.addoption(
        "--video-max-spend",
        metavar="AMOUNT",
        help="the most that this run may spend on the live API, in the document's currency (USD)",
    )
    group.addoption(
        "--video-coverage",
        metavar="PATH",
        nargs="?",
        const="",
        help="show how much of the contract the tests exercise; a PATH that ends in .txt, .json or"
        " .md also writes a report",
    )
    group.addoption(
        "--video-coverage-fail-under",
        metavar="PERCENT",
        type=float,
        help="fail the run if the tests exercise less of the contract than this",
    )
    group.addoption(
        "--video-explore",
        choices=("full", "quick", "off"),
        default="full",
        help="tests with the marker video_explore: try all behaviours (full, the default), those"
        " with one fault (quick), or run them once as any other test (off)",
    )
    group.addoption(
        "--video-explore-save",
        metavar="DIR",
        help="write a test for each finding of an exploration, which fails alone, into this folder",
    )
    parser.addini(
        "video_document",
        "OpenAPI document to mock: a path below the root folder, or the name of a bundled one",
    )
    parser.addini(
        "video_overlays",
        "overlays that change the document, as paths or bundled names",
        type="args",
    )
    parser.addini("video_base_url", "URL at which the code under test expects the API")
    parser.addini("video_other_hosts", "requests to other hosts: pass (default) or fail")
    parser.addini("video_no_requests", "tests without a request: pass (default) or fail")
    parser.addini(
        "video_unused_plans", "faults and next jobs that are never used: warn (default), fail, pass"
    )
    parser.addini(
        "video_allow",
        "rules that the code under test may break, such as AV705, and paths, such as /internal/*",
        type="args",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; raise UsageError for invalid options."""
    config.addinivalue_line(
        "markers",
        "video_mock(document, overlays, base_url, clock, speed, seed, scenario, config, limits,"
        " accounts, idempotency_keys, webhook, webhook_secret, api_keys, unknown_ids, recording,"
        " check, allow, other_hosts, no_requests, unused_plans): the behaviour of the mock of a"
        " test, and the checks of its clients; see aisa_testkit.pytest_plugin.MockOptions.",
    )
    config.addinivalue_line(
        "markers",
        "video_explore(faults, restarts, raises, lives, max_seconds, max_runs, max_minutes,"
        " prunes, behaviour): run the test once for every behaviour of the API with up to so many"
        " faults, and a kill of the program at every request; see docs/explore.md",
    )
    if config.getoption("video_target") == "live":
        from .live_budget import read_live_budget

        config.stash[BUDGET] = read_live_budget(config)
    if config.getoption("video_coverage") is not None or _fail_under(config) is not None:
        from .coverage_log import CoverageLog

        config.stash[COVERAGE] = CoverageLog.from_config(config)


def _fail_under(config: pytest.Config) -> float | None:
    percent: float | None = config.getoption("video_coverage_fail_under")
    return percent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Find markers without effect, before other hooks deselect tests."""
    find_unread_markers(config, items)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Divide the behaviours of an explored test among the workers of pytest-xdist."""
    workers: int = getattr(metafunc.config, "workerinput", {}).get("workercount", 1)
    marker = metafunc.definition.get_closest_marker("video_explore")
    mode: object = metafunc.config.getoption("video_explore")
    if workers > 1 and marker and mode != "off" and "behaviour" not in marker.kwargs:
        metafunc.fixturenames.append(EXPLORATION_PART)
        metafunc.parametrize(
            EXPLORATION_PART,
            [(part, workers) for part in range(workers)],
            ids=[f"part {part + 1} of {workers}" for part in range(workers)],
        )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test with the marker video_explore once for every behaviour of the API."""
    mode: object = item.config.getoption("video_explore")
    if mode == "off" or item.get_closest_marker("video_explore") is None:
        return None
    if not isinstance(item, pytest.Function):
        return None
    from .explored_test import explore_test

    explore_test(item, nextitem, quick=mode == "quick")
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    """Keep ignoring the SDK's warning if a mock of an earlier test is still open.

    Fail a test whose marker describes a mock that it does not have.
    """
    __tracebackhide__ = True
    add_filter_again()
    result = yield
    require_fixture(item)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test at its end if the code under test broke the contract."""
    result = yield
    warn_of_unread_markers(item)
    contract = item.stash.get(CONTRACT, None)
    # The failure of a unittest method is kept on the item, not raised.
    explored = EXPLORED in item.stash
    if contract is not None and not explored and not getattr(item, "_excinfo", None):
        verify(item, contract)
        verify_use(item, contract)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the violations to the report of a test that failed: they may be the reason."""
    # The failure of a unittest method is kept on the item until its report is made.
    excinfo = call.excinfo or next(iter(getattr(item, "_excinfo", None) or ()), None)
    # Nothing is imported for the failures of tests without a mock.
    if excinfo is None or f"{__package__}.errors" not in sys.modules:
        report = yield
    else:
        from .failures import describe, end_at_program

        if not item.config.getoption("fulltrace"):
            end_at_program(excinfo)
        report = yield
        describe(report, item, excinfo)
    contract = item.stash.get(CONTRACT, None)
    if contract is None or call.when == "teardown":
        return report
    if report.passed:
        if call.when == "call" and contract.unused:
            report.sections.append((_UNUSED, "no request has reached a mock of this test"))
        return report
    if text := contract.error_text():
        report.sections.append(("video contract", text))
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the coverage and the costs."""
    log, budget = config.stash.get(COVERAGE, None), config.stash.get(BUDGET, None)
    if log is not None:
        log.print(terminalreporter)
    if budget is not None:
        terminalreporter.write_line(str(budget))
    _print_explorations(terminalreporter)
    _print_unused_mocks(terminalreporter)


def _print_explorations(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was explored where nothing goes wrong."""
    for report in terminalreporter.getreports("passed"):
        for name, summary in report.sections:
            if name == EXPLORATION_SECTION:
                terminalreporter.write_line(f"{report.nodeid}: {summary}")


def _print_unused_mocks(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests passed although no request has reached their mock."""
    reports = terminalreporter.getreports("passed")
    unused = [report for report in reports if any(name == _UNUSED for name, _ in report.sections)]
    if unused:
        tests = "1 test that passed" if len(unused) == 1 else f"{len(unused)} tests that passed"
        terminalreporter.write_line(
            f"advice: no request has reached a mock of {tests}, such as {unused[0].nodeid};"
            " video_no_requests = fail makes this an error"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the coverage report; fail the run if the coverage is too low."""
    log = session.config.stash.get(COVERAGE, None)
    if log is not None:
        log.finish(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Add the coverage of a worker of pytest-xdist."""
    log = node.config.stash.get(COVERAGE, None)  # type: ignore[attr-defined]  # a type of xdist
    if log is not None:
        log.add_worker(node)


_UNUSED = "video mock without requests"  # the title of a section of a report
