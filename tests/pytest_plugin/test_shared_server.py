"""The mock on a socket: any client, one server for all tests, a new mock for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import httpx
import httpx2
import pytest
from openai import OpenAI

from aisa_testkit.contracts import ClientVerdict, Severity
from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import (
    Contract,
    MockOptions,
    ObservedMock,
    mock_videos,
    serve_videos,
)
from aisa_testkit.pytest_plugin.shared_server import SharedServer, start_shared_server

KEYS = {"Authorization": "Bearer sk-test", "X-Render-Key": "sk-test"}


@pytest.fixture(scope="module")
def server() -> Iterator[SharedServer]:
    """The server of all tests."""
    with start_shared_server() as server:
        yield server


def mount(
    server: SharedServer, contract: Contract | None = None, **options: Any
) -> AbstractContextManager[ObservedMock]:
    return server.mount_mock(MockOptions(**options), contract or Contract())


def send(url: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
    """Send a request with the standard library, which a mock in this process does not intercept."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {**KEYS, "Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_clients_of_any_kind_are_served_on_a_socket(server: SharedServer) -> None:
    with mount(server) as mock:
        url = f"{mock.base_url}/videos"
        assert send(url, {"prompt": "of the standard library"})[0] == 200
        for package in (httpx, httpx2):
            body = {"prompt": f"of {package.__name__}"}
            assert package.post(url, json=body, headers=KEYS).status_code == 200
        with OpenAI() as client:
            assert client.videos.create_and_poll(prompt="of the SDK").status == "completed"
        clients = [job.prompt.removeprefix("of ") for job in mock.jobs]
        assert clients == ["the standard library", "httpx", "httpx2", "the SDK"]
        creates = [r.operation_id for r in mock.requests if r.operation_id == "createVideo"]
        assert len(creates) == 4
        assert [v for v in mock.contract.violations if v.severity is not Severity.ADVICE] == []


def test_another_document_is_served_at_its_base_path(
    server: SharedServer, other_document: Document
) -> None:
    with mount(server, document=other_document) as mock:
        assert mock.base_url.endswith("/api/v7")
        status, ticket = send(f"{mock.base_url}/renderings", {"scene": "A teapot"})
        assert (status, ticket["job"]["phase"]["word"]) == (202, "waiting")
        assert [request.fields for request in mock.requests] == [{"scene": "A teapot"}]


def test_each_mock_on_a_shared_server_is_new(server: SharedServer) -> None:
    contracts = [Contract(), Contract()]
    with mount(server, contracts[0]) as first:
        first.fail("createVideo", status=500, times=9)
        first.next_job(outcome="failed")
        assert send(f"{first.base_url}/videos", {"prompt": "A"})[0] == 500
    with mount(server, contracts[1]) as second:
        assert (second.jobs, second.requests) == ([], [])
        assert send(f"{second.base_url}/videos", {"prompt": "A"})[0] == 200
        second.clock.advance(60)
        assert second.jobs[0].status == "completed"
    assert [[r.status for r in contract.requests] for contract in contracts] == [[500], [200]]


def test_controls_are_the_same_in_process_and_on_a_socket(
    server: SharedServer,
) -> None:
    def use(mock: ObservedMock) -> list[object]:
        mock.next_job(outcome="failed", code="moderation_blocked")
        mock.fail("createVideo", status=429, times=2, retry_after=1)
        with OpenAI() as client:
            failed = client.videos.create_and_poll(prompt="A lighthouse")
            mock.clock.freeze()
            waiting = client.videos.create(prompt="A castle")
            mock.clock.advance(60)
            done = client.videos.retrieve(waiting.id)
        requests = [(r.operation_id, r.status, dict(r.fields)) for r in mock.requests]
        jobs = [(job.id, job.status, job.prompt) for job in mock.jobs]
        mock.reset()
        return [failed.error, done.status, requests, jobs, mock.jobs, mock.requests]

    with mock_videos(seed=4) as in_process:
        expected = use(in_process)
    with mount(server, seed=4) as on_a_socket:
        assert use(on_a_socket) == expected


def test_requests_on_a_socket_are_checked(
    server: SharedServer,
) -> None:
    contract = Contract()
    with mount(server, contract) as mock:
        assert send(f"{mock.base_url}/videos", {"prompt": "A", "seconds": "5"})[0] == 400
        assert send(f"{mock.base_url}/movies")[0] == 404
    assert [violation.code for violation in contract.violations] == ["AV705", "AV701"]


def test_control_api_returns_requests_and_verdict(
    server: SharedServer,
) -> None:
    with mount(server) as mock:
        admin = mock.base_url.removesuffix("/v1") + "/__admin"
        assert send(f"{mock.base_url}/videos", {"prompt": "A"})[0] == 200
        assert send(f"{mock.base_url}/videos", {"prompt": "A"})[0] == 200
        recorded = send(f"{admin}/requests")[1]["requests"]
        assert [(r["number"], r["operation"]) for r in recorded] == [
            (1, "createVideo"),
            (2, "createVideo"),
        ]
        assert len(send(f"{admin}/requests.har")[1]["log"]["entries"]) == 2
        verdict = ClientVerdict.from_json(send(f"{admin}/verdict")[1])
        assert (verdict, verdict.duplicates) == (mock.verdict, 1)


