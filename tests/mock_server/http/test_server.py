"""The mock on a socket: its URL, its arguments and its shutdown."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from urllib.parse import urlsplit

import httpx2
import pytest
import uvloop

from aisa_testkit.mock_server import (
    ManualClock,
    MockControls,
    SystemClock,
    VideoServer,
    serve_in_thread,
)
from aisa_testkit.mock_server.http.server import base_url
from aisa_testkit.openapi import Document

KEY = {"Authorization": "Bearer sk-test"}
PROMPT = {"prompt": "A lighthouse in a storm"}


def port_of(server: VideoServer) -> int:
    port = urlsplit(server.base_url).port
    assert port is not None
    return port


def is_free(port: int) -> bool:
    """True if no server listens on the port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_base_url_has_the_free_port_and_the_base_path(
    video_server: VideoServer, other_document: Document
) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]*/v1", video_server.base_url)
    listed = httpx2.get(f"{video_server.base_url}/videos", headers=KEY)
    assert (listed.status_code, listed.json()["data"]) == (200, [])
    with serve_in_thread(other_document) as other:
        assert other.base_url.endswith("/api/v7")
        key = {"X-Render-Key": "k"}
        assert httpx2.get(f"{other.base_url}/renderings", headers=key).status_code == 200


def test_two_servers_share_no_state(document: Document) -> None:
    with (
        serve_in_thread(document, seed=3) as first,
        serve_in_thread(document, seed=3, clock=ManualClock(1_780_000_000)) as second,
    ):
        assert first.base_url != second.base_url
        created = httpx2.post(f"{first.base_url}/videos", json=PROMPT, headers=KEY).json()
        assert httpx2.get(f"{second.base_url}/videos", headers=KEY).json()["data"] == []
        same = httpx2.post(f"{second.base_url}/videos", json=PROMPT, headers=KEY).json()
        assert same["id"] == created["id"]
        assert same["created_at"] == 1_780_000_000


def test_server_gives_access_to_its_service_and_clock(document: Document) -> None:
    clock = ManualClock(1_780_000_000)
    with serve_in_thread(document, clock=clock) as server:
        assert server.clock is clock
        MockControls(server.service).next_job(outcome="failed", code="moderation_blocked")
        created = httpx2.post(f"{server.base_url}/videos", json=PROMPT, headers=KEY).json()
        clock.advance(6)
        polled = httpx2.get(f"{server.base_url}/videos/{created['id']}", headers=KEY).json()
    assert (polled["status"], polled["error"]["code"]) == ("failed", "moderation_blocked")


def test_arguments_are_passed_to_the_service(document: Document) -> None:
    with serve_in_thread(document, api_keys=["known"], unknown_ids="synthesize") as server:
        statuses = [
            httpx2.get(
                f"{server.base_url}/videos/video_0", headers={"Authorization": f"Bearer {key}"}
            ).status_code
            for key in ("known", "unknown")
        ]
        assert statuses == [200, 401]
        assert isinstance(server.clock, SystemClock)


def test_port_is_free_again_after_the_block(document: Document) -> None:
    threads = set(threading.enumerate())
    with serve_in_thread(document) as server:
        port = port_of(server)
        assert not is_free(port)
    assert is_free(port)
    assert set(threading.enumerate()) <= threads
    with serve_in_thread(document, port=port) as again:
        assert port_of(again) == port


def test_port_in_use_is_an_oserror(video_server: VideoServer, document: Document) -> None:
    with (
        pytest.raises(OSError, match=r"[Aa]ddress already in use"),
        serve_in_thread(document, port=port_of(video_server)),
    ):
        pytest.fail("the block must not run")
    assert httpx2.get(f"{video_server.base_url}/videos", headers=KEY).status_code == 200


def test_exception_in_the_block_stops_the_server_and_is_raised(document: Document) -> None:
    ports = []

    def use() -> None:
        with serve_in_thread(document) as server:
            ports.append(port_of(server))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()
    assert is_free(ports[0])


def test_open_keep_alive_connection_does_not_delay_the_shutdown(
    document: Document,
) -> None:
    with httpx2.Client(headers=KEY) as client:
        with serve_in_thread(document) as server:
            assert client.get(f"{server.base_url}/videos").status_code == 200
            port = port_of(server)
        assert is_free(port)
        with pytest.raises(httpx2.TransportError):
            client.get(f"{server.base_url}/videos")


def test_job_completes_by_a_fast_clock(video_server: VideoServer) -> None:
    with httpx2.Client(base_url=video_server.base_url, headers=KEY) as client:
        job = client.post("/videos", json=PROMPT).json()
        path, states = f"/videos/{job['id']}", [job["status"]]
        while states[-1] not in ("completed", "failed"):
            states.append(client.get(path).json()["status"])
        content = client.get(f"{path}/content").content
    assert list(dict.fromkeys(states)) == ["queued", "in_progress", "completed"]
    assert content[4:8] == b"ftyp"


def test_event_loops_of_the_program_stay_as_they_are(document: Document) -> None:
    with serve_in_thread(document):
        loop = asyncio.new_event_loop()
        loop.close()
    assert not isinstance(loop, uvloop.Loop)


def test_ipv6_address_is_in_brackets(document: Document) -> None:
    with socket.socket(socket.AF_INET6) as listener:
        assert base_url(listener, document) == "http://[::]:0/v1"
