"""Connections that are blocked while a mock is open, for clients of any kind."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import httpx2
import pytest
import requests
import uvloop

from aisa_testkit.pytest_plugin import (
    ContractError,
    ContractWarning,
    mock_videos,
    serve_videos,
)
from aisa_testkit.pytest_plugin.network_guard import NetworkGuard, guard_network
from tests.support.plugin_project import Run

HOST = "api.vendor.invalid"
URL = f"https://{HOST}/v1"
# An address of a network for documentation, to which nothing is connected.
ADDRESS = "192.0.2.7"
BLOCKED = "connections to .* are blocked"
EventLoop = Callable[[Coroutine[Any, Any, Any]], object]


def connect_in(run: EventLoop, host: str = HOST, *, tls: bool = False) -> None:
    async def connect() -> None:
        await asyncio.open_connection(host, 443, ssl=tls or None)

    run(connect())


def look_up_in(run: EventLoop) -> None:
    async def look_up() -> object:
        return await asyncio.get_running_loop().getaddrinfo(HOST, 443)

    run(look_up())


def open_datagrams_in(run: EventLoop, host: str) -> None:
    async def connect() -> object:
        return await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(host, 443)
        )

    run(connect())


def start_tls_on_a_socket() -> None:
    near, far = socket.socketpair()
    with near, far:
        ssl.create_default_context().wrap_socket(near, server_hostname=HOST)


def start_tls_in_memory() -> None:
    context = ssl.create_default_context()
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)


def send_datagram(method: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        if method == "sendmsg":
            sender.sendmsg([b"x"], [], 0, (ADDRESS, 53))
        else:
            sender.sendto(b"x", (ADDRESS, 53))


def connect(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as client:
        client.connect_ex((address, 443))


# fmt: off
TO_THE_API = [
    pytest.param(lambda: requests.post(f"{URL}/videos", json={}, timeout=9), id="requests"),
    pytest.param(lambda: urllib.request.urlopen(f"{URL}/videos"), id="urllib"),
    pytest.param(lambda: connect_in(asyncio.run), id="asyncio"),
    pytest.param(lambda: connect_in(uvloop.run), id="uvloop"),
    pytest.param(lambda: connect_in(uvloop.run, tls=True), id="TLS in uvloop"),
    pytest.param(lambda: look_up_in(uvloop.run), id="look-up in uvloop"),
    pytest.param(lambda: open_datagrams_in(uvloop.run, HOST), id="datagrams in uvloop"),
    pytest.param(lambda: socket.create_connection((HOST, 443)), id="socket"),
    pytest.param(lambda: socket.getaddrinfo(HOST, None), id="look-up without a port"),
    pytest.param(lambda: socket.getaddrinfo(HOST.upper().encode() + b".", 443), id="as bytes"),
    pytest.param(lambda: socket.gethostbyname(HOST), id="gethostbyname"),
    pytest.param(lambda: socket.gethostbyname_ex(HOST), id="gethostbyname_ex"),
    pytest.param(start_tls_on_a_socket, id="TLS on a socket"),
    pytest.param(start_tls_in_memory, id="TLS in memory"),
]
TO_OTHERS = [
    pytest.param(lambda: requests.get("https://cdn.invalid/clip.mp4", timeout=9), id="requests"),
    pytest.param(lambda: socket.getaddrinfo("cdn.invalid", 443), id="look-up"),
    pytest.param(lambda: socket.gethostbyname("cdn.invalid"), id="gethostbyname"),
    pytest.param(lambda: connect(socket.AF_INET, ADDRESS), id="connect_ex"),
    pytest.param(lambda: connect_in(asyncio.run, ADDRESS), id="asyncio"),
    pytest.param(lambda: connect_in(uvloop.run, ADDRESS), id="uvloop"),
    pytest.param(lambda: open_datagrams_in(uvloop.run, ADDRESS), id="datagrams in uvloop"),
    pytest.param(lambda: send_datagram("sendto"), id="sendto"),
    pytest.param(lambda: send_datagram("sendmsg"), id="sendmsg"),
    pytest.param(lambda: connect(socket.AF_INET6, "2001:db8::7"), id="IPv6"),
]
# fmt: on


def errors_of(send: Callable[[], object], **options: str) -> ContractError:
    """Return the error about a request whose own error the code under test ignores."""
    with (
        pytest.raises(ContractError) as caught,
        mock_videos(**options),  # type: ignore[arg-type]
        pytest.raises(OSError, match=BLOCKED),
    ):
        send()
    return caught.value


@pytest.mark.parametrize("other_hosts", ["pass", "fail"])
@pytest.mark.parametrize("send", TO_THE_API)
def test_connection_to_the_api_fails_the_test(send: Callable[[], object], other_hosts: str) -> None:
    error = errors_of(send, base_url=URL, other_hosts=other_hosts)
    assert {violation.code for violation in error.violations} == {"AV708"}
    assert f"  request   CONNECT {HOST}" in str(error)
    assert "this mock answers httpx and httpx2" in str(error)


@pytest.mark.parametrize("send", TO_OTHERS)
def test_connection_to_another_host_fails_the_test_on_request(send: Callable[[], object]) -> None:
    assert "are blocked (other_hosts is 'fail')" in str(errors_of(send, other_hosts="fail"))


def test_place_of_the_program_is_named() -> None:
    def make_clip() -> None:
        requests.post(f"{URL}/videos", timeout=9)

    line = make_clip.__code__.co_firstlineno + 1
    error = errors_of(make_clip, base_url=URL)
    assert (
        f"  request   CONNECT {HOST}:443, no. 1\n"
        f"  sent from tests/pytest_plugin/test_network_guard.py:{line} in make_clip\n"
        f"  sent      connections to {HOST} are blocked"
    ) in str(error)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_place_of_an_asynchronous_program_is_named(run: EventLoop) -> None:
    async def make_clip() -> None:
        await asyncio.open_connection(HOST, 443)

    async def main() -> None:
        await asyncio.gather(make_clip(), asyncio.Event().wait())

    line = make_clip.__code__.co_firstlineno + 1
    error = errors_of(lambda: run(main()), base_url=URL)
    assert f"test_network_guard.py:{line} in make_clip\n" in str(error)


def test_replaced_resolver_is_not_asked() -> None:
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda host, *arguments, **more: asked.append(host))
        errors_of(lambda: socket.create_connection((HOST, 443)), base_url=URL)
        assert asked == []
        with pytest.raises(TypeError):
            socket.create_connection((HOST, 443))
    assert asked == [HOST]


def test_vendor_is_blocked_with_any_base_url() -> None:
    error = errors_of(lambda: socket.getaddrinfo("api.aisa.one", 443), base_url=URL)
    assert "CONNECT api.aisa.one:443" in str(error)


def test_server_blocks_the_vendor_too() -> None:
    key = {"Authorization": "Bearer sk-test"}
    with serve_videos(allow="AV708") as mock:
        assert requests.get(f"{mock.base_url}/videos", headers=key, timeout=9).ok
        with pytest.raises(OSError, match=BLOCKED):
            requests.get("https://api.aisa.one/v1/videos", timeout=9)
        (violation,) = mock.verdict.violations
    assert f"the mock is at {mock.base_url}" in str(violation)


def test_this_machine_is_reachable() -> None:
    guard = NetworkGuard([URL], allow_other_hosts=False, advice="", on_blocked=print)
    with guard_network(guard), socket.create_server(("127.0.0.1", 0)) as server:
        for name in ["localhost", "127.0.0.1"]:
            socket.create_connection((name, server.getsockname()[1])).close()
        for address in ["127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", None]:
            assert socket.getaddrinfo(address, 80)
        with suppress(socket.gaierror):  # if the machine does not know its own name
            socket.getaddrinfo(socket.gethostname(), 80)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_this_machine_is_reachable_in_event_loops(run: EventLoop) -> None:
    async def connect(server: socket.socket) -> None:
        for name in ["localhost", "127.0.0.1"]:
            _, writer = await asyncio.open_connection(name, server.getsockname()[1])
            writer.close()
            await writer.wait_closed()

    with mock_videos(other_hosts="fail"), socket.create_server(("127.0.0.1", 0)) as server:
        run(connect(server))


def test_other_hosts_are_reachable_by_default() -> None:
    with mock_videos(), pytest.raises(socket.gaierror):
        socket.getaddrinfo("elsewhere.invalid", 443)


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_thread_that_outlives_its_test_is_stopped(package: Any) -> None:
    def poll() -> None:
        ended.wait()
        try:
            package.get(f"{URL}/videos")
        except package.ConnectError as error:
            errors.append(str(error))

    ended, errors = threading.Event(), list[str]()
    with mock_videos(base_url=URL):
        thread = threading.Thread(target=poll, name="poller")
        thread.start()

    def let_it_poll() -> None:
        ended.set()
        thread.join()

    with pytest.warns(ContractWarning, match="thread 'poller' outlived its test"):
        let_it_poll()
    assert len(errors) == 1
    assert "in poll: connections to" in errors[0]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_event_loop_of_a_thread_that_outlives_its_test_is_stopped(run: EventLoop) -> None:
    def poll() -> None:
        ended.wait()
        with pytest.raises(ConnectionRefusedError, match="in connect"):
            connect_in(run)
        stopped.set()

    ended, stopped = threading.Event(), threading.Event()
    with mock_videos(base_url=URL):
        thread = threading.Thread(target=poll)
        thread.start()

    def let_it_poll() -> None:
        ended.set()
        thread.join()

    with pytest.warns(ContractWarning, match="outlived its test"):
        let_it_poll()
    assert stopped.is_set()


def test_thread_that_is_started_by_a_late_one_is_stopped() -> None:
    def poll() -> None:
        ended.wait()
        with ThreadPoolExecutor(1) as pool:
            errors.append(pool.submit(socket.getaddrinfo, HOST, 443).exception())

    ended, errors = threading.Event(), list[BaseException | None]()
    with mock_videos(base_url=URL):
        thread = threading.Thread(target=poll)
        thread.start()

    def let_it_poll() -> None:
        ended.set()
        thread.join()

    with pytest.warns(ContractWarning, match="outlived its test"):
        let_it_poll()
    assert [type(error) for error in errors] == [ConnectionRefusedError]


def test_pool_that_outlives_a_test_may_serve_the_next_one() -> None:
    with ThreadPoolExecutor(1) as pool:
        with mock_videos(base_url=URL):
            pool.submit(str).result()
            pool.submit(str).result()
        with pytest.raises(socket.gaierror):
            pool.submit(socket.getaddrinfo, HOST, 443).result()


def test_work_of_a_pool_that_outlives_its_test_is_stopped_and_the_next_is_not() -> None:
    def look_up(started: threading.Event, ended: threading.Event) -> None:
        started.set()
        ended.wait()
        socket.getaddrinfo(HOST, 443)

    def stopped(ended: threading.Event, work: Future[None]) -> None:
        ended.set()
        work.result()

    for is_older in (True, False):
        with ThreadPoolExecutor(1) as pool:
            started, ended = threading.Event(), threading.Event()
            if is_older:
                pool.submit(str).result()
            with mock_videos(base_url=URL):
                work = pool.submit(look_up, started, ended)
                started.wait()
            with (
                pytest.warns(ContractWarning, match="outlived its test"),
                pytest.raises(ConnectionRefusedError),
            ):
                stopped(ended, work)
            with pytest.raises(socket.gaierror):
                pool.submit(socket.getaddrinfo, HOST, 443).result()


def test_work_that_is_older_than_a_mock_is_not_stopped_after_it() -> None:
    def look_up() -> None:
        started.set()
        ended.wait()
        socket.getaddrinfo(HOST, 443)

    started, ended = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(look_up)
        started.wait()
        with mock_videos(base_url=URL):
            pass
        ended.set()
        with pytest.raises(socket.gaierror):
            work.result()


@pytest.mark.parametrize(
    ("host", "options"), [(HOST, {}), ("cdn.invalid", {"other_hosts": "fail"})]
)
@pytest.mark.parametrize("write", ["send", "sendall", "write"])
def test_tls_connection_that_is_older_than_the_mock_is_blocked(
    write: str, host: str, options: dict[str, str]
) -> None:
    context, (near, far) = ssl.create_default_context(), socket.socketpair()
    near.settimeout(9)
    older = context.wrap_socket(near, server_hostname=host, do_handshake_on_connect=False)
    with older, far:
        error = errors_of(
            lambda: getattr(older, write)(b"POST /v1/videos"), base_url=URL, **options
        )
    assert f"CONNECT {host}, no. 1" in str(error)


def test_tls_connection_in_memory_that_is_older_than_the_mock_is_blocked() -> None:
    context = ssl.create_default_context()
    older = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=HOST)
    errors_of(lambda: older.write(b"POST /v1/videos"), base_url=URL)


def test_tls_connection_to_this_machine_and_to_other_hosts_is_free() -> None:
    context = ssl.create_default_context()
    for host in ("localhost", "cdn.invalid"):
        older = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=host)
        with mock_videos(), pytest.raises(ssl.SSLWantReadError):
            older.write(b"GET /")


def test_connections_are_free_after_a_mock() -> None:
    functions = socket.getaddrinfo, ssl.SSLContext.wrap_bio, ssl.SSLContext.wrap_socket
    writes = ssl.SSLSocket.send, ssl.SSLSocket.write, ssl.SSLObject.write
    with mock_videos(base_url=URL), mock_videos(other_hosts="fail"):
        assert socket.getaddrinfo != functions[0]
    assert functions == (
        socket.getaddrinfo,
        ssl.SSLContext.wrap_bio,
        ssl.SSLContext.wrap_socket,
    )
    assert writes == (ssl.SSLSocket.send, ssl.SSLSocket.write, ssl.SSLObject.write)
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(HOST, 443)


def test_blocked_connection_fails_a_test_of_a_fixture(run: Run) -> None:
    result = run(
        """
import socket
import pytest

@pytest.mark.parametrize("fixture", ["video_mock", "video_server"])
def test_it(request, fixture):
    request.getfixturevalue(fixture)
    try:
        socket.create_connection(("api.aisa.one", 443))
    except OSError:
        pass
"""
    )
    result.assert_outcomes(failed=2)
    assert result.stdout.str().count("  sent from test_program.py:8 in test_it\n") == 2