def test_reset_over_http_keeps_earlier_violations(
    server: SharedServer,
) -> None:
    contract = Contract()
    with mount(server, contract) as mock:
        admin = mock.base_url.removesuffix("/v1") + "/__admin"
        assert send(f"{mock.base_url}/videos", {"prompt": "A", "seconds": "5"})[0] == 400
        assert send(f"{admin}/reset", {})[0] == 200
        assert (mock.jobs, mock.requests, mock.verdict.seen) == ([], [], 0)
        assert send(f"{mock.base_url}/videos", {"prompt": "A", "seconds": "6"})[0] == 400
        mock.reset()
        assert send(f"{admin}/requests")[1]["requests"] == []
    found = [(v.code, v.numbers) for v in contract.violations]
    assert found == [("AV705", (1,)), ("AV705", (2,))]


def test_environment_points_to_the_socket_and_is_restored(
    server: SharedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://mine.example/v1")
    monkeypatch.setenv("AISA_API_KEY", "sk-aisa-real")
    with mount(server) as mock:
        assert os.environ["OPENAI_BASE_URL"] == mock.base_url
        assert os.environ["AISA_API_KEY"] == "sk-aisa-dummy"
    assert os.environ["OPENAI_BASE_URL"] == "https://mine.example/v1"
    assert os.environ["AISA_API_KEY"] == "sk-aisa-real"


def test_request_between_two_tests_gets_503(server: SharedServer) -> None:
    contract = Contract()
    with mount(server, contract) as mock:
        url = f"{mock.base_url}/videos"
    assert send(url) == (503, "no test is running")
    assert contract.requests == []


def test_tests_share_one_server_and_can_use_both_fixtures(
    pytester: pytest.Pytester,
) -> None:
    pytester.makefile(".ini", pytest="[pytest]\naddopts = -p no:schemathesis\n")
    pytester.makepyfile(
        """
        from openai import OpenAI

        urls = set()

        def run_job(api):
            urls.add(api.base_url)
            assert len(urls) == 1
            with OpenAI(base_url=api.base_url) as client:
                assert client.videos.create_and_poll(prompt="A").status == "completed"
            assert len(api.jobs) == 1

        def test_first(video_server):
            run_job(video_server)

        def test_second(video_server):
            run_job(video_server)

        def test_both(video_server, video_mock):
            run_job(video_server)
            assert (video_mock.jobs, video_mock.requests) == ([], [])
            with OpenAI() as client:
                client.videos.create(prompt="B")
            assert [job.prompt for job in video_mock.jobs] == ["B"]
            assert len(video_server.jobs) == 1
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=3)


def test_blocks_of_serve_videos_use_one_server_after_another() -> None:
    ports = []
    for _ in range(2):
        with serve_videos(no_requests="pass") as mock:
            ports.append(urlsplit(mock.base_url).port)
            assert httpx.get(f"{mock.base_url}/videos", headers=KEYS).json()["data"] == []
            httpx.post(f"{mock.base_url}/videos", headers=KEYS, json={"prompt": "x"})
    assert ports[0] == ports[1]


def test_blocks_of_serve_videos_at_the_same_time_have_servers_of_their_own() -> None:
    with serve_videos(no_requests="pass") as first, serve_videos(no_requests="pass") as second:
        httpx.post(f"{first.base_url}/videos", headers=KEYS, json={"prompt": "x"})
        assert (len(first.jobs), len(second.jobs)) == (1, 0)


def test_server_of_an_ended_block_answers_without_a_mock() -> None:
    with serve_videos(no_requests="pass") as mock:
        url = mock.base_url
    response = httpx.get(f"{url}/videos", headers=KEYS)
    assert (response.status_code, response.text) == (503, "no test is running")


def test_sleep_that_a_program_replaces_does_not_reach_the_server() -> None:
    # In a process of its own: other tests need their servers.
    result = subprocess.run([sys.executable, "-c", REPLACED_SLEEP], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("200\nTrue\n", "")


REPLACED_SLEEP = """
import asyncio, threading, httpx
from aisa_testkit.pytest_plugin import serve_videos

async def end_program(*args):
    raise SystemExit

def get(server):
    return httpx.get(f"{server.base_url}/videos", headers={"Authorization": "Bearer k"}).status_code

with serve_videos():
    [thread] = [each for each in threading.enumerate() if each.name == "mock server"]
asyncio.sleep = end_program
thread.join(0.3)  # longer than the server sleeps at a time
with serve_videos(check=False) as server:
    print(get(server))
print(thread.is_alive())
"""
