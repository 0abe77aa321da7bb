"""Transports to the mock, and errors as exceptions of the client's own library."""

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
from tests.support.http_clients import (
    ASYNC_CLIENTS,
    CLIENT_TYPES,
    HttpClient,
    close,
    library_of,
    response_of,
)

SendRequests: TypeAlias = Callable[[HttpClient], Awaitable[None]]

KEYS = {"authorization": "Bearer sk-test", "x-render-key": "sk-test"}


def client_for(interface: str, mock: VideoMock, client_type: type[HttpClient]) -> HttpClient:
    """Return a client with a transport to the mock, or one that respx intercepts."""
    return (
        client_type(transport=transport(mock, client_type))
        if interface == "transport"
        else client_type(verify=False)
    )


def transport(mock: VideoMock, client_type: type[HttpClient]) -> Any:
    return mock.httpx_transport if library_of(client_type) is httpx else mock.httpx2_transport


def run_with(client: HttpClient, send: SendRequests) -> None:
    """Send requests with a client, and close it."""

    async def main() -> None:
        try:
            await send(client)
        finally:
            await close(client)

    asyncio.run(main())


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_transport_serves_a_job_from_create_to_download(client_type: type[HttpClient]) -> None:
    with mock_videos(base_url="https://gateway.example/v1") as mock:

        async def send(client: HttpClient) -> None:
            created = await response_of(client.post("/videos", json={"prompt": "A lighthouse"}))
            path = f"/videos/{created.json()['id']}"
            assert int(created.headers["openai-poll-after-ms"]) == 1
            status = created.json()["status"]
            while status not in ("completed", "failed"):
                status = (await response_of(client.get(path))).json()["status"]
            video_file = await response_of(
                client.get(f"{path}/content", headers={"range": "bytes=4-7"})
            )
            assert (video_file.status_code, video_file.content) == (206, b"ftyp")
            assert video_file.headers["content-range"].startswith("bytes 4-7/")

        client = client_type(
            transport=transport(mock, client_type), base_url=mock.base_url, headers=KEYS
        )
        run_with(client, send)
        assert mock.routes["createVideo"].call_count == 1
        assert mock.routes["getVideo"].call_count + 2 == len(mock.requests)


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_transport_serves_another_document(
    client_type: type[HttpClient], other_document: Document
) -> None:
    with mock_videos(document=other_document) as mock:

        async def send(client: HttpClient) -> None:
            created = await response_of(client.post("/renderings", json={"scene": "A teapot"}))
            assert (created.status_code, created.json()["job"]["phase"]["word"]) == (202, "waiting")

        run_with(
            client_type(
                transport=transport(mock, client_type), base_url=mock.base_url, headers=KEYS
            ),
            send,
        )
        assert mock.routes["submitRendering"].call_count == 1


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
@pytest.mark.parametrize("hosts", ["pass", "fail"], ids=["allowed", "blocked"])
def test_transport_rejects_other_hosts(client_type: type[HttpClient], hosts: Any) -> None:
    with mock_videos(other_hosts=hosts, allow="AV708") as mock:

        async def send(client: HttpClient) -> None:
            with pytest.raises(
                library_of(client_type).ConnectError, match=r"storage\.example"
            ) as caught:
                await response_of(client.get("https://storage.example/video.mp4"))
            assert caught.value.request.url == "https://storage.example/video.mp4"

        run_with(client_type(transport=transport(mock, client_type)), send)


@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_streamed_request_body_is_received(client_type: type[HttpClient]) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b'{"prompt": ', b'"A lighthouse"}')

    async def async_chunks() -> AsyncIterator[bytes]:
        for chunk in chunks():
            yield chunk

    with mock_videos(allow="AV715") as mock:

        async def send(client: HttpClient) -> None:
            body: Any = async_chunks() if isinstance(client, ASYNC_CLIENTS) else chunks()
            headers = {**KEYS, "content-type": "application/json"}
            url = f"{mock.base_url}/videos"
            response = await response_of(client.post(url, content=body, headers=headers))
            assert response.json()["prompt"] == "A lighthouse"

        run_with(client_type(transport=transport(mock, client_type)), send)
        run_with(client_type(verify=False), send)
        assert len(mock.jobs) == 2


