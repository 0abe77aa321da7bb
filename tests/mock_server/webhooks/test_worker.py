"""Delivery of events by the worker thread to HTTP receivers, working and broken ones."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from queue import Queue
from threading import Event, Thread, enumerate

import openai
import orjson
import pytest

from aisa_testkit.mock_server import (
    Job,
    JobOutcome,
    ManualClock,
    MovableClock,
    SystemClock,
    TickingClock,
)
from aisa_testkit.mock_server.errors import DeliveryError
from aisa_testkit.mock_server.webhooks.delivery_attempt import Receiver
from aisa_testkit.mock_server.webhooks.http_receiver import HttpReceiver
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.mock_server.webhooks.worker import (
    MAX_CONCURRENT_ATTEMPTS,
    WebhookWorker,
    deliver_on_moves,
)
from aisa_testkit.openapi import Document
from tests.support.planned_jobs import planned_job

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
TIMEOUT = 20  # seconds


class WebhookServer(ThreadingHTTPServer):
    """A receiver on a socket that responds with these statuses, and then always with 200.

    `accepted` is set by the first 2xx.
    """

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = chain(statuses, repeat(200))
        self.received: list[tuple[Mapping[str, str], bytes]] = []
        self.paths: list[str] = []
        self.accepted = Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, WebhookServer)
        body, status = self.rfile.read(int(self.headers["content-length"])), next(server.statuses)
        server.received.append((dict(self.headers.items()), body))
        server.paths.append(self.path)
        self.send_response(status)
        self.send_header("content-length", "0")
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        self.end_headers()
        if status < 300:
            server.accepted.set()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def start_server() -> Iterator[Callable[..., WebhookServer]]:
    """Start servers that respond with these statuses first."""
    started: list[tuple[WebhookServer, Thread]] = []

    def start(*statuses: int) -> WebhookServer:
        server = WebhookServer(*statuses)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        started.append((server, thread))
        return server

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def silent_url() -> Iterator[str]:
    """The URL of a receiver that accepts connections and never responds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def closed_url() -> str:
    """The URL of a receiver that is down."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def make_job(
    document: Document, clock: MovableClock, name: str = "video_1", *, seconds: float = 10
) -> Job:
    return planned_job(document, name, created=clock.now(), outcome=JobOutcome(seconds=seconds))


def make_webhooks(document: Document, clock: MovableClock, receiver: Receiver) -> Webhooks:
    return Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)


def worker_threads() -> list[Thread]:
    return [thread for thread in enumerate() if thread.name.startswith("webhook ")]


def test_worker_delivers_an_event_over_http(
    document: Document, start_server: Callable[..., WebhookServer]
) -> None:
    clock, server = SystemClock(1000), start_server()
    webhooks = make_webhooks(document, clock, HttpReceiver(server.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        assert server.accepted.wait(TIMEOUT)
    ((headers, body),) = server.received
    with openai.OpenAI(api_key="sk-test") as client:
        event = client.webhooks.unwrap(body, headers, secret=SECRET)
    assert str(event.type) == "video.completed"
    assert server.paths == ["/hooks"]
    assert worker_threads() == []


def test_worker_retries_until_the_event_is_accepted(
    document: Document, start_server: Callable[..., WebhookServer]
) -> None:
    clock, server = SystemClock(1000), start_server(500, 307)
    clock.freeze()
    webhooks = make_webhooks(document, clock, HttpReceiver(server.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        clock.advance(1000)
        assert server.accepted.wait(TIMEOUT)
    first, second, third = server.received
    assert first[1] == second[1] == third[1]
    assert server.paths == ["/hooks"] * 3
    assert [attempt.error for attempt in webhooks.attempts[:2]] == [
        "status 500",
        "status 307; redirects are not followed",
    ]


@pytest.mark.parametrize(
    ("clock", "move"),
    [
        (SystemClock(1e-9), lambda clock: clock.set_speed(1e5)),
        (SystemClock(1e-9), lambda clock: clock.advance(100)),
        (ManualClock(1_780_000_000), lambda clock: clock.advance(100)),
        (ManualClock(1_780_000_000), lambda clock: clock.sleep(100)),
        (TickingClock(1_780_000_000, interval=100), lambda clock: clock.on_poll()),
    ],
    ids=[
        "system clock, set_speed",
        "system clock, advance",
        "manual clock, advance",
        "manual clock, sleep",
        "ticking clock, on_poll",
    ],
)
def test_waiting_worker_is_woken_by_moves_of_the_clock(
    document: Document,
    start_server: Callable[..., WebhookServer],
    clock: MovableClock,
    move: Callable[[MovableClock], object],
) -> None:
    server = start_server()
    webhooks = make_webhooks(document, clock, HttpReceiver(server.url))
    webhooks.schedule(make_job(document, clock, seconds=100))
    with WebhookWorker(webhooks, clock=clock):
        move(clock)
        assert server.accepted.wait(TIMEOUT)
    assert worker_threads() == []


def test_worker_is_woken_when_the_clock_is_unfrozen(
    document: Document, start_server: Callable[..., WebhookServer]
) -> None:
    clock, server = SystemClock(1000), start_server()
    clock.freeze()
    webhooks = make_webhooks(document, clock, HttpReceiver(server.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        assert webhooks.attempts == ()
        clock.freeze(False)
        assert server.accepted.wait(TIMEOUT)


def test_worker_sleeps_until_the_next_event_is_due(document: Document) -> None:
    real = [0.0]
    clock = SystemClock(4, monotonic=lambda: real[0])
    webhooks = make_webhooks(document, clock, lambda headers, body: None)
    worker = WebhookWorker(webhooks, clock=clock)
    assert worker.seconds_until_due() is None
    webhooks.schedule(make_job(document, clock, seconds=10))
    assert worker.seconds_until_due() == 2.5
    real[0] += 2
    assert worker.seconds_until_due() == 0.5
    clock.freeze()
    assert worker.seconds_until_due() is None
    clock.freeze(False)
    real[0] += 1
    assert worker.seconds_until_due() == 0.001
    webhooks.deliver()
    assert worker.seconds_until_due() is None


def test_worker_of_a_manual_clock_sleeps_until_it_is_woken(
    document: Document, clock: ManualClock
) -> None:
    webhooks = make_webhooks(document, clock, lambda headers, body: None)
    webhooks.schedule(make_job(document, clock))
    assert WebhookWorker(webhooks, clock=clock).seconds_until_due() is None


def test_idle_worker_stops_at_once(
    document: Document, start_server: Callable[..., WebhookServer]
) -> None:
    clock, server = SystemClock(), start_server()
    webhooks = make_webhooks(document, clock, HttpReceiver(server.url))
    with WebhookWorker(webhooks, clock=clock, grace=TIMEOUT):
        webhooks.schedule(make_job(document, clock, seconds=1e6))
        webhooks.notify()
        assert len(worker_threads()) == 1
    assert worker_threads() == []
    clock.advance(1e6)
    assert server.received == []


def test_worker_stops_after_its_grace_period_despite_a_running_delivery(document: Document) -> None:
    clock, called, unblocked = ManualClock(1_780_000_000), Event(), Event()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        called.set()
        assert unblocked.wait(TIMEOUT)

    webhooks = make_webhooks(document, clock, receiver)
    webhooks.schedule(make_job(document, clock, seconds=0))
    with WebhookWorker(webhooks, clock=clock, grace=0.01):
        assert called.wait(TIMEOUT)
        webhooks.schedule(make_job(document, clock, "video_2", seconds=1))
    (running,) = worker_threads()
    assert running.daemon
    unblocked.set()
    running.join(TIMEOUT)
    assert (worker_threads(), len(webhooks.attempts)) == ([], 1)


def test_running_delivery_delays_no_event_of_another_job(document: Document) -> None:
    clock, received, unblocked = ManualClock(1_780_000_000), Queue[str](), Event()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        job = orjson.loads(body)["data"]["id"]
        received.put(job)
        assert job != "video_0" or unblocked.wait(TIMEOUT)

    webhooks = make_webhooks(document, clock, receiver)
    with WebhookWorker(webhooks, clock=clock):
        for number in range(5):
            webhooks.schedule(make_job(document, clock, f"video_{number}", seconds=10 + number))
            clock.advance(10 + number)
            assert received.get(timeout=TIMEOUT) == f"video_{number}"
        unblocked.set()
    delivered = {attempt.job for attempt in webhooks.attempts}
    assert delivered == {f"video_{number}" for number in range(5)}


def test_events_of_one_job_are_delivered_in_order(document: Document) -> None:
    clock, started, responses = ManualClock(1_780_000_000), Queue[str](), Queue[int]()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> int:
        started.put(orjson.loads(body)["data"]["id"])
        return responses.get(timeout=TIMEOUT)

    webhooks = make_webhooks(document, clock, receiver)
    job = make_job(document, clock, seconds=1)
    webhooks.schedule(job)
    with WebhookWorker(webhooks, clock=clock):
        clock.advance(1)
        assert started.get(timeout=TIMEOUT) == "video_1"
        webhooks.schedule(job)  # its end has changed in the meantime
        webhooks.schedule(make_job(document, clock, "video_2", seconds=0))
        webhooks.notify()
        assert started.get(timeout=TIMEOUT) == "video_2"
        assert webhooks.next_due() is None
        responses.put(200)
        responses.put(200)
        assert started.get(timeout=TIMEOUT) == "video_1"
        responses.put(200)
    assert [attempt.job for attempt in webhooks.attempts].count(job.id) == 2


def test_number_of_concurrent_deliveries_is_limited(document: Document) -> None:
    clock, started, unblocked = ManualClock(1_780_000_000), Queue[bytes](), Event()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        started.put(body)
        assert unblocked.wait(TIMEOUT)

    webhooks = make_webhooks(document, clock, receiver)
    for number in range(MAX_CONCURRENT_ATTEMPTS + 1):
        webhooks.schedule(make_job(document, clock, f"video_{number}", seconds=0))
    with WebhookWorker(webhooks, clock=clock):
        for _ in range(MAX_CONCURRENT_ATTEMPTS):
            started.get(timeout=TIMEOUT)
        assert webhooks.next_due() == clock.now()
        unblocked.set()
        started.get(timeout=TIMEOUT)
    assert len(webhooks.attempts) == MAX_CONCURRENT_ATTEMPTS + 1


def test_refused_connection_is_retried(
    document: Document, clock: ManualClock, closed_url: str
) -> None:
    webhooks = make_webhooks(document, clock, HttpReceiver(closed_url))
    deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document, clock))
    clock.advance(10)
    (attempt,) = webhooks.attempts
    assert (attempt.status, attempt.next_try) == (None, clock.now() + 5)
    assert attempt.error
    assert attempt.error.startswith("no connection: ")


def test_delivery_to_a_silent_receiver_times_out(
    document: Document, clock: ManualClock, silent_url: str
) -> None:
    webhooks = make_webhooks(document, clock, HttpReceiver(silent_url, timeout=0.05))
    deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document, clock))
    clock.advance(10)
    (attempt,) = webhooks.attempts
    assert (attempt.error, attempt.next_try) == ("no response within 0.05 s", clock.now() + 5)


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (b"", "no response: Server disconnected without sending a response."),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no response: "),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", None),
    ],
    ids=["disconnects", "other protocol", "incomplete body"],
)
def test_only_the_status_of_the_response_matters(response: bytes, error: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_respond, args=(listener, response))
        thread.start()
        receiver = HttpReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        if error is None:
            assert receiver({}, b"{}") == 200
        else:
            with pytest.raises(DeliveryError) as caught:
                receiver({}, b"{}")
            assert str(caught.value).startswith(error)
        thread.join()


def _respond(listener: socket.socket, response: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        received = b""
        while not received.endswith(b"{}"):
            received += connection.recv(65536)
        connection.sendall(response)


def test_proxies_of_the_environment_are_not_used(
    start_server: Callable[..., WebhookServer], closed_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, closed_url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server = start_server()
    assert HttpReceiver(server.url)({"webhook-id": "evt_1"}, b"{}") == 200


@pytest.mark.parametrize(
    "url",
    ["", "/hooks", "127.0.0.1:80", "ftp://127.0.0.1/", "http://", "http://[::1"],
)
def test_url_that_is_not_http_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with http:// or https://"):
        HttpReceiver(url)
