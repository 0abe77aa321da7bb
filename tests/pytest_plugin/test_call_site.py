"""The place in the program that sent a request, in the findings of a test."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from types import FunctionType
from typing import Any

import anyio.to_thread
import httpx
import httpx2
import openai
import pytest
import uvloop

from aisa_testkit.pytest_plugin import ContractError, VideoMock, mock_videos, serve_videos
from tests.support.http_clients import (
    ASYNC_CLIENTS,
    CLIENT_TYPES,
    HttpClient,
    close,
    library_of,
    maybe_await,
)

URL = "https://api.aisa.one/v1/video"  # the path of no operation
FILE = "tests/pytest_plugin/test_call_site.py"


def sites_of(send: Callable[[VideoMock], object], **options: Any) -> list[str]:
    """Return the places in the findings about a program."""
    with pytest.raises(ContractError) as caught, mock_videos(**options) as mock:
        send(mock)
    return [violation.sent_from for violation in caught.value.violations]


def site(function: Any, line: int = 1) -> str:
    """Return the place of a line of a function, counted from its first line."""
    assert isinstance(function, FunctionType)
    code = function.__code__
    return f"{FILE}:{code.co_firstlineno + line} in {code.co_name}"


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
@pytest.mark.parametrize("transport", [False, True], ids=["client", "transport"])
def test_place_of_each_client_is_named(client_type: type[HttpClient], transport: bool) -> None:
    def make_clip(client: Any) -> None:
        client.get(URL)

    async def make_clip_in_a_task(client: Any) -> None:
        await client.get(URL)

    async def main(mock: VideoMock) -> None:
        name = f"{library_of(client_type).__name__}_transport"
        client = client_type(transport=getattr(mock, name)) if transport else client_type()
        await maybe_await(sender(client))
        await close(client)

    sender: Any = make_clip_in_a_task if client_type in ASYNC_CLIENTS else make_clip
    assert sites_of(lambda mock: asyncio.run(main(mock))) == [site(sender)]


def test_place_is_that_of_the_program_not_of_its_libraries() -> None:
    def make_clip(mock: VideoMock) -> None:
        openai.OpenAI().videos.create(prompt="x", extra_body={"seconds": "5"})

    with pytest.raises(openai.BadRequestError), mock_videos(check=False) as mock:
        make_clip(mock)
    (finding,) = mock.verdict.violations
    assert (finding.code, finding.sent_from) == ("AV705", site(make_clip))


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_transport_of_the_program_only_passes_requests_on(package: Any) -> None:
    class LoggingTransport(package.HTTPTransport):  # type: ignore[misc]
        def handle_request(self, request: Any) -> Any:
            return super().handle_request(request)

    def make_clip(_: VideoMock) -> None:
        with package.Client(transport=LoggingTransport()) as client:
            client.get(URL)

    assert sites_of(make_clip) == [site(make_clip, 2)]


def test_place_in_a_thread_is_named() -> None:
    def make_clip() -> None:
        httpx2.get(URL)

    def start(_: VideoMock) -> None:
        thread = Thread(target=make_clip)
        thread.start()
        thread.join()

    assert sites_of(start) == [site(make_clip)]


def test_place_that_waits_for_a_pool_is_named() -> None:
    def make_clips(_: VideoMock) -> None:
        with ThreadPoolExecutor(1) as pool:
            list(pool.map(httpx2.get, [URL]))

    assert sites_of(make_clips) == [site(make_clips, 2)]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_places_of_tasks_that_only_run_a_library_are_those_that_wait(run: Any) -> None:
    async def gather(client: Any) -> None:
        await asyncio.gather(client.get(f"{URL}/1"), client.get(f"{URL}/2"))

    async def group(client: Any) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(client.get(f"{URL}/3"))

    async def thread(_: object) -> None:
        await asyncio.to_thread(httpx2.get, f"{URL}/4")

    async def other_thread(_: object) -> None:
        await anyio.to_thread.run_sync(httpx2.get, f"{URL}/5")

    async def executor(_: object) -> None:
        await asyncio.get_running_loop().run_in_executor(None, httpx2.get, f"{URL}/6")

    async def main(send: Callable[[httpx2.AsyncClient], Any]) -> None:
        async with httpx2.AsyncClient() as client:
            await asyncio.create_task(send(client))

    for send in [gather, group, thread, other_thread, executor]:
        for found in sites_of(lambda _: run(main(send))):  # noqa: B023  # runs at once
            assert site(send) in found.split(" or ")


def test_places_of_one_finding_are_listed() -> None:
    def make_clips(_: VideoMock) -> None:
        httpx2.get(URL)
        httpx2.get(URL)
        for url in [URL, URL, URL]:
            httpx2.get(url)
        httpx2.get(URL)
        httpx2.get(URL)

    places = [site(make_clips, line) for line in (1, 2, 4)]
    assert sites_of(make_clips) == [" and ".join([*places, "2 more places"])]


def test_place_of_a_response_of_the_test_is_named() -> None:
    def make_clip(mock: VideoMock) -> None:
        mock.routes["createVideo"].respond(500)
        headers = {"authorization": "Bearer sk-test"}
        httpx2.post(f"{mock.base_url}/videos", headers=headers, json={"prompt": 7})

    assert sites_of(make_clip) == [site(make_clip, 3)]


def test_request_is_located_although_the_working_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_clip(_: VideoMock) -> None:
        folder = tmp_path / "gone"
        folder.mkdir()
        monkeypatch.chdir(folder)
        folder.rmdir()
        httpx2.get(URL)
        monkeypatch.chdir(root)

    root = os.getcwd()
    assert sites_of(make_clip) == [f"{root}/{site(make_clip, 5)}"]


def test_verdict_names_the_place_also_as_json() -> None:
    def make_clip() -> None:
        httpx2.get(URL)

    with mock_videos(check=False) as mock:
        make_clip()
        assert f"  sent from {site(make_clip)}\n" in str(mock.verdict)
        (finding,) = mock.verdict.to_json()["findings"]
        assert finding["sent_from"] == site(make_clip)


def test_place_is_kept_after_a_reset() -> None:
    def make_clip(mock: VideoMock) -> None:
        mock.reset()
        httpx2.get(URL)

    def make_clips(mock: VideoMock) -> None:
        make_clip(mock)
        make_clip(mock)

    assert sites_of(make_clips) == [site(make_clip, 2)] * 2


@pytest.mark.parametrize("own_process", [False, True], ids=["same process", "another process"])
def test_place_of_a_client_of_a_socket_is_unknown(own_process: bool) -> None:
    with serve_videos(check=False) as server:
        url = f"{server.base_url}/video"
        if own_process:
            code = "import sys, httpx2; httpx2.get(sys.argv[1])"
            subprocess.run([sys.executable, "-c", code, url], check=True, timeout=60)
        else:
            httpx2.get(url)
        (finding,) = server.verdict.to_json()["findings"]
    assert finding["code"] == "AV701"
    assert "sent_from" not in finding
