"""Clients of every kind in process: httpx, httpx2 and the OpenAI SDK, sync and async."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from io import BytesIO
from typing import Any, TypeAlias, TypeVar, cast

import httpx
import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from aisa_testkit.pytest_plugin import VideoMock, mock_videos

Kind: TypeAlias = type[OpenAI] | type[AsyncOpenAI]
T = TypeVar("T")

MEDIA = files("aisa_testkit.mock_server").joinpath("media")
FILM = MEDIA.joinpath("720x1280-4s.mp4").read_bytes()
IMAGE = MEDIA.joinpath("720x1280-4s.webp").read_bytes()
KEY = {"authorization": "Bearer sk-test"}
PROMPT = "A lighthouse"


@pytest.fixture(params=[OpenAI, AsyncOpenAI], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Both kinds of client, one after the other."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def mock() -> Iterator[VideoMock]:
    """A mock whose clients are judged at the end."""
    with mock_videos() as mock:
        yield mock


@asynccontextmanager
async def client_of(kind: Kind, **options: Any) -> AsyncIterator[OpenAI | AsyncOpenAI]:
    """A client that finds address and key in its environment."""
    client = kind(**options)
    try:
        yield client
    finally:
        await settled(client.close())


async def settled(value: T | Awaitable[T]) -> T:
    """What a method of either kind of client comes to."""
    if isinstance(value, Awaitable):
        return await cast("Awaitable[T]", value)
    return value


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
@pytest.mark.parametrize("early", [False, True], ids=["made inside", "made before"])
def test_httpx_and_httpx2_clients_and_functions_are_mocked(package: Any, early: bool) -> None:
    async def story(sync: Any, later: Any, mock: VideoMock) -> None:
        url = f"{mock.base_url}/videos"
        answers = [
            sync.post(url, json={"prompt": "of a client"}),
            await later.post(url, files={"prompt": (None, "of a task")}),
            package.post(url, json={"prompt": "of a function"}, headers=KEY),
        ]
        assert [answer.status_code for answer in answers] == [200] * 3

        prompts = [job.prompt for job in mock.jobs]
        assert prompts == ["of a client", "of a task", "of a function"]

    async def made_inside() -> None:
        with mock_videos() as mock:
            async with package.AsyncClient(headers=KEY) as later:
                with package.Client(headers=KEY) as sync:
                    await story(sync, later, mock)

    async def made_before() -> None:
        async with package.AsyncClient(headers=KEY) as later:
            with package.Client(headers=KEY) as sync, mock_videos() as mock:
                await story(sync, later, mock)

    asyncio.run(made_before() if early else made_inside())


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_client_with_a_proxy_is_mocked(package: Any, mock: VideoMock) -> None:
    with package.Client(headers=KEY, proxy="http://127.0.0.1:9") as client:
        assert client.get(f"{mock.base_url}/videos").status_code == 200


def test_sdk_job_with_download_takes_no_waiting(kind: Kind, mock: VideoMock) -> None:
    async def story() -> None:
        async with client_of(kind) as client:
            video = await settled(client.videos.create_and_poll(prompt=PROMPT))
            assert (video.status, video.progress) == ("completed", 100)
            film = await settled(client.videos.download_content(video.id))
            assert film.content == FILM

    before = mock.clock.now()
    asyncio.run(story())
    asked = [request.operation_id for request in mock.requests]
    assert asked == ["createVideo", *["getVideo"] * (len(asked) - 2), "getVideoContent"]
    assert len(asked) > 4
    assert mock.clock.now() > before


def test_download_is_streamed_in_chunks(kind: Kind, mock: VideoMock) -> None:
    async def story() -> None:
        async with client_of(kind) as client:
            video = await settled(client.videos.create_and_poll(prompt=PROMPT))
            streaming: Any = client.videos.with_streaming_response.download_content(video.id)
            if isinstance(client, OpenAI):
                with streaming as response:
                    pieces = list(response.iter_bytes(1000))
            else:
                async with streaming as response:
                    pieces = [piece async for piece in response.iter_bytes(1000)]
            assert {len(piece) for piece in pieces[:-1]} == {1000}
            assert b"".join(pieces) == FILM

    asyncio.run(story())


@pytest.mark.parametrize(
    "image",
    [lambda: ("guide.webp", IMAGE), lambda: ("guide.webp", BytesIO(IMAGE), "image/webp")],
    ids=["bytes", "an open file with its type"],
)
def test_uploaded_image_is_in_the_requests(
    kind: Kind, mock: VideoMock, image: Callable[[], Any]
) -> None:
    async def story() -> None:
        async with client_of(kind) as client:
            await settled(client.videos.create(prompt=PROMPT, input_reference=image()))

    asyncio.run(story())
    (request,) = mock.requests
    assert request.fields == {"prompt": PROMPT}
    file = request.files["input_reference"]
    assert (file.filename, file.content) == ("guide.webp", IMAGE)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_sdk_retries_are_not_violations(kind: Kind, mock: VideoMock, status: int) -> None:
    async def story() -> None:
        async with client_of(kind) as client:
            video = await settled(client.videos.create_and_poll(prompt=PROMPT))
            assert video.status == "completed"

    mock.fail("createVideo", status=status, times=2, retry_after=60 if status == 429 else None)
    mock.fail("getVideo", status=status, times=1)
    asyncio.run(story())
    assert [request.status for request in mock.requests[:5]] == [status, status, 200, status, 200]
    refusals = mock.routes["createVideo"].calls[:2]
    assert [call.response.headers["retry-after-ms"] for call in refusals] == ["1", "1"]
    assert len(mock.jobs) == 1


def test_sdk_without_retries_raises_its_documented_errors(kind: Kind, mock: VideoMock) -> None:
    async def story() -> None:
        async with client_of(kind, max_retries=1) as client:
            with pytest.raises(openai.RateLimitError):
                await settled(client.videos.create(prompt=PROMPT))
        async with client_of(kind, max_retries=0) as client:
            mock.routes["createVideo"].mock(side_effect=httpx.ConnectTimeout)
            with pytest.raises(openai.APITimeoutError):
                await settled(client.videos.create(prompt=PROMPT))
            mock.routes["createVideo"].mock(side_effect=httpx.ConnectError)
            with pytest.raises(openai.APIConnectionError):
                await settled(client.videos.create(prompt=PROMPT))

    mock.fail("createVideo", status=429, times=2)
    asyncio.run(story())
    assert [request.status for request in mock.requests] == [429, 429, None, None]


def test_client_created_before_the_mock_is_mocked(kind: Kind) -> None:
    async def story() -> None:
        address = {"base_url": "https://api.aisa.one/v1", "api_key": "sk-test"}
        async with client_of(kind, **address) as client:
            for _ in range(2):
                with mock_videos() as mock:
                    video = await settled(client.videos.create_and_poll(prompt=PROMPT))
                    assert [job.id for job in mock.jobs] == [video.id]

    asyncio.run(story())


@pytest.mark.parametrize(
    "inner", [httpx2.Client, httpx.Client, openai.DefaultHttpxClient], ids=lambda c: c.__module__
)
def test_sdk_with_a_custom_http_client_is_mocked(inner: Any, mock: VideoMock) -> None:
    with OpenAI(http_client=inner()) as client:
        assert client.videos.create_and_poll(prompt=PROMPT).status == "completed"
    assert mock.requests[0].headers["authorization"] == "Bearer sk-aisa-dummy"


def test_sdk_warning_is_ignored_only_while_a_mock_is_active() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with mock_videos(), OpenAI() as client:
            client.videos.create(prompt=PROMPT)
            warnings.warn("something else", DeprecationWarning, stacklevel=1)
        assert [str(warning.message) for warning in heard] == ["something else"]
        with mock_videos() as mock:
            transport = mock.httpx2_transport
        http = httpx2.Client(transport=transport)
        with OpenAI(api_key="sk-test", base_url=mock.base_url, http_client=http) as client:
            client.videos.create(prompt=PROMPT)
        assert "Sora API" in str(heard[-1].message)
