"""The fixtures. Each is a thin wrapper on a context manager, and nothing is loaded before it is
needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .stash import BUDGET, CONTRACT, COVERAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..mock_server import MovableClock
    from ..openapi import Document
    from .contract import Contract
    from .live import LiveApi
    from .mock import VideoMock
    from .observed_mock import ObservedMock
    from .options import MockOptions
    from .server import SwitchingServer


@pytest.fixture(scope="session")
def video_document(pytestconfig: pytest.Config) -> Document:
    """The OpenAPI document that is served. Override it, or set the ini option video_document."""
    from ..openapi import load_document

    path = pytestconfig.getini("video_document")
    return load_document(pytestconfig.rootpath / path if path else None)


@pytest.fixture
def video_base_url(pytestconfig: pytest.Config, video_document: Document) -> str:
    """Where the code under test believes the API to be; also the ini option video_base_url."""
    return pytestconfig.getini("video_base_url") or video_document.server_url


@pytest.fixture
def video_clock() -> MovableClock:
    """The clock that the jobs go by, moved on by each poll. Override it for another."""
    from ..mock_server import TickingClock

    return TickingClock()


@pytest.fixture
def video_contract(request: pytest.FixtureRequest) -> Iterator[Contract]:
    """All that the code under test sends; what is wrong with it fails the test at its end."""
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
    verify(request.node, contract)


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
    from .server import switching_server

    with switching_server() as server:
        yield server


@pytest.fixture
def video_server(
    _video_options: MockOptions, _video_socket: SwitchingServer, video_contract: Contract
) -> Iterator[ObservedMock]:
    """The API on a real socket: one server for all tests, a fresh mock for each."""
    __tracebackhide__ = True
    with _video_socket.serving(_video_options, video_contract) as server:
        yield server


@pytest.fixture
def video_api(
    request: pytest.FixtureRequest,
) -> Iterator[VideoMock | ObservedMock | LiveApi]:
    """The API that --video-target names: video_mock, video_server, or the live one."""
    __tracebackhide__ = True
    target = request.config.getoption("video_target")
    if target == "live":
        yield request.getfixturevalue("_video_live")
    else:
        yield request.getfixturevalue(f"video_{target}")


@pytest.fixture(scope="session")
def _video_gateway() -> Iterator[SwitchingServer]:
    from .server import switching_server

    with switching_server() as server:
        yield server


@pytest.fixture
def _video_live(
    request: pytest.FixtureRequest,
    video_document: Document,
    video_base_url: str,
    video_contract: Contract,
    _video_gateway: SwitchingServer,
) -> Iterator[LiveApi]:
    from .live import live_api

    if "video_mock" in request.fixturenames:
        pytest.fail("video_mock would answer in the place of the live API: use one of them", False)
    budget = request.config.stash[BUDGET]
    with live_api(
        video_document,
        upstream=video_base_url,
        budget=budget,
        contract=video_contract,
        server=_video_gateway,
    ) as api:
        yield api


def verify(item: pytest.Item, contract: Contract) -> None:
    """Fails a test whose contract was broken, and warns of what is only undocumented."""
    __tracebackhide__ = True
    from .contract import ContractError, ContractWarning

    errors, oddities = contract.unreported()
    if errors:
        pytest.fail(str(ContractError(contract.title, [*errors, *oddities])), pytrace=False)
    try:
        for oddity in oddities:
            item.warn(ContractWarning.of(oddity))
    except ContractWarning:  # warnings are errors in this run
        pytest.fail("\n".join(map(str, map(ContractWarning.of, oddities))), pytrace=False)


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
        if "document" in marker.kwargs and document and base_url == document.server_url:
            said["base_url"] = None  # that of the other document
        said |= marker.kwargs
    if isinstance(said["document"], str | Path):
        said["document"] = request.config.rootpath / said["document"]
    arguments = [marker.args for marker in request.node.iter_markers("video_mock")]
    # What a marker says is known only when it runs.
    return MockOptions(*[a for args in arguments for a in args], **said)  # type: ignore[arg-type]
