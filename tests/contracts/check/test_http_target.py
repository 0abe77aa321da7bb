"""Requests of the check over HTTP."""

from __future__ import annotations

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from aisa_testkit.contracts.check.http_target import MAX_JSON_BYTES, HttpTarget
from aisa_testkit.contracts.errors import CheckTimedOut, ServerUnreachable
from aisa_testkit.contracts.traffic.request_builder import build_call
from aisa_testkit.mock_server import VideoServer
from aisa_testkit.openapi import Call, Document
from aisa_testkit.openapi.operation import FORM, JSON

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def test_default_clock_of_a_target_begins_when_the_target_is_made(
    document: Document, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = build_call(document, document.operations["listVideos"], key="sk-test")
    with raw_server(OK) as (url, _), monkeypatch.context() as frozen:
        frozen.setattr(time, "time", lambda: 1_780_000_000.0)
        frozen.setattr(time, "monotonic", lambda: 512.0)
        exchange = HttpTarget(document, url, client).send(call)
    assert (exchange.at, exchange.took) == (1_780_000_000.0, 0.0)


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=10, follow_redirects=True) as client:
        yield client


@pytest.fixture
def certificate(tool: Callable[[str], str], tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself, and its key."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"{tool('openssl')} req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1"
    options = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *options, *files], check=True, capture_output=True)
    return certificate, key


@contextmanager
def raw_server(
    *replies: bytes, hold: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """Serve these bytes, one reply per connection. Yield the URL and the received requests.

    Args:
        replies: What to send.
        hold: True to leave each connection open until the client closes it.
        tls: The certificate of the server, None for HTTP without TLS.
    """
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            for bytes_ in replies:
                accepted, _ = listener.accept()
                connection = tls.wrap_socket(accepted, server_side=True) if tls else accepted
                with connection, suppress(OSError):
                    received.append(_request(connection))
                    connection.sendall(bytes_)
                    while hold and connection.recv(65536):
                        pass

        thread = Thread(target=answer, daemon=True)
        thread.start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{listener.getsockname()[1]}", received
        thread.join(timeout=10)


def _request(connection: socket.socket) -> bytes:
    """Read a whole request: the head, and as many bytes as Content-Length says."""
    came = connection.recv(65536)
    head = came.partition(b"\r\n\r\n")[0].lower()
    _, _, said = head.partition(b"content-length: ")
    while len(came) < len(head) + 4 + int(said.partition(b"\r\n")[0] or 0):
        came += connection.recv(65536)
    return came


def closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def create(document: Document, **fields: str) -> Call:
    operation = document.operations["createVideo"]
    return build_call(document, operation, {"prompt": "x", **fields}, key="k", media_type=FORM)


@pytest.mark.parametrize("end", ["", "/"], ids=["no slash", "a slash at the end"])
def test_response_is_returned_as_an_exchange(
    document: Document, video_server: VideoServer, client: httpx2.Client, end: str
) -> None:
    before = time.time()
    server = HttpTarget(document, video_server.base_url + end, client)
    exchange = server.send(create(document, seconds="8"))
    assert exchange.accepted
    assert exchange.fields == {"prompt": "x", "seconds": "8"}
    assert exchange.reply is not None
    assert exchange.reply.headers["content-type"] == "application/json"
    # The monotonic clock may differ a little from the system clock.
    assert before - 5 <= exchange.at <= time.time() + 5


def test_header_names_are_in_lower_case(document: Document, client: httpx2.Client) -> None:
    with raw_server(OK) as (url, _):
        exchange = HttpTarget(document, url, client).send(create(document))
    assert exchange.reply is not None
    assert exchange.reply.headers == {"content-length": "2", "content-type": "application/json"}


def test_cookies_are_not_sent_back(document: Document, client: httpx2.Client) -> None:
    welcome = OK.replace(b"Content-Type", b"Set-Cookie: sid=1; Path=/\r\nContent-Type")
    with raw_server(welcome, OK) as (url, received):
        server = HttpTarget(document, url, client)
        for _ in range(2):
            server.send(create(document))
    assert [b"cookie" in request.lower() for request in received] == [False, False]


def test_id_too_long_for_a_url_gives_an_exchange_without_a_reply(
    document: Document, video_server: VideoServer, client: httpx2.Client
) -> None:
    long = {"video_id": "v" * 70_000}
    call = build_call(document, document.operations["getVideo"], key="k", path_parameters=long)
    assert HttpTarget(document, video_server.base_url, client).send(call).reply is None


def ticking_clock(step: float) -> Callable[[], float]:
    """A clock that advances each time it is read."""
    moments = count(0.0, step)
    return lambda: next(moments)


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\nxxx",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    ],
    ids=["no byte", "part of the headers", "part of the body", "no length", "interim responses"],
)
def test_response_that_does_not_end_is_aborted(
    document: Document, client: httpx2.Client, part: bytes
) -> None:
    with raw_server(part, hold=True) as (url, _):
        target = HttpTarget(document, url, client, now=ticking_clock(5), max_seconds=12)
        exchange = target.send(create(document))
    assert (exchange.reply, exchange.sent, exchange.problem) == (
        None,
        True,
        "the response does not end within 12 seconds",
    )


