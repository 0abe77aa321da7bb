"""The mock in process: no socket, no sleep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

try:
    from respx.mocks import HTTPCoreMocker
    from respx.models import RouteList
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"the mock in process needs {error.name}: pip install 'aisa-testkit[pytest]'",
        name=error.name,
    ) from None

from ..mock_server import (
    Endpoint,
    JobService,
    MovableClock,
    SystemClock,
    WebhookWorker,
    deliver_on_moves,
)
from .checked_block import CheckedBlock
from .contract import Contract
from .environment import environment
from .httpcore2 import HTTPCore2Mocker
from .journal import MockJournal
from .observed_mock import ObservedMock
from .options import MockOptions
from .routes import VideoRouter
from .transports import Httpx2Transport, HttpxTransport


class VideoMock(ObservedMock):
    """A mock that answers the clients of this process, as long as it is active.

    `base_url` is where they believe it to be. `routes` are respx routes by operation:
    `routes["createVideo"].call_count`.
    """

    def __init__(
        self,
        service: JobService[MovableClock],
        *,
        base_url: str,
        router: VideoRouter,
        journal: MockJournal,
        contract: Contract,
    ) -> None:
        super().__init__(service, base_url=base_url, journal=journal, contract=contract)
        self._router = router

    @property
    def routes(self) -> RouteList:
        """One respx route for each operation, by its id. A response or a side effect that is set
        takes the place of the mock's answers, until `route.mock()` takes it back.
        """
        return self._router.routes

    @property
    def httpx_transport(self) -> HttpxTransport:
        """The mock as a transport for clients of httpx, sync and async."""
        return HttpxTransport(self._router)

    @property
    def httpx2_transport(self) -> Httpx2Transport:
        """The mock as a transport for clients of httpx2, sync and async."""
        return Httpx2Transport(self._router)

    def reset(self) -> None:
        """Forgets every job and request, what was set for the next ones, and what was set on
        routes.
        """
        super().reset()
        for route in self.routes:
            route.mock()
        self._router.reset()


class mock_videos(CheckedBlock):
    """Mocks the API for every client of httpx and httpx2 in this process, for the length of a
    block: `with mock_videos() as video_mock`.

    The arguments are those of MockOptions. At the end of the block ContractError is raised if a
    client broke the contract; an error that leaves the block is told so in a note.
    """

    def __enter__(self) -> VideoMock:
        return self._begin(mocked)


@contextmanager
def mocked(options: MockOptions, contract: Contract) -> Iterator[VideoMock]:
    """The mock that the options describe, for the length of a block; what comes to it is written
    down for the contract.
    """
    __tracebackhide__ = True
    service, journal = options.start(contract)
    server_url = service.document.server_url
    base_url = options.base_url or server_url
    if not _is_absolute(base_url):
        raise ValueError(f"base_url must be a URL of http or https, not {base_url!r}")
    # The vendor's own server is never reached, even where a program does not use the base URL.
    both = dict.fromkeys([base_url, server_url] if _is_absolute(server_url) else [base_url])
    router = VideoRouter(
        Endpoint(service, observers=[journal]),
        base_urls=[*both],
        journal=journal,
        let_out=options.other_hosts == "pass",
    )
    secret = options.webhook_secret
    with (
        environment(base_url, *options.keys[:1], webhook_secret=secret),
        _routed(router),
        _delivering(service),
    ):
        yield VideoMock(
            service, base_url=base_url, router=router, journal=journal, contract=contract
        )


@contextmanager
def _delivering(service: JobService[MovableClock]) -> Iterator[None]:
    """Has events sent as the clock moves: by whoever moves it, if it does not go on by itself."""
    webhooks, clock = service.webhooks, service.clock
    if webhooks is None:
        yield
    elif isinstance(clock, SystemClock):
        with WebhookWorker(webhooks, clock=clock):
            yield
    else:
        stop = deliver_on_moves(webhooks, clock=clock)
        try:
            yield
        finally:
            stop()


@contextmanager
def _routed(router: VideoRouter) -> Iterator[None]:
    """Brings the requests of both client families to the router, before any other one."""
    mockers = (HTTPCoreMocker, HTTPCore2Mocker)
    for mocker in mockers:
        mocker.routers.insert(0, router)
        mocker.start()
    try:
        yield
    finally:
        for mocker in mockers:
            mocker.unregister(router)
            mocker.stop()


def _is_absolute(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname)
