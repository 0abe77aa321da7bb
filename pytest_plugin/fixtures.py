"""The fixtures: thin wrappers of context managers, which are imported on first use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from .stash import BUDGET, CONTRACT, COVERAGE, EXPLORED, FAILURE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..mock_server import MovableClock
    from ..openapi import Document
    from .contract import Contract
    from .live import LiveApi
    from .mock import VideoMock
    from .observed_mock import ObservedMock
    from .options import MockOptions
    from .shared_server import SharedServer


@pytest.fixture(scope="session")
def video_document(pytestconfig: pytest.Config) -> Document:
    """The OpenAPI document to mock. Override it, or set video_document and video_overlays."""
    from ..openapi import load_document

    path, root = pytestconfig.getini("video_document"), pytestconfig.rootpath
    overlays = pytestconfig.getini("video_overlays")
    return load_document(
        _find_file(root, path) if path else None,
        overlays=[_find_file(root, overlay, overlay=True) for overlay in overlays],
    )


@pytest.fixture
def video_base_url(pytestconfig: pytest.Config, video_document: Document) -> str:
    """The URL at which the code under test expects the API; also an ini option."""
    return pytestconfig.getini("video_base_url") or video_document.server_url


@pytest.fixture
def video_clock() -> MovableClock:
    """The clock of the jobs, which each poll moves, from the present on. You may override it."""
    from ..mock_server import TickingClock

    return TickingClock()


@pytest.fixture
def video_contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """The requests of the code under test; violations of the contract fail the test."""
    __tracebackhide__ = True
    options = _options(request)
    contract = options.create_contract()
    contract.allow(*request.config.getini("video_allow"))
    request.node.stash[CONTRACT] = contract
    yield contract
    log = request.config.stash.get(COVERAGE, None)
    if log is not None:
        log.add_contract(contract)
    if EXPLORED not in request.node.stash:  # the explorer reports violations
        verify(request.node, contract)


@pytest.fixture
def _video_options(
    request: pytest.FixtureRequest,
    video_document: Document,
    video_base_url: str,
    video_clock: MovableClock,
) -> MockOptions:
    __tracebackhide__ = True
    options = _options(request, document=video_document, base_url=video_base_url, clock=video_clock)
    if options.replaces_time:
        request.getfixturevalue("_video_program_time")
    return options


@pytest.fixture(scope="session")
def _video_program_time() -> Iterator[None]:
    """Time that a ProgramClock may replace: all references to it are looked for once."""
    from .program_time import open_program_time

    with open_program_time():
        yield


@pytest.fixture
def video_mock(
    request: pytest.FixtureRequest, _video_options: MockOptions, video_contract: Contract
) -> Iterator[VideoMock]:
    """The API in this process, for all httpx and httpx2 clients: no socket, no sleep, no costs."""
    __tracebackhide__ = True
    from .mock import start_mock

    explored = request.node.stash.get(EXPLORED, None)
    start = start_mock if explored is None else explored.start_mock
    with start(_video_options, video_contract) as mock:
        yield mock


@pytest.fixture(scope="session")
def _video_shared_server() -> Iterator[SharedServer]:
    from .shared_server import start_shared_server

    with start_shared_server() as server:
        yield server


@pytest.fixture
def video_server(
    _video_options: MockOptions, _video_shared_server: SharedServer, video_contract: Contract
) -> Iterator[ObservedMock]:
    """The API on a local socket: one server for all tests, a fresh mock for each."""
    __tracebackhide__ = True
    with _video_shared_server.mount_mock(_video_options, video_contract) as server:
        yield server


@pytest.fixture
def video_api(
    request: pytest.FixtureRequest,
) -> Iterator[VideoMock | ObservedMock | LiveApi]:
    """The API of --video-target: video_mock, video_server, or the live API."""
    __tracebackhide__ = True
    target = request.config.getoption("video_target")
    if target == "live":
        yield request.getfixturevalue("_video_live_api")
    else:
        yield request.getfixturevalue(f"video_{target}")


@pytest.fixture(scope="session")
def _video_gateway_server() -> Iterator[SharedServer]:
    from .shared_server import start_shared_server

    with start_shared_server() as server:
        yield server


@pytest.fixture
def _video_live_api(
    request: pytest.FixtureRequest,
    video_document: Document,
    video_base_url: str,
    video_contract: Contract,
    _video_gateway_server: SharedServer,
) -> Iterator[LiveApi]:
    from .live import live_api

    if "video_mock" in request.fixturenames:
        pytest.fail("video_mock would respond instead of the live API: use only one of them", False)
    budget = request.config.stash[BUDGET]
    with live_api(
        video_document,
        upstream=video_base_url,
        budget=budget,
        contract=video_contract,
        server=_video_gateway_server,
    ) as api:
        yield api


def verify(item: pytest.Item, contract: Contract) -> None:
    """Fail a test if its contract was broken; warn of undocumented requests."""
    __tracebackhide__ = True
    from .errors import ContractError, ContractWarning

    errors, undocumented = contract.unreported()
    if errors:
        _fail(item, ContractError(contract.title, [*errors, *undocumented]))
    warn_or_fail(item, [ContractWarning.from_violation(violation) for violation in undocumented])


def verify_use(item: pytest.Item, contract: Contract) -> None:
    """Fail or warn if no request has reached a mock of a test, or if its plans were not used."""
    __tracebackhide__ = True
    from .errors import UnusedMockError, UnusedPlanError

    try:
        warning = contract.verify_use()
    except (UnusedMockError, UnusedPlanError) as error:
        _fail(item, error)
    warn_or_fail(item, [warning] if warning else [])


def warn_or_fail(item: pytest.Item, warnings: Sequence[Warning]) -> None:
    """Warn, or fail the test with all warnings if they are errors in this run."""
    __tracebackhide__ = True
    try:
        for warning in warnings:
            item.warn(warning)
    except Warning as error:
        error.args = ("\n".join(map(str, warnings)),)
        _fail(item, error)


def _find_file(root: Path, path: str | Path, *, overlay: bool = False) -> str | Path:
    """Return the path of a document or an overlay below the root folder, or its bundled name."""
    from ..openapi.source_files import bundled_documents, bundled_overlays

    names = bundled_overlays() if overlay else bundled_documents()
    return path if path in names else root / path


def _fail(item: pytest.Item, error: Exception) -> NoReturn:
    """Fail a test with an error whose report is only its message."""
    __tracebackhide__ = True
    item.stash[FAILURE] = error
    raise error


def _options(
    request: pytest.FixtureRequest,
    *,
    document: Document | None = None,
    base_url: str | None = None,
    clock: MovableClock | None = None,
) -> MockOptions:
    """Return the options of the fixtures and the markers; the closest marker takes precedence."""
    __tracebackhide__ = True
    from .options import MockOptions

    options: dict[str, object] = {"document": document, "base_url": base_url, "clock": clock}
    for name in ("other_hosts", "no_requests", "unused_plans"):
        if request.config.getini(f"video_{name}"):
            options[name] = request.config.getini(f"video_{name}")
    for marker in reversed(list(request.node.iter_markers("video_mock"))):
        if "speed" in marker.kwargs:
            options["clock"] = None
        if "clock" in marker.kwargs:
            options["speed"] = None
        if "document" in marker.kwargs and document and base_url == document.server_url:
            options["base_url"] = None  # use the server of the other document
        options |= marker.kwargs
    root, path, overlays = request.config.rootpath, options["document"], options.get("overlays", ())
    if isinstance(path, str | Path):
        options["document"] = _find_file(root, path)
    if isinstance(overlays, str | Path):
        options["overlays"] = overlays = [overlays]
    if isinstance(overlays, list | tuple):
        options["overlays"] = [
            _find_file(root, each, overlay=True) if isinstance(each, str | Path) else each
            for each in overlays
        ]
    positional = [a for marker in request.node.iter_markers("video_mock") for a in marker.args]
    return MockOptions.read(*positional, **options)