def test_response_over_tls_that_does_not_end_is_aborted(
    document: Document, certificate: tuple[Path, Path]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        raw_server(b"HTTP/1.1 200 OK\r\n", hold=True, tls=context) as (url, _),
        httpx2.Client(verify=trusted, timeout=10) as client,
    ):
        target = HttpTarget(document, url, client, now=ticking_clock(5), max_seconds=12)
        assert "does not end" in target.send(create(document)).problem


def test_all_requests_share_one_time_limit(document: Document, client: httpx2.Client) -> None:
    now, waited = [0.0], list[float]()
    with raw_server(OK) as (url, _):
        target = HttpTarget(
            document,
            url,
            client,
            now=lambda: now[0],
            sleep=waited.append,
            max_seconds=5,
            max_total_seconds=30,
        )
        assert target.send(create(document)).accepted
        now[0] = 20.0
        target.wait(9)
        with pytest.raises(CheckTimedOut, match="the check takes more than 30 seconds"):
            target.wait(10)
    now[0] = 30.0
    with pytest.raises(CheckTimedOut):  # although no server listens any more
        target.send(create(document))
    assert waited == [9]


def test_last_response_gets_only_the_time_that_is_left(
    document: Document, client: httpx2.Client
) -> None:
    with raw_server(b"HTTP/1.1 200 OK\r\n", hold=True) as (url, _):
        target = HttpTarget(
            document, url, client, now=ticking_clock(5), max_seconds=60, max_total_seconds=15
        )
        assert (
            target.send(create(document)).problem == "the response does not end within 10 seconds"
        )


def test_list_that_is_too_long_is_cut_off(document: Document, client: httpx2.Client) -> None:
    endless = b"HTTP/1.1 200 OK\r\n\r\n[" + b"1," * (MAX_JSON_BYTES // 2)
    call = build_call(document, document.operations["listVideos"], key="sk-test")
    with raw_server(endless, hold=True) as (url, _):
        exchange = HttpTarget(document, url, client).send(call)
    assert (exchange.reply, exchange.was_recorded, exchange.problem) == (
        None,
        False,
        f"it was cut off after {MAX_JSON_BYTES} bytes",
    )


def test_ids_and_queries_are_percent_encoded(
    document: Document, video_server: VideoServer, client: httpx2.Client
) -> None:
    server, odd = HttpTarget(document, video_server.base_url, client), "a/b?c#d %25&é"
    retrieve, listing = document.operations["getVideo"], document.operations["listVideos"]
    for call in (
        build_call(document, retrieve, key="k", path_parameters={"video_id": odd}),
        build_call(document, listing, key="k", query=(("after", odd),)),
    ):
        reply = server.send(call).reply
        assert reply is not None
        assert (reply.status, odd in reply.body.decode()) == (404, True)


def test_refused_connection_after_a_response_has_sent_nothing(
    document: Document, client: httpx2.Client
) -> None:
    with raw_server(OK) as (url, _):
        server = HttpTarget(document, url, client)
        assert server.send(create(document)).sent
    exchange = server.send(create(document))
    assert (exchange.reply, exchange.sent) == (None, False)


@pytest.mark.parametrize(
    "url", [closed(), "http://nowhere.invalid/v1"], ids=["closed port", "no such host"]
)
def test_server_that_never_responds_is_unreachable(
    document: Document, client: httpx2.Client, url: str
) -> None:
    with pytest.raises(ServerUnreachable) as error:
        HttpTarget(document, url, client).send(create(document))
    assert str(error.value).startswith(f"{url} does not respond: ")
    assert "\n" not in str(error.value)


def test_connection_lost_after_a_response_gives_an_exchange_without_a_reply(
    document: Document, client: httpx2.Client
) -> None:
    with raw_server(OK, b"") as (url, received):
        server = HttpTarget(document, url, client, now=lambda: 7.0)
        assert server.send(create(document)).status == 200
        broken = server.send(create(document))
    gone = server.send(create(document))
    assert [(e.reply, e.at, e.operation_id) for e in (broken, gone)] == [
        (None, 7.0, "createVideo")
    ] * 2
    assert len(received) == 2, "a request was sent twice"


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", OK.replace(b"Length: 2", b"Length: 9"), b"nonsense"],
    ids=["nothing", "half a head", "half a body", "no HTTP"],
)
def test_connection_lost_during_the_first_create_gives_an_exchange_without_a_reply(
    document: Document, client: httpx2.Client, answer: bytes
) -> None:
    """ServerUnreachable would claim that no job was created."""
    with raw_server(answer) as (url, received):
        exchange = HttpTarget(document, url, client).send(create(document))
    assert exchange.reply is None
    assert len(received) == 1


