"""The hooks that pytest calls wherever the toolkit is installed, and the fixtures that it finds.

Nothing but pytest is imported here, so that a run which needs no mock does not wait for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .fixtures import (
    _video_gateway,
    _video_live,
    _video_options,
    _video_socket,
    verify,
    video_api,
    video_base_url,
    video_clock,
    video_contract,
    video_document,
    video_mock,
    video_server,
)
from .stash import BUDGET, CONTRACT, COVERAGE

if TYPE_CHECKING:
    from collections.abc import Generator

# What pytest finds here.
__all__ = [
    "_video_gateway",
    "_video_live",
    "_video_options",
    "_video_socket",
    "video_api",
    "video_base_url",
    "video_clock",
    "video_contract",
    "video_document",
    "video_mock",
    "video_server",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, with one line of help each."""
    group = parser.getgroup("aisa-testkit", "contract tests of the video API (aisa-testkit)")
    group.addoption(
        "--video-target",
        choices=("mock", "server", "live"),
        default="mock",
        help="what video_api is: the mock in process (default), the mock on a socket, or the live,"
        " paid API",
    )
    group.addoption(
        "--video-max-spend",
        metavar="AMOUNT",
        help="how much the live API may cost in this run, in the currency of the document (USD)",
    )
    group.addoption(
        "--video-coverage",
        metavar="PATH",
        nargs="?",
        const="",
        help="show how much of the contract the tests exercised; with a PATH that ends in .txt,"
        " .json or .md, write it there, too",
    )
    group.addoption(
        "--video-coverage-fail-under",
        metavar="PERCENT",
        type=float,
        help="fail the run if less than this share of the contract was exercised",
    )
    parser.addini("video_document", "path of the OpenAPI document to serve, from the root folder")
    parser.addini("video_base_url", "where the code under test believes the API to be")
    parser.addini("video_other_hosts", "requests to other hosts: pass (default) or fail")
    parser.addini("video_allow", "codes of the contract's rules that may be broken", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker, and fails at once where the options cannot be."""
    config.addinivalue_line(
        "markers",
        "video_mock(document, base_url, clock, speed, seed, scenario, config, limits, accounts,"
        " idempotency_keys, webhook, webhook_secret, api_keys, unknown_ids, recording, check,"
        " allow, other_hosts): how the mock of a test behaves and how strictly its clients are"
        " judged; see aisa_testkit.pytest_plugin.MockOptions.",
    )
    if config.getoption("video_target") == "live":
        from .live_budget import live_budget

        config.stash[BUDGET] = live_budget(config)
    if config.getoption("video_coverage") is not None or _fail_under(config) is not None:
        from .coverage_log import CoverageLog

        config.stash[COVERAGE] = CoverageLog.of(config)


def _fail_under(config: pytest.Config) -> float | None:
    share: float | None = config.getoption("video_coverage_fail_under")
    return share


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fails a test at its end if the code under test broke the contract."""
    result = yield
    contract = item.stash.get(CONTRACT, None)
    # pytest keeps the failure of a method of unittest on the item, instead of raising it.
    if contract is not None and not getattr(item, "_excinfo", None):
        verify(item, contract)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a test that failed by itself what the code under test did wrong: it may be why."""
    report = yield
    contract = item.stash.get(CONTRACT, None)
    if contract is not None and call.when != "teardown" and not report.passed:
        for text in contract.explain():
            report.sections.append(("video contract", text))
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints what was covered, and what was spent."""
    log, budget = config.stash.get(COVERAGE, None), config.stash.get(BUDGET, None)
    if log is not None:
        log.print(terminalreporter)
    if budget is not None:
        terminalreporter.write_line(str(budget))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the coverage down, and fails the run if there is too little of it."""
    log = session.config.stash.get(COVERAGE, None)
    if log is not None:
        log.finish(session)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Takes over what a worker of pytest-xdist has covered."""
    log = node.config.stash.get(COVERAGE, None)  # type: ignore[attr-defined]  # a type of xdist
    if log is not None:
        log.take_over(node)