@pytest.mark.parametrize(
    ("client_type", "interface"),
    [
        pytest.param(httpx.Client, "transport", id="httpx, transport"),
        pytest.param(httpx.AsyncClient, "routes", id="async httpx, routes"),
        pytest.param(httpx2.Client, "routes", id="httpx2, routes"),
        pytest.param(httpx2.AsyncClient, "transport", id="async httpx2, transport"),
    ],
)
@pytest.mark.parametrize("error_library", [httpx, httpx2], ids=["httpx error", "httpx2 error"])
@pytest.mark.parametrize("form", ["class", "instance", "raised"])
def test_error_of_a_route_is_raised_as_the_clients_own_exception(
    client_type: type[HttpClient], error_library: Any, form: str, interface: str
) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error_library.ConnectTimeout("too slow")

    effects = {
        "class": error_library.ConnectTimeout,
        "instance": error_library.ConnectTimeout("too slow"),
        "raised": fail,
    }
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(side_effect=effects[form])

        async def send(client: HttpClient) -> None:
            with pytest.raises(library_of(client_type).ConnectTimeout) as caught:
                await response_of(client.get(f"{mock.base_url}/videos", headers=KEYS))
            assert str(caught.value.request.url) == f"{mock.base_url}/videos"

        run_with(client_for(interface, mock, client_type), send)
        assert [request.status for request in mock.requests] == [None]


@pytest.mark.parametrize("interface", ["transport", "routes"])
@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_other_exception_of_a_route_is_raised_unchanged(
    client_type: type[HttpClient], interface: str
) -> None:
    error = LookupError("an error of the test itself")
    with mock_videos() as mock:
        mock.routes["listVideos"].mock(side_effect=error)

        async def send(client: HttpClient) -> None:
            with pytest.raises(LookupError) as caught:
                await response_of(client.get(f"{mock.base_url}/videos", headers=KEYS))
            assert caught.value is error

        run_with(client_for(interface, mock, client_type), send)


@pytest.mark.parametrize("interface", ["transport", "routes"])
@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_incomplete_response_is_raised_as_the_clients_own_exception(
    client_type: type[HttpClient], interface: str
) -> None:
    def broken_body() -> Iterator[bytes]:
        yield b"half of the video"
        raise httpx.ReadError("the connection was lost")

    async def async_broken_body() -> AsyncIterator[bytes]:
        for chunk in broken_body():
            yield chunk

    with mock_videos(check=False) as mock:

        async def send(client: HttpClient) -> None:
            body: Any = async_broken_body() if isinstance(client, ASYNC_CLIENTS) else broken_body()
            mock.routes["getVideoContent"].mock(
                side_effect=lambda request: httpx.Response(200, content=body)
            )
            with pytest.raises(library_of(client_type).ReadError, match="was lost"):
                await response_of(client.get(f"{mock.base_url}/videos/video_1/content"))

        run_with(client_for(interface, mock, client_type), send)


@pytest.mark.parametrize("interface", ["transport", "routes"])
@pytest.mark.parametrize("client_type", CLIENT_TYPES)
def test_compressed_response_is_decoded_once(client_type: type[HttpClient], interface: str) -> None:
    with mock_videos(check=False) as mock:
        mock.routes["listVideos"].respond(
            200, content=gzip.compress(b"[]"), headers={"content-encoding": "gzip"}
        )

        async def send(client: HttpClient) -> None:
            response = await response_of(client.get(f"{mock.base_url}/videos"))
            assert (response.json(), response.headers["content-encoding"]) == ([], "gzip")

        run_with(client_for(interface, mock, client_type), send)
