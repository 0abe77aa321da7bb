"""The mock as a transport, and errors in the words of the client's own family."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import httpx
import httpx2
import pytest

from aisa_testkit.openapi import Document
from aisa_testkit.pytest_plugin import VideoMock, mock_videos

Client: TypeAlias = httpx.Client | httpx.AsyncClient | httpx2.Client | httpx2.AsyncClient
Story: TypeAlias = Callable[[Client], Awaitable[None]]

KEYS = {"authorization": "Bearer sk-test", "x-render-key": "sk-test"}
LATER = (httpx.AsyncClient, httpx2.AsyncClient)
KINDS = [
    pytest.param(httpx.Client, id="httpx"),
    pytest.param(httpx.AsyncClient, id="async httpx"),
    pytest.param(httpx2.Client, id="httpx2"),
    pytest.param(httpx2.AsyncClient, id="async httpx2"),
]


def client_at(door: str, mock: VideoMock, kind: type[Client]) -> Client:
    """A client with a transport to the mock, or one that the active mock itself takes care of."""
    return kind(transport=transport(mock, kind)) if door == "transport" else kind(verify=False)


def transport(mock: VideoMock, kind: type[Client]) -> Any:
    return mock.httpx_transport if family(kind) is httpx else mock.httpx2_transport


def family(kind: type[Client]) -> Any:
    """The package of a client."""
    return httpx if issubclass(kind, (httpx.Client, httpx.AsyncClient)) else httpx2


def tell(story: Story, client: Client) -> None:
    """Runs a story with a client, and closes it."""

    async def whole() -> None:
        try:
            await story(client)
        finally:
            await settled(client.aclose() if isinstance(client, LATER) else client.close())

    asyncio.run(whole())


async def settled(value: Any) -> Any:
    """What a method of either kind of client comes to."""
    return await value if isinstance(value, Awaitable) else value


@pytest.mark.parametrize("kind", KINDS)
def test_transport_serves_a_job_from_create_to_download(kind: type[Client]) -> None:
    with mock_videos(base_url="https://gateway.example/v1") as mock:

        async def story(client: Client) -> None:
            made = await settled(client.post("/videos", json={"prompt": "A lighthouse"}))
            path = f"/videos/{made.json()['id']}"
            assert int(made.headers["openai-poll-after-ms"]) == 1
            status = made.json()["status"]
            while status not in ("completed", "failed"):
                status = (await settled(client.get(path))).json()["status"]
            film = await settled(client.get(f"{path}/content", headers={"range": "bytes=4-7"}))
            assert (film.status_code, film.content) == (206, b"ftyp")
            assert film.headers["content-range"].startswith("bytes 4-7/")

        client = kind(transport=transport(mock, kind), base_url=mock.base_url, headers=KEYS)
        tell(story, client)
        assert mock.routes["createVideo"].call_count == 1
        assert mock.routes["getVideo"].call_count + 2 == len(mock.requests)


@pytest.mark.parametrize("kind", KINDS)
def test_transport_serves_another_document(kind: type[Client], other_document: Document) -> None:
    with mock_videos(document=other_document) as mock:

        async def story(client: Client) -> None:
            made = await settled(client.post("/renderings", json={"scene": "A teapot"}))
            assert (made.status_code, made.json()["job"]["phase"]["word"]) == (202, "waiting")

        tell(story, kind(transport=transport(mock, kind), base_url=mock.base_url, headers=KEYS))
        assert mock.routes["submitRendering"].call_count == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hosts", ["pass", "fail"], ids=["open to all", "closed to others"])
def test_transport_rejects_other_hosts(kind: type[Client], hosts: Any) -> None:
    with mock_videos(other_hosts=hosts, allow="AV708") as mock:

        async def story(client: Client) -> None:
            with pytest.raises(family(kind).ConnectError, match=r"storage\.example") as caught:
                await settled(client.get("https://storage.example/film"))
            assert caught.value.request.url == "https://storage.example/film"

        tell(story, kind(transport=transport(mock, kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_streamed_request_body_is_received(kind: type[Client]) -> None:
    def pieces() -> Iterator[bytes]:
        yield from (b'{"prompt": ', b'"A lighthouse"}')

    async def async_pieces() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    with mock_videos(allow="AV715") as mock:

        async def story(client: Client) -> None:
            body: Any = async_pieces() if isinstance(client, LATER) else pieces()
            headers = {**KEYS, "content-type": "application/json"}
            url = f"{mock.base_url}/videos"
            answer = await settled(client.post(url, content=body, headers=headers))
            assert answer.json()["prompt"] == "A lighthouse"

        tell(story, kind(transport=transport(mock, kind)))
        tell(story, kind(verify=False))
        assert len(mock.jobs) == 2


@pytest.mark.parametrize("door", ["transport", "mock"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("made_with", [httpx, httpx2], ids=["of httpx", "of httpx2"])
@pytest.mark.parametrize("form", ["class", "instance", "raised"])
def test_error_of_a_route_is_raised_as_the_clients_own_exception(
    kind: type[Client], made_with: Any, form: str, door: str
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise made_with.ConnectTimeout("too slow")

    effects = {
        "class": made_with.ConnectTimeout,
        "instance": made_with.ConnectTimeout("too slow"),
        "raised": fail,
    }
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(side_effect=effects[form])

        async def story(client: Client) -> None:
            with pytest.raises(family(kind).ConnectTimeout) as caught:
                await settled(client.get(f"{mock.base_url}/videos", headers=KEYS))
            assert str(caught.value.request.url) == f"{mock.base_url}/videos"

        tell(story, client_at(door, mock, kind))
        assert [request.status for request in mock.requests] == [None]


@pytest.mark.parametrize("door", ["transport", "mock"])
@pytest.mark.parametrize("kind", KINDS)
def test_other_exception_of_a_route_is_raised_unchanged(kind: type[Client], door: str) -> None:
    error = LookupError("a fault of the test itself")
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(side_effect=error)

        async def story(client: Client) -> None:
            with pytest.raises(LookupError) as caught:
                await settled(client.get(f"{mock.base_url}/videos", headers=KEYS))
            assert caught.value is error

        tell(story, client_at(door, mock, kind))


@pytest.mark.parametrize("door", ["transport", "mock"])
@pytest.mark.parametrize("kind", KINDS)
def test_incomplete_response_is_raised_as_the_clients_own_exception(
    kind: type[Client], door: str
) -> None:
    def half() -> Iterator[bytes]:
        yield b"half of the film"
        raise httpx.ReadError("the connection was lost")

    async def async_half() -> AsyncIterator[bytes]:
        for piece in half():
            yield piece

    with mock_videos(check=False) as mock:

        async def story(client: Client) -> None:
            body: Any = async_half() if isinstance(client, LATER) else half()
            mock.routes["getVideoContent"].mock(
                side_effect=lambda request: httpx.Response(200, content=body)
            )
            with pytest.raises(family(kind).ReadError, match="was lost"):
                await settled(client.get(f"{mock.base_url}/videos/video_1/content"))

        tell(story, client_at(door, mock, kind))


@pytest.mark.parametrize("door", ["transport", "mock"])
@pytest.mark.parametrize("kind", KINDS)
def test_compressed_response_is_decoded_once(kind: type[Client], door: str) -> None:
    with mock_videos(check=False) as mock:
        mock.routes["listVideos"].respond(
            200, content=gzip.compress(b"[]"), headers={"content-encoding": "gzip"}
        )

        async def story(client: Client) -> None:
            answer = await settled(client.get(f"{mock.base_url}/videos"))
            assert (answer.json(), answer.headers["content-encoding"]) == ([], "gzip")

        tell(story, client_at(door, mock, kind))
