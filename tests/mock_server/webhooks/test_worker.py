"""Events on their way to real receivers, good ones and bad ones, by a thread of their own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from threading import Event, Thread, enumerate

import openai
import pytest

from aisa_testkit.mock_server import (
    Job,
    JobOutcome,
    ManualClock,
    MovableClock,
    SystemClock,
    TickingClock,
    plan_progression,
)
from aisa_testkit.mock_server.errors import DeliveryError
from aisa_testkit.mock_server.webhooks.delivery import Receiver
from aisa_testkit.mock_server.webhooks.http_receiver import HttpReceiver
from aisa_testkit.mock_server.webhooks.webhooks import Webhooks
from aisa_testkit.mock_server.webhooks.worker import WebhookWorker, deliver_on_moves
from aisa_testkit.openapi import Document

SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
PATIENCE = 20  # seconds after which a test that waits in vain fails


class Inbox(ThreadingHTTPServer):
    """A receiver on a socket. It answers with these statuses, then with 200 for ever; `got` is set
    as soon as something was taken.
    """

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.statuses = chain(statuses, repeat(200))
        self.letters: list[tuple[Mapping[str, str], bytes]] = []
        self.paths: list[str] = []
        self.got = Event()
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"


class _Answers(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        inbox = self.server
        assert isinstance(inbox, Inbox)
        body, status = self.rfile.read(int(self.headers["content-length"])), next(inbox.statuses)
        inbox.letters.append((dict(self.headers.items()), body))
        inbox.paths.append(self.path)
        self.send_response(status)
        self.send_header("content-length", "0")
        if 300 <= status < 400:
            self.send_header("location", "/elsewhere")
        self.end_headers()
        if status < 300:
            inbox.got.set()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def open_inbox() -> Iterator[Callable[..., Inbox]]:
    """Opens inboxes that answer with these statuses first."""
    opened: list[tuple[Inbox, Thread]] = []

    def open_one(*statuses: int) -> Inbox:
        inbox = Inbox(*statuses)
        thread = Thread(target=inbox.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        opened.append((inbox, thread))
        return inbox

    yield open_one
    for inbox, thread in opened:
        inbox.shutdown()
        thread.join()
        inbox.server_close()


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URL of a receiver that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def closed() -> str:
    """The URL of a receiver that is down."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def make_job(
    document: Document, clock: MovableClock, name: str = "video_1", *, seconds: float = 10
) -> Job:
    plan = plan_progression(document.lifecycle, {}, JobOutcome(seconds=seconds))
    return Job(id=name, sequence=0, created=clock.now(), fields={}, progression=plan)


def make_webhooks(document: Document, clock: MovableClock, receiver: Receiver) -> Webhooks:
    return Webhooks(document, clock=clock, receiver=receiver, secret=SECRET)


def couriers() -> list[Thread]:
    return [thread for thread in enumerate() if thread.name == "webhook worker"]


