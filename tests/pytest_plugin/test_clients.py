"""Clients in this process: httpx, httpx2 and the OpenAI SDK, sync and async."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from io import BytesIO
from typing import Any, TypeAlias

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from aisa_testkit.pytest_plugin import VideoMock, mock_videos
from tests.support.http_clients import maybe_await
from tests.support.media import file_of_job
from tests.support.openai_sdk import needs_version_3

Kind: TypeAlias = type[OpenAI] | type[AsyncOpenAI]

MEDIA = files("aisa_testkit.mock_server").joinpath("media")
VIDEO_FILE = "720x1280-4s.mp4"
IMAGE = MEDIA.joinpath("720x1280-4s.webp").read_bytes()
KEY = {"authorization": "Bearer sk-test"}
PROMPT = "A lighthouse"


@pytest.fixture(params=[OpenAI, AsyncOpenAI], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The sync and the async client of the SDK."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def mock() -> Iterator[VideoMock]:
    """A mock that checks its clients at the end."""
    with mock_videos() as mock:
        yield mock


@asynccontextmanager
async def client_of(kind: Kind, **options: Any) -> AsyncIterator[OpenAI | AsyncOpenAI]:
    """Yield a client that reads URL and API key from the environment."""
    client = kind(**options)
    try:
        yield client
    finally:
        await maybe_await(client.close())


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("early", [False, True], ids=["created in the block", "created before"])
def test_httpx_and_httpx2_clients_and_functions_are_mocked(package: Any, early: bool) -> None:
    async def send(sync_client: Any, async_client: Any, mock: VideoMock) -> None:
        url = f"{mock.base_url}/videos"
        responses = [
            sync_client.post(url, json={"prompt": "of a client"}),
            await async_client.post(url, files={"prompt": (None, "of a task")}),
            package.post(url, json={"prompt": "of a function"}, headers=KEY),
        ]
        assert [response.status_code for response in responses] == [200] * 3

        prompts = [job.prompt for job in mock.jobs]
        assert prompts == ["of a client", "of a task", "of a function"]

    async def created_in_the_block() -> None:
        with mock_videos() as mock:
            async with package.AsyncClient(headers=KEY) as async_client:
                with package.Client(headers=KEY) as sync_client:
                    await send(sync_client, async_client, mock)

    async def created_before() -> None:
        async with package.AsyncClient(headers=KEY) as async_client:
            with package.Client(headers=KEY) as sync_client, mock_videos() as mock:
                await send(sync_client, async_client, mock)

    asyncio.run(created_before() if early else created_in_the_block())


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_client_with_a_proxy_is_mocked(package: Any, mock: VideoMock) -> None:
    with package.Client(headers=KEY, proxy="http://127.0.0.1:9") as client:
        assert client.get(f"{mock.base_url}/videos").status_code == 200


def test_sdk_job_with_download_takes_no_waiting(kind: Kind, mock: VideoMock) -> None:
    async def main() -> None:
        async with client_of(kind) as client:
            video = await maybe_await(client.videos.create_and_poll(prompt=PROMPT))
            assert (video.status, video.progress) == ("completed", 100)
            file = await maybe_await(client.videos.download_content(video.id))
            assert file.content == file_of_job(VIDEO_FILE, video.id)

    before = mock.clock.now()
    asyncio.run(main())
    operations = [request.operation_id for request in mock.requests]
    assert operations == ["createVideo", *["getVideo"] * (len(operations) - 2), "getVideoContent"]
    assert len(operations) > 4
    assert mock.clock.now() > before


def test_download_is_streamed_in_chunks(kind: Kind, mock: VideoMock) -> None:
    async def main() -> None:
        async with client_of(kind) as client:
            video = await maybe_await(client.videos.create_and_poll(prompt=PROMPT))
            streaming: Any = client.videos.with_streaming_response.download_content(video.id)
            if isinstance(client, OpenAI):
                with streaming as response:
                    chunks = list(response.iter_bytes(1000))
            else:
                async with streaming as response:
                    chunks = [chunk async for chunk in response.iter_bytes(1000)]
            assert {len(chunk) for chunk in chunks[:-1]} == {1000}
            assert b"".join(chunks) == file_of_job(VIDEO_FILE, video.id)

    asyncio.run(main())


@pytest.mark.parametrize(
    "image",
    [lambda: ("guide.webp", IMAGE), lambda: ("guide.webp", BytesIO(IMAGE), "image/webp")],
    ids=["bytes", "open file with media type"],
)
def test_uploaded_image_is_in_the_requests(
    kind: Kind, mock: VideoMock, image: Callable[[], Any]
) -> None:
    async def main() -> None:
        async with client_of(kind) as client:
            await maybe_await(client.videos.create(prompt=PROMPT, input_reference=image()))

    asyncio.run(main())
    (request,) = mock.requests
    assert request.fields == {"prompt": PROMPT}
    file = request.files["input_reference"]
    assert (file.filename, file.content) == ("guide.webp", IMAGE)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_sdk_retries_are_not_violations(kind: Kind, mock: VideoMock, status: int) -> None:
    async def main() -> None:
        async with client_of(kind) as client:
            video = await maybe_await(client.videos.create_and_poll(prompt=PROMPT))
            assert video.status == "completed"

    mock.fail("createVideo", status=status, times=2, retry_after=60 if status == 429 else None)
    mock.fail("getVideo", status=status, times=1)
    asyncio.run(main())
    assert [request.status for request in mock.requests[:5]] == [status, status, 200, status, 200]
    rejected = mock.routes["createVideo"].calls[:2]
    assert [call.response.headers["retry-after-ms"] for call in rejected] == ["1", "1"]
    assert len(mock.jobs) == 1


def test_sdk_without_retries_raises_its_documented_errors(kind: Kind, mock: VideoMock) -> None:
    async def main() -> None:
        async with client_of(kind, max_retries=1) as client:
            with pytest.raises(openai.RateLimitError):
                await maybe_await(client.videos.create(prompt=PROMPT))
        async with client_of(kind, max_retries=0) as client:
            mock.routes["createVideo"].mock(side_effect=httpx.ConnectTimeout)
            with pytest.raises(openai.APITimeoutError):
                await maybe_await(client.videos.create(prompt=PROMPT))
            mock.routes["createVideo"].mock(side_effect=httpx.ConnectError)
            with pytest.raises(openai.APIConnectionError):
                await maybe_await(client.videos.create(prompt=PROMPT))

    mock.fail("createVideo", status=429, times=2)
    asyncio.run(main())
    assert [request.status for request in mock.requests] == [429, 429, None, None]


def test_client_created_before_the_mock_is_mocked(kind: Kind) -> None:
    async def main() -> None:
        address = {"base_url": "https://api.aisa.one/v1", "api_key": "sk-test"}
        async with client_of(kind, **address) as client:
            for _ in range(2):
                with mock_videos() as mock:
                    video = await maybe_await(client.videos.create_and_poll(prompt=PROMPT))
                    assert [job.id for job in mock.jobs] == [video.id]

    asyncio.run(main())


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(httpx2.Client, marks=needs_version_3),
        httpx.Client,
        openai.DefaultHttpxClient,
    ],
    ids=lambda client: client.__module__,
)
def test_sdk_with_a_custom_http_client_is_mocked(inner: Any, mock: VideoMock) -> None:
    with OpenAI(http_client=inner()) as client:
        assert client.videos.create_and_poll(prompt=PROMPT).status == "completed"
    assert mock.requests[0].headers["authorization"] == "Bearer sk-aisa-dummy"


@needs_version_3
def test_sdk_warning_is_ignored_only_while_a_mock_is_active() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with mock_videos(), OpenAI() as client:
            client.videos.create(prompt=PROMPT)
            warnings.warn("something else", DeprecationWarning, stacklevel=1)
        assert [str(warning.message) for warning in caught] == ["something else"]
        with mock_videos() as mock:
            transport = mock.httpx2_transport
        http = httpx2.Client(transport=transport)
        with OpenAI(api_key="sk-test", base_url=mock.base_url, http_client=http) as client:
            client.videos.create(prompt=PROMPT)
        assert "Sora API" in str(caught[-1].message)
