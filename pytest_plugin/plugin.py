"""The hooks and fixtures that pytest loads wherever the toolkit is installed.

Nothing but pytest is imported here, so that a run which needs no mock does not wait for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from ..mock_server import MovableClock
    from ..openapi import Document
    from .contract import Contract
    from .coverage import CoverageLog
    from .live import Budget, LiveApi
    from .mock import VideoMock
    from .options import MockOptions
    from .sockets import SwitchingServer
    from .watched import WatchedMock

CONTRACT: pytest.StashKey[Contract] = pytest.StashKey()
COVERAGE: pytest.StashKey[CoverageLog] = pytest.StashKey()
BUDGET: pytest.StashKey[Budget] = pytest.StashKey()


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
        "video_mock(document, base_url, clock, speed, seed, scenario, api_keys, unknown_ids, check,"
        " allow, other_hosts): how the mock of a test behaves and how strictly its clients are"
        " judged; see aisa_testkit.pytest_plugin.MockOptions.",
    )
    if config.getoption("video_target") == "live":
        from .live import budget_of

        config.stash[BUDGET] = budget_of(config)
    if config.getoption("video_coverage") is not None or _fail_under(config) is not None:
        from .coverage import CoverageLog

        config.stash[COVERAGE] = CoverageLog.of(config)


def _fail_under(config: pytest.Config) -> float | None:
    share: float | None = config.getoption("video_coverage_fail_under")
    return share


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fails a test at its end if the code under test broke the contract."""
    result = yield
    contract = item.stash.get(CONTRACT, None)
    if contract is not None:
        _verify(item, contract)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a test that failed by itself what the code under test did wrong: it may be why."""
    report = yield
    contract = item.stash.get(CONTRACT, None)
    if contract is not None and call.when == "call" and not report.passed:
        for text in contract.explain():
            report.sections.append(("video contract", text))
    return report


def _verify(item: pytest.Item, contract: Contract) -> None:
    from .contract import ContractError, ContractWarning

    errors, oddities = contract.news()
    for oddity in oddities:
        item.warn(ContractWarning(str(oddity)))
    if errors:
        pytest.fail(str(ContractError(contract.title, errors)), pytrace=False)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Prints what was covered, and what was spent."""
    log, budget = config.stash.get(COVERAGE, None), config.stash.get(BUDGET, None)
    if log is not None:
        log.print(terminalreporter)
    if budget is not None:
        terminalreporter.write_line(f"live API: {budget}")


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


@pytest.fixture(scope="session")
def video_document(pytestconfig: pytest.Config) -> Document:
    """The OpenAPI document that the mocks serve: the bundled one, or that of the ini option
    video_document. Override it to serve another.
    """
    from ..openapi import load_document

    path = pytestconfig.getini("video_document")
    return load_document(pytestconfig.rootpath / path if path else None)


@pytest.fixture
def video_base_url(pytestconfig: pytest.Config, video_document: Document) -> str:
    """Where the code under test believes the API to be: the document's server, or the ini option
    video_base_url. Override it for another.
    """
    return pytestconfig.getini("video_base_url") or video_document.server_url


@pytest.fixture
def video_clock() -> MovableClock:
    """The clock that the jobs of a test go by: each poll moves it on. Override it for another."""
    from ..mock_server import TickingClock

    return TickingClock()


@pytest.fixture
def video_contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """What the code under test sends and what is wrong with it; a violation fails the test at its
    end.
    """
    __tracebackhide__ = True
    from .contract import Contract

    options = _options(request)
    contract = Contract(check=options.check, allow=options.allow)
    contract.allow(*request.config.getini("video_allow"))
    request.node.stash[CONTRACT] = contract
    yield contract
    log = request.config.stash.get(COVERAGE, None)
    if log is not None:
        log.observe(contract)
    _verify(request.node, contract)


@pytest.fixture
def _video_options(
    request: pytest.FixtureRequest,
    video_document: Document,
    video_base_url: str,
    video_clock: MovableClock,
) -> MockOptions:
    __tracebackhide__ = True
    return _options(request, document=video_document, base_url=video_base_url, clock=video_clock)


@pytest.fixture
def video_mock(_video_options: MockOptions, video_contract: Contract) -> Iterator[VideoMock]:
    """The API in process, for every client of httpx and httpx2: no socket, no sleep, no bill."""
    __tracebackhide__ = True
    from .mock import mocked

    with mocked(_video_options, video_contract) as mock:
        yield mock


@pytest.fixture(scope="session")
def _video_socket() -> Iterator[SwitchingServer]:
    from .sockets import switching_server

    with switching_server() as server:
        yield server


@pytest.fixture
def video_server(
    _video_options: MockOptions, _video_socket: SwitchingServer, video_contract: Contract
) -> Iterator[WatchedMock]:
    """The API on a real socket, for clients of any kind: one server for all tests, a fresh mock for
    each.
    """
    __tracebackhide__ = True
    with _video_socket.serving(_video_options, video_contract) as server:
        yield server


@pytest.fixture
def video_api(
    request: pytest.FixtureRequest,
) -> Iterator[VideoMock | WatchedMock | LiveApi]:
    """The API that --video-target names: video_mock, video_server, or the live one."""
    target = request.config.getoption("video_target")
    if target == "live":
        yield request.getfixturevalue("_video_live")
    else:
        yield request.getfixturevalue(f"video_{target}")


@pytest.fixture
def _video_live(
    request: pytest.FixtureRequest,
    video_document: Document,
    video_base_url: str,
    video_contract: Contract,
    _video_socket: SwitchingServer,
) -> Iterator[LiveApi]:
    from .live import live_api

    budget = request.config.stash[BUDGET]
    with live_api(
        video_document,
        upstream=video_base_url,
        budget=budget,
        contract=video_contract,
        server=_video_socket,
    ) as api:
        yield api


def _options(
    request: pytest.FixtureRequest,
    *,
    document: Document | None = None,
    base_url: str | None = None,
    clock: MovableClock | None = None,
) -> MockOptions:
    """What the fixtures and the markers of a test say, the closest marker last."""
    __tracebackhide__ = True
    from .options import MockOptions

    said: dict[str, object] = {"document": document, "base_url": base_url, "clock": clock}
    if request.config.getini("video_other_hosts"):
        said["other_hosts"] = request.config.getini("video_other_hosts")
    for marker in reversed(list(request.node.iter_markers("video_mock"))):
        if "speed" in marker.kwargs:
            said["clock"] = None
        if "clock" in marker.kwargs:
            said["speed"] = None
        said |= marker.kwargs
    arguments = [marker.args for marker in request.node.iter_markers("video_mock")]
    return MockOptions(*[a for args in arguments for a in args], **said)  # type: ignore[arg-type]
