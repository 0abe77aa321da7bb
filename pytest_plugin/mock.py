"""The mock in process: no socket, no sleep."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias, Unpack
from urllib.parse import urlsplit

try:
    import respx
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
from .contract import Contract, note_violations
from .environment import client_environment
from .httpcore2 import HTTPCore2Mocker
from .mock_journal import MockJournal
from .network_guard import NetworkGuard, guard_network
from .observed_mock import ObservedMock
from .options import MockOptions, MockOptionsDict
from .program_time import ProgramClock
from .program_time.mock_time import replace_time_for
from .respx_hooks import require_hooks
from .routes import VideoRouter
from .tls_context import share_tls_context
from .transports import Httpx2Transport, HttpxTransport

require_hooks(respx)


OpenService: TypeAlias = Callable[
    [MockOptions, Contract], tuple[JobService[MovableClock], MockJournal]
]


class VideoMock(ObservedMock):
    """A mock for the clients of this process.

    Args:
        service: the mocked API.
        base_url: the URL at which clients expect the API.
        router: the respx router of the mock.
        journal: the journal of its requests.
        contract: the contract of the test.
        initial_plans: True to report the faults of the config if they are never used.
    """

    def __init__(
        self,
        service: JobService[MovableClock],
        *,
        base_url: str,
        router: VideoRouter,
        journal: MockJournal,
        contract: Contract,
        initial_plans: bool = False,
    ) -> None:
        super().__init__(
            service,
            base_url=base_url,
            journal=journal,
            contract=contract,
            initial_plans=initial_plans,
        )
        self._router = router

    @property
    def routes(self) -> RouteList:
        """The respx routes, by operation id: `routes["createVideo"].call_count`.

        A response or a side effect of a route replaces the mock's responses, until `route.mock()`.
        """
        return self._router.routes

    @property
    def httpx_transport(self) -> HttpxTransport:
        """A transport to the mock for httpx clients, sync and async."""
        return HttpxTransport(self._router)

    @property
    def httpx2_transport(self) -> Httpx2Transport:
        """A transport to the mock for httpx2 clients, sync and async."""
        return Httpx2Transport(self._router)

    def _unused_plans(self) -> list[str]:
        routes = [
            f"route: {route.name} with a response or a side effect (no request)"
            for route in self.routes
            if (route.side_effect or route.return_value) and not route.called
        ]
        return [*super()._unused_plans(), *routes]

    def reset(self) -> None:
        """Forget all jobs and requests, the plans for the next ones, and changes of routes."""
        super().reset()
        for route in self.routes:
            route.mock()
        self._router.reset()


@contextmanager
def mock_videos(**options: Unpack[MockOptionsDict]) -> Iterator[VideoMock]:
    """Mock the API for all httpx and httpx2 clients of this process: `with mock_videos() as mock`.

    The keyword arguments are the options of MockOptions. The end of the block raises
    ContractError if a client broke the contract; an error that leaves the block gets a note
    with the violations.
    """
    __tracebackhide__ = True
    mock_options = MockOptions.read(**options)
    contract = mock_options.create_contract()
    with note_violations(contract), start_mock(mock_options, contract) as mock:
        yield mock
    contract.verify(stacklevel=3)  # at the block: the caller of contextlib, which calls this
    if warning := contract.verify_use():
        warnings.warn(warning, stacklevel=3)


@contextmanager
def start_mock(
    options: MockOptions,
    contract: Contract,
    *,
    open_service: OpenService = MockOptions.create_service,
    open_endpoint: Callable[[JobService[MovableClock], MockJournal], Endpoint] | None = None,
    replace_time: Callable[
        [JobService[MovableClock]], AbstractContextManager[None]
    ] = replace_time_for,
) -> Iterator[VideoMock]:
    """Mock the API with these options for the length of the block.

    Args:
        options: The options of the mock.
        contract: The contract of its requests.
        open_service: Makes the service, and the journal of its requests.
        open_endpoint: Makes the endpoint of the service, which informs the journal.
        replace_time: Replaces the time of the code under test by that of the service.
    """
    __tracebackhide__ = True
    service, journal = open_service(options, contract)
    endpoint = (open_endpoint or _open_endpoint)(service, journal)
    journal.in_process = True
    server_url = service.document.server_url
    base_url = options.base_url or server_url
    if not _is_absolute(base_url):
        raise ValueError(f"base_url must be a URL of http or https, not {base_url!r}")
    # The vendor's own server is never reached, even if a program ignores the base URL.
    base_urls = dict.fromkeys([base_url, server_url] if _is_absolute(server_url) else [base_url])
    router = VideoRouter(
        endpoint,
        base_urls=[*base_urls],
        journal=journal,
        allow_other_hosts=options.other_hosts == "pass",
    )
    guard = NetworkGuard(
        base_urls,
        allow_other_hosts=options.other_hosts == "pass",
        advice=_ADVICE,
        on_blocked=journal.connection_blocked,
    )
    with (
        guard_network(guard),
        share_tls_context(),
        client_environment(base_url, *options.keys[:1], webhook_secret=options.webhook_secret),
        _intercept_requests(router),
        _deliver_webhooks(service),
        replace_time(service),
    ):
        yield VideoMock(
            service,
            base_url=base_url,
            router=router,
            journal=journal,
            contract=contract,
            initial_plans=options.plans_faults,
        )


def _open_endpoint(service: JobService[MovableClock], journal: MockJournal) -> Endpoint:
    return Endpoint(service, observers=[journal])


@contextmanager
def _deliver_webhooks(service: JobService[MovableClock]) -> Iterator[None]:
    """Deliver webhooks: in a thread for a real-time clock, else when the clock is moved."""
    webhooks, clock = service.webhooks, service.clock
    if webhooks is None:
        yield
    elif isinstance(clock, SystemClock):
        with WebhookWorker(webhooks, clock=clock):
            yield
    else:
        if isinstance(clock, ProgramClock):
            clock.stop_at(webhooks.next_due)
        stop = deliver_on_moves(webhooks, clock=clock)
        try:
            yield
        finally:
            stop()


@contextmanager
def _intercept_requests(router: VideoRouter) -> Iterator[None]:
    """Send the requests of httpx and httpx2 to the router, before all other routers."""
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


_ADVICE = (
    "this mock answers httpx and httpx2, video_server or serve_videos() answers all other clients"
)
