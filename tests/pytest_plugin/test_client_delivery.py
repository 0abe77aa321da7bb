"""Delayed, slow and broken responses: the same in process as on a socket."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import httpx
import httpx2
import openai
import pytest
from respx.mocks import HTTPCoreMocker

from aisa_testkit.mock_server import Clock, Endpoint, JobService, ManualClock, SystemClock
from aisa_testkit.mock_server.http.app import ApiApp
from aisa_testkit.mock_server.http.server import base_url, serve_app
from aisa_testkit.openapi import Call, Delivery, Document, Reply
from aisa_testkit.pytest_plugin.httpcore2 import HTTPCore2Mocker
from aisa_testkit.pytest_plugin.mock_journal import MockJournal
from aisa_testkit.pytest_plugin.routes import VideoRouter
from aisa_testkit.pytest_plugin.transports import Httpx2Transport, HttpxTransport
from tests.support.http_clients import (
    ASYNC_CLIENTS,
    CLIENT_TYPES,
    HttpClient,
    close,
    library_of,
    response_of,
)

Outcome: TypeAlias = tuple[int | None, int, str | None]

# Each delivery is tested with every client, and both streamed and not.
SOME_STREAMED = [
    pytest.param(httpx.Client, False, id="httpx"),
    pytest.param(httpx.AsyncClient, True, id="async httpx, streamed"),
    pytest.param(httpx2.Client, True, id="httpx2, streamed"),
    pytest.param(httpx2.AsyncClient, False, id="async httpx2"),
]
OTHERS_STREAMED = [
    pytest.param(httpx.Client, True, id="httpx, streamed"),
    pytest.param(httpx.AsyncClient, False, id="async httpx"),
    pytest.param(httpx2.Client, False, id="httpx2"),
    pytest.param(httpx2.AsyncClient, True, id="async httpx2, streamed"),
]
VENDOR = "https://api.aisa.one/v1"
BODY = bytes(range(200))
HOUR = 3600.0


class ScriptedEndpoint(Endpoint):
    """An endpoint that returns its `replies` in order, for any request."""

    def __init__(self, service: JobService) -> None:
        super().__init__(service)
        self.replies: deque[Reply] = deque()

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        return self.replies.popleft()


class DeliveringService(JobService):
    """A service whose first replies have these deliveries."""

    def __init__(self, document: Document, *deliveries: Delivery) -> None:
        super().__init__(document, clock=ManualClock(1_780_000_000))
        self._deliveries = deque(deliveries)

    def answer(self, call: Call) -> Reply:
        delivery = self._deliveries.popleft() if self._deliveries else None
        return replace(super().answer(call), delivery=delivery)


def scripted(document: Document, clock: Clock) -> ScriptedEndpoint:
    return ScriptedEndpoint(JobService(document, clock=clock))


def router_of(endpoint: Endpoint) -> VideoRouter:
    service = endpoint.service
    return VideoRouter(
        endpoint, base_urls=[VENDOR], journal=MockJournal(service.document, service.clock)
    )


@contextmanager
def routed(router: VideoRouter) -> Iterator[None]:
    """Send the requests of all clients to the router."""
    for mocker in (HTTPCoreMocker, HTTPCore2Mocker):
        mocker.register(router)
        mocker.start()
    yield
    for mocker in (HTTPCoreMocker, HTTPCore2Mocker):
        mocker.unregister(router)
        mocker.stop()


ServedEndpoint: TypeAlias = tuple[ScriptedEndpoint, str]


@contextmanager
def serve(endpoint: ScriptedEndpoint) -> Iterator[ServedEndpoint]:
    with serve_app(ApiApp(endpoint)) as listener:
        yield endpoint, base_url(listener, endpoint.service.document)


@pytest.fixture(scope="module")
def socket(document: Document) -> Iterator[ServedEndpoint]:
    """A server whose clock moves at once, and its URL."""
    with serve(scripted(document, ManualClock(1_780_000_000))) as served:
        yield served


@pytest.fixture(scope="module")
def real_socket(document: Document) -> Iterator[ServedEndpoint]:
    """A server in real time, and its URL."""
    with serve(scripted(document, SystemClock())) as served:
        yield served


def transport(router: VideoRouter, client_type: type[HttpClient]) -> Any:
    return HttpxTransport(router) if library_of(client_type) is httpx else Httpx2Transport(router)


def send_and_read(client: HttpClient, method: str, url: str, *, streamed: bool) -> Outcome:
    """Return the status, the received bytes and the error of a request; close the client."""
    status, size, error = None, 0, None

    async def send() -> None:
        nonlocal status, size
        request: Any = client.build_request(method, url)
        response = await response_of(client.send(request, stream=streamed))
        status = response.status_code
        if not streamed:
            size = len(response.content)
        elif isinstance(client, ASYNC_CLIENTS):
            async for chunk in response.aiter_raw():
                size += len(chunk)
        else:
            for chunk in response.iter_raw():
                size += len(chunk)

    async def main() -> None:
        nonlocal error
        try:
            await send()
        except (httpx.TransportError, httpx2.TransportError) as raised:
            error = f"{type(raised).__module__}.{type(raised).__name__}"
            # `request` raises RuntimeError for an error without a request.
            error += "" if str(raised.request.url) == url else " of another request"
        await close(client)

    asyncio.run(main())
    return status, size, error


def outcomes_everywhere(
    socket: ServedEndpoint,
    endpoint: ScriptedEndpoint,
    reply: Reply,
    client_type: type[HttpClient],
    *,
    method: str = "GET",
    streamed: bool = False,
    **settings: Any,
) -> list[Outcome]:
    """Return the outcomes on a socket, with a transport and with respx routes."""
    served, url = socket
    router = router_of(endpoint)
    served.replies, endpoint.replies = deque([reply]), deque([reply] * 2)
    with routed(router):
        with_routes = send_and_read(
            client_type(verify=False, **settings), method, f"{VENDOR}/videos", streamed=streamed
        )
    with_transport = client_type(transport=transport(router, client_type), **settings)
    return [
        send_and_read(
            client_type(verify=False, **settings), method, f"{url}/videos", streamed=streamed
        ),
        send_and_read(with_transport, method, f"{VENDOR}/videos", streamed=streamed),
        with_routes,
    ]


@pytest.mark.parametrize(("client_type", "streamed"), SOME_STREAMED)
@pytest.mark.parametrize(
    ("delivery", "arrived", "error"),
    [
        pytest.param(Delivery(delay=3), 200, None, id="late"),
        pytest.param(Delivery(delay=3, body_seconds=20), 200, None, id="slow"),
        pytest.param(Delivery(bytes_delivered=-1, reset=True), -1, "ReadError", id="lost, reset"),
        pytest.param(Delivery(bytes_delivered=-1), -1, "RemoteProtocolError", id="lost, closed"),
        pytest.param(
            Delivery(bytes_delivered=0, reset=True), 0, "ReadError", id="headers only, reset"
        ),
        pytest.param(
            Delivery(bytes_delivered=0), 0, "RemoteProtocolError", id="headers only, closed"
        ),
        pytest.param(Delivery(bytes_delivered=70, reset=True), 70, "ReadError", id="cut, reset"),
        pytest.param(Delivery(bytes_delivered=70), 70, "RemoteProtocolError", id="cut, closed"),
        pytest.param(
            Delivery(delay=3, body_seconds=20, bytes_delivered=70, reset=True),
            70,
            "ReadError",
            id="slow, cut",
        ),
        pytest.param(
            Delivery(bytes_delivered=200, reset=True), 200, None, id="complete, then reset"
        ),
        pytest.param(Delivery(bytes_delivered=999), 200, None, id="complete, then closed"),
    ],
)
def test_delivery_is_the_same_in_process_and_on_a_socket(
    document: Document,
    socket: ServedEndpoint,
    client_type: type[HttpClient],
    streamed: bool,
    delivery: Delivery,
    arrived: int,
    error: str | None,
) -> None:
    reply = Reply(200, {"content-type": "text/plain"}, BODY, delivery)
    outcomes = outcomes_everywhere(
        socket,
        scripted(document, ManualClock(1_780_000_000)),
        reply,
        client_type,
        streamed=streamed,
    )
    delivered = arrived >= 0 and (streamed or error is None)
    name = f"{client_type.__module__.partition('.')[0]}.{error}" if error else None
    assert outcomes == [(200 if delivered else None, arrived if delivered else 0, name)] * 3


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["HEAD", "204", "304"]
)
@pytest.mark.parametrize(
    ("client_type", "delivery"),
    [
        pytest.param(httpx.Client, Delivery(delay=3, body_seconds=20), id="httpx, slow"),
        pytest.param(httpx.AsyncClient, Delivery(bytes_delivered=0), id="async httpx, closed"),
        pytest.param(httpx2.Client, Delivery(bytes_delivered=5, reset=True), id="httpx2, reset"),
        pytest.param(httpx2.AsyncClient, Delivery(bytes_delivered=0), id="async httpx2, closed"),
    ],
)
def test_response_without_a_body_is_complete_in_process_and_on_a_socket(
    document: Document,
    socket: ServedEndpoint,
    client_type: type[HttpClient],
    method: str,
    status: int,
    delivery: Delivery,
) -> None:
    headers = {"content-length": "200"} if method == "HEAD" else {}
    reply = Reply(status, headers, delivery=delivery)
    endpoint = scripted(document, ManualClock(1_780_000_000))
    outcomes = outcomes_everywhere(socket, endpoint, reply, client_type, method=method)
    assert outcomes == [(status, 0, None)] * 3


@pytest.mark.parametrize(("client_type", "streamed"), OTHERS_STREAMED)
@pytest.mark.parametrize(
    ("delivery", "status"),
    [
        pytest.param(Delivery(delay=HOUR), None, id="late"),
        pytest.param(Delivery(delay=HOUR, bytes_delivered=-1, reset=True), None, id="lost"),
        pytest.param(Delivery(body_seconds=HOUR), 200, id="slow"),
    ],
)
def test_read_timeout_is_the_same_in_process_and_on_a_socket(
    document: Document,
    real_socket: ServedEndpoint,
    client_type: type[HttpClient],
    streamed: bool,
    delivery: Delivery,
    status: int | None,
) -> None:
    reply = Reply(200, {"content-type": "text/plain"}, BODY, delivery)
    outcomes = outcomes_everywhere(
        real_socket,
        scripted(document, SystemClock()),
        reply,
        client_type,
        streamed=streamed,
        timeout=library_of(client_type).Timeout(None, read=0.01),
    )
    name = f"{client_type.__module__.partition('.')[0]}.ReadTimeout"
    assert outcomes == [(status if streamed else None, 0, name)] * 3


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
@pytest.mark.parametrize(
    ("delivery", "timeout", "passed", "error"),
    [
        pytest.param(Delivery(delay=4), 5, 4, None, id="in time"),
        pytest.param(Delivery(delay=30), 5, 5, "ReadTimeout", id="too late"),
        pytest.param(Delivery(delay=30), None, 30, None, id="no timeout"),
        pytest.param(Delivery(body_seconds=40), 5, 40, None, id="slow body in time"),
        pytest.param(
            Delivery(delay=4, body_seconds=60), 5, 9, "ReadTimeout", id="slow body too late"
        ),
        pytest.param(
            Delivery(body_seconds=40, bytes_delivered=100),
            5,
            20,
            "RemoteProtocolError",
            id="cut off",
        ),
    ],
)
def test_clock_moves_only_until_the_read_timeout(
    document: Document,
    client_type: type[HttpClient],
    delivery: Delivery,
    timeout: float | None,
    passed: float,
    error: str | None,
) -> None:
    clock = ManualClock(1_780_000_000)
    endpoint = scripted(document, clock)
    endpoint.replies = deque([Reply(200, {}, BODY, delivery)])
    client = client_type(transport=transport(router_of(endpoint), client_type), timeout=timeout)
    start = clock.now()
    outcome = send_and_read(client, "GET", f"{VENDOR}/videos", streamed=False)
    assert (outcome[2] or "").partition(".")[2] == (error or "")
    assert clock.now() - start == pytest.approx(passed)


@pytest.mark.parametrize(
    ("delay", "slept", "error"),
    [(30, 3, None), (100, 5, "httpx.ReadTimeout")],
    ids=["in time", "too late"],
)
def test_latency_is_slept_in_real_time_at_the_speed_of_the_clock(
    document: Document, delay: float, slept: float, error: str | None
) -> None:
    sleeps: list[float] = []
    endpoint = scripted(document, SystemClock(10, sleep=sleeps.append))
    endpoint.replies = deque([Reply(200, {}, BODY, Delivery(delay=delay))])
    client = httpx.Client(transport=HttpxTransport(router_of(endpoint)), timeout=5)
    assert send_and_read(client, "GET", f"{VENDOR}/videos", streamed=False)[2] == error
    assert sleeps == [pytest.approx(slept)]


@pytest.mark.parametrize(
    ("delivery", "message"),
    [
        pytest.param(
            Delivery(bytes_delivered=-1, reset=True), "reset before the response", id="lost"
        ),
        pytest.param(
            Delivery(bytes_delivered=3), r"closed after 3 of [0-9]+ bytes of the body", id="cut"
        ),
    ],
)
def test_journal_and_route_record_an_undelivered_response(
    document: Document, delivery: Delivery, message: str
) -> None:
    service = DeliveringService(document, delivery)
    journal = MockJournal(document, service.clock)
    router = VideoRouter(
        Endpoint(service, observers=[journal]), base_urls=[VENDOR], journal=journal
    )
    key = {"authorization": "Bearer sk-test"}
    with (
        httpx.Client(transport=HttpxTransport(router), headers=key) as client,
        pytest.raises(httpx.TransportError, match=message),
    ):
        client.get(f"{VENDOR}/videos")
    (exchange,) = journal.exchanges
    assert exchange.reply is None
    assert exchange.undelivered_reply is not None
    assert exchange.undelivered_reply.status == 200
    (call,) = router.routes["listVideos"].calls
    assert call.has_response is (delivery.bytes_delivered != -1)
    if call.has_response:
        assert call.response.content == exchange.undelivered_reply.body


def test_response_of_a_route_is_delivered_completely(document: Document) -> None:
    router = router_of(Endpoint(DeliveringService(document, Delivery(bytes_delivered=-1))))
    router.routes["listVideos"].respond(200, content=BODY)
    with httpx.Client(transport=HttpxTransport(router)) as client:
        assert client.get(f"{VENDOR}/videos").content == BODY


Serve: TypeAlias = Callable[[JobService], Any]


@contextmanager
def in_process(service: JobService) -> Iterator[str]:
    with routed(router_of(Endpoint(service))):
        yield VENDOR


@contextmanager
def on_a_socket(service: JobService) -> Iterator[str]:
    with serve_app(ApiApp(Endpoint(service))) as listener:
        yield base_url(listener, service.document)


@pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")
@pytest.mark.parametrize("serve_service", [in_process, on_a_socket])
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
@pytest.mark.parametrize("arrives", [-1, 9], ids=["lost", "cut"])
def test_openai_sdk_retries_after_a_broken_connection(
    document: Document,
    monkeypatch: pytest.MonkeyPatch,
    serve_service: Serve,
    arrives: int,
    reset: bool,
) -> None:
    delivery, clock = Delivery(bytes_delivered=arrives, reset=reset), ManualClock(1_780_000_000)
    service = DeliveringService(document, delivery, delivery)
    monkeypatch.setattr("time.sleep", clock.sleep)  # the SDK sleeps before a retry
    with serve_service(service) as url, openai.OpenAI(base_url=url, api_key="sk-test") as client:
        with pytest.raises(openai.APIConnectionError) as caught:
            client.with_options(max_retries=0).videos.create(prompt="A lighthouse")
        assert not isinstance(caught.value, openai.APITimeoutError)
        assert client.videos.create(prompt="A lighthouse").status == "queued"
    # Each undelivered response was to a successful create.
    assert len(service.store) == 3
    assert clock.client_time() > 0