def test_api_key_that_is_invalid_in_a_header_is_redacted_in_the_error(
    document: Document, video_server: VideoServer, client: httpx2.Client
) -> None:
    call = build_call(document, document.operations["listVideos"], key="sk-1\r\nx: 3cr3t")
    with pytest.raises(ServerUnreachable) as error:
        HttpTarget(document, video_server.base_url, client).send(call)
    assert "3cr3t" not in str(error.value)


def test_api_key_is_not_sent_to_the_host_of_a_redirect(
    other_document: Document, client: httpx2.Client
) -> None:
    with raw_server(OK) as (elsewhere, taken):
        moved = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere}/x\r\nContent-Length: 0\r\n\r\n"
        with raw_server(moved.encode()) as (url, received):
            operation = other_document.operations["film"]
            call = build_call(other_document, operation, key="3cr3t", path_parameters={"ref": "r"})
            exchange = HttpTarget(other_document, url, client).send(call)
    assert exchange.status == 200
    assert b"3cr3t" in received[0]
    assert b"3cr3t" not in taken[0]


def test_wait_calls_the_given_sleep(document: Document, client: httpx2.Client) -> None:
    waited: list[float] = []
    HttpTarget(document, "http://h", client, sleep=waited.append).wait(2.5)
    assert waited == [2.5]


def test_json_body_is_sent_unchanged(document: Document, client: httpx2.Client) -> None:
    operation = document.operations["createVideo"]
    call = build_call(document, operation, {"prompt": "ж"}, key="k", media_type=JSON)
    with raw_server(OK) as (url, received):
        HttpTarget(document, url + "/v1", client).send(call)
    head, _, body = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/videos HTTP/1.1\r\n")
    assert b"\r\nauthorization: Bearer k\r\n" in head.lower().replace(b"bearer", b"Bearer")
    assert body.decode() == '{"prompt":"ж"}'


def test_tls_handshake_failure_is_named_in_the_error(
    document: Document, video_server: VideoServer, client: httpx2.Client
) -> None:
    url = video_server.base_url.replace("http://", "https://")
    with pytest.raises(ServerUnreachable, match="failed the TLS handshake: WRONG_VERSION_NUMBER"):
        HttpTarget(document, url, client).send(create(document))


def test_untrusted_certificate_is_named_in_the_error(
    document: Document, client: httpx2.Client, certificate: tuple[Path, Path]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                context.wrap_socket(connection, server_side=True)

        thread = Thread(target=refuse, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        with pytest.raises(
            ServerUnreachable, match=f"{url} has an untrusted certificate: self-signed certificate"
        ):
            HttpTarget(document, url, client).send(create(document))
        thread.join(timeout=10)


# The server of these tests closes each connection, so it says so, as servers must.
FILE = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n"
    b"Content-Type: Video/MP4; x=1\r\n\r\nabc"
)
DENIED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
KEY = {"authorization": "Bearer sk-test"}


def test_file_is_read_without_the_key(document: Document, client: httpx2.Client) -> None:
    with raw_server(FILE) as (url, received):
        reply = HttpTarget(document, f"{url}/v1", client).read_file(f"{url}/files/1?t=2", KEY)
    assert reply.reply
    assert (reply.reply.status, reply.media_type, len(reply.reply.body)) == (200, "video/mp4", 3)
    assert received[0].startswith(b"GET /files/1?t=2 ")
    assert b"sk-test" not in received[0]


def test_file_of_this_server_is_read_with_the_key_if_it_asks(
    document: Document, client: httpx2.Client
) -> None:
    with raw_server(DENIED, FILE) as (url, received):
        reply = HttpTarget(document, f"{url}/v1", client).read_file("/files/1", KEY)
    assert reply.reply
    assert (reply.reply.status, len(received)) == (200, 2)
    assert b"sk-test" in received[1]


def test_other_host_never_gets_the_key(document: Document, client: httpx2.Client) -> None:
    with raw_server(DENIED) as (url, received):
        own = "http://127.0.0.1:9/v1"  # another port, and so another origin
        reply = HttpTarget(document, own, client).read_file(f"{url}/files/1", KEY)
    assert reply.reply
    assert (reply.reply.status, len(received)) == (401, 1)
    assert b"sk-test" not in received[0]


@pytest.mark.parametrize("address", ["http://[", "ftp://host/x", "file:///etc/passwd", "\x00"])
def test_address_that_cannot_be_read_has_a_problem(
    document: Document, client: httpx2.Client, address: str
) -> None:
    reply = HttpTarget(document, "http://127.0.0.1:9/v1", client).read_file(address, KEY)
    assert reply.reply is None
    assert reply.problem