def test_an_event_is_brought_in_time_over_a_socket(
    document: Document, open_inbox: Callable[..., Inbox]
) -> None:
    clock, inbox = SystemClock(1000), open_inbox()
    webhooks = make_webhooks(document, clock, HttpReceiver(inbox.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        assert inbox.got.wait(PATIENCE)
    ((headers, body),) = inbox.letters
    with openai.OpenAI(api_key="sk-test") as client:
        event = client.webhooks.unwrap(body, headers, secret=SECRET)
    assert str(event.type) == "video.completed"
    assert inbox.paths == ["/hooks"]
    assert couriers() == []


def test_an_event_is_brought_again_until_it_is_taken(
    document: Document, open_inbox: Callable[..., Inbox]
) -> None:
    clock, inbox = SystemClock(1000), open_inbox(500, 307)
    clock.freeze()
    webhooks = make_webhooks(document, clock, HttpReceiver(inbox.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        clock.advance(1000)
        assert inbox.got.wait(PATIENCE)
    first, second, third = inbox.letters
    assert first[1] == second[1] == third[1]
    assert inbox.paths == ["/hooks"] * 3
    assert [attempt.error for attempt in webhooks.attempts[:2]] == [
        "status 500",
        "status 307; redirects are not followed",
    ]


@pytest.mark.parametrize(
    ("clock", "move"),
    [
        (SystemClock(1e-9), lambda clock: clock.set_speed(1e5)),
        (SystemClock(1e-9), lambda clock: clock.advance(100)),
        (ManualClock(), lambda clock: clock.advance(100)),
        (ManualClock(), lambda clock: clock.sleep(100)),
        (TickingClock(interval=100), lambda clock: clock.on_poll()),
    ],
    ids=[
        "a real clock is set to another speed",
        "a real clock is moved on",
        "a manual clock is moved on",
        "somebody sleeps by a manual clock",
        "a ticking clock is polled by",
    ],
)
def test_a_courier_that_waits_is_woken_as(
    document: Document,
    open_inbox: Callable[..., Inbox],
    clock: MovableClock,
    move: Callable[[MovableClock], object],
) -> None:
    inbox = open_inbox()
    webhooks = make_webhooks(document, clock, HttpReceiver(inbox.url))
    webhooks.schedule(make_job(document, clock, seconds=100))
    with WebhookWorker(webhooks, clock=clock):
        move(clock)
        assert inbox.got.wait(PATIENCE)
    assert couriers() == []


def test_a_clock_that_goes_on_again_wakes_a_courier(
    document: Document, open_inbox: Callable[..., Inbox]
) -> None:
    clock, inbox = SystemClock(1000), open_inbox()
    clock.freeze()
    webhooks = make_webhooks(document, clock, HttpReceiver(inbox.url))
    with WebhookWorker(webhooks, clock=clock):
        webhooks.schedule(make_job(document, clock))
        webhooks.notify()
        assert webhooks.attempts == ()
        clock.freeze(False)
        assert inbox.got.wait(PATIENCE)


def test_a_courier_sleeps_as_long_as_there_is_nothing_to_do(document: Document) -> None:
    real = [0.0]
    clock = SystemClock(4, monotonic=lambda: real[0])
    webhooks = make_webhooks(document, clock, lambda headers, body: None)
    courier = WebhookWorker(webhooks, clock=clock)
    assert courier.seconds_until_due() is None
    webhooks.schedule(make_job(document, clock, seconds=10))
    assert courier.seconds_until_due() == 2.5
    real[0] += 2
    assert courier.seconds_until_due() == 0.5
    clock.freeze()
    assert courier.seconds_until_due() is None
    clock.freeze(False)
    real[0] += 1
    assert courier.seconds_until_due() == 0.001
    webhooks.deliver()
    assert courier.seconds_until_due() is None


def test_a_courier_of_a_clock_that_does_not_go_on_sleeps_until_it_is_woken(
    document: Document, clock: ManualClock
) -> None:
    webhooks = make_webhooks(document, clock, lambda headers, body: None)
    webhooks.schedule(make_job(document, clock))
    assert WebhookWorker(webhooks, clock=clock).seconds_until_due() is None


def test_a_courier_goes_home_at_once_however_long_there_is_nothing_to_do(
    document: Document, open_inbox: Callable[..., Inbox]
) -> None:
    clock, inbox = SystemClock(), open_inbox()
    webhooks = make_webhooks(document, clock, HttpReceiver(inbox.url))
    with WebhookWorker(webhooks, clock=clock, grace=PATIENCE):
        webhooks.schedule(make_job(document, clock, seconds=1e6))
        webhooks.notify()
        assert len(couriers()) == 1
    assert couriers() == []
    clock.advance(1e6)
    assert inbox.letters == []


def test_a_courier_does_not_wait_for_a_receiver_to_go_home(document: Document) -> None:
    clock, asked, answer = ManualClock(), Event(), Event()

    def receiver(headers: Mapping[str, str], body: bytes, /) -> None:
        asked.set()
        assert answer.wait(PATIENCE)

    webhooks = make_webhooks(document, clock, receiver)
    for name in ("video_1", "video_2"):
        webhooks.schedule(make_job(document, clock, name, seconds=0))
    with WebhookWorker(webhooks, clock=clock, grace=0.01):
        assert asked.wait(PATIENCE)
    (late,) = couriers()
    assert late.daemon
    answer.set()
    late.join(PATIENCE)
    assert (couriers(), len(webhooks.attempts)) == ([], 1)


def test_a_receiver_that_is_down_is_tried_again(
    document: Document, clock: ManualClock, closed: str
) -> None:
    webhooks = make_webhooks(document, clock, HttpReceiver(closed))
    deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document, clock))
    clock.advance(10)
    (attempt,) = webhooks.attempts
    assert (attempt.status, attempt.next_try) == (None, clock.now() + 5)
    assert attempt.error
    assert attempt.error.startswith("no connection: ")


def test_a_receiver_that_does_not_answer_is_given_up_in_time(
    document: Document, clock: ManualClock, deaf: str
) -> None:
    webhooks = make_webhooks(document, clock, HttpReceiver(deaf, timeout=0.05))
    deliver_on_moves(webhooks, clock=clock)
    webhooks.schedule(make_job(document, clock))
    clock.advance(10)
    (attempt,) = webhooks.attempts
    assert (attempt.error, attempt.next_try) == ("no response within 0.05 s", clock.now() + 5)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", "no response: Server disconnected without sending a response."),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "no response: "),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", None),
    ],
    ids=["hangs up", "speaks something else", "breaks off in a body that nobody needs"],
)
def test_only_the_status_of_an_answer_counts(said: bytes, error: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=_say, args=(listener, said))
        thread.start()
        receiver = HttpReceiver(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        if error is None:
            assert receiver({}, b"{}") == 200
        else:
            with pytest.raises(DeliveryError) as caught:
                receiver({}, b"{}")
            assert str(caught.value).startswith(error)
        thread.join()


def _say(listener: socket.socket, said: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        received = b""
        while not received.endswith(b"{}"):
            received += connection.recv(65536)
        connection.sendall(said)


def test_proxies_of_the_environment_are_not_used(
    open_inbox: Callable[..., Inbox], closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, closed)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    inbox = open_inbox()
    assert HttpReceiver(inbox.url)({"webhook-id": "evt_1"}, b"{}") == 200


@pytest.mark.parametrize(
    "url",
    ["", "/hooks", "127.0.0.1:80", "ftp://127.0.0.1/", "http://", "http://[::1"],
)
def test_what_is_no_url_of_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with http:// or https://"):
        HttpReceiver(url)
