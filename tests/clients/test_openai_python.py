"""The OpenAI SDK for Python, sync and async, against the mock on a socket."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias

import openai
import pytest
from openai import APIStatusError, AsyncOpenAI, OpenAI
from openai.pagination import AsyncConversationCursorPage, SyncConversationCursorPage
from openai.types import Video

from aisa_testkit.mock_server import ManualClock, VideoServer, serve_in_thread
from aisa_testkit.openapi import Document
from tests.support.http_clients import maybe_await
from tests.support.media import file_of_job

pytestmark = pytest.mark.filterwarnings(
    "ignore:The Sora API is scheduled to permanently shut down:DeprecationWarning"
)

MEDIA = files("aisa_testkit.mock_server").joinpath("media")
PROGRAM = Path(__file__).with_name("make_video.py")
PROMPT = "A lighthouse in a storm"

Client: TypeAlias = OpenAI | AsyncOpenAI
Kind: TypeAlias = type[OpenAI] | type[AsyncOpenAI]


@pytest.fixture(params=[OpenAI, AsyncOpenAI], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """The sync and the async client of the SDK."""
    chosen: Kind = request.param
    return chosen


@pytest.fixture(scope="module")
def error_server(document: Document) -> Iterator[VideoServer]:
    """A server for rejected requests, which many tests share because it stays without jobs."""
    with serve_in_thread(document, seed=1) as server:
        yield server


@asynccontextmanager
async def client_of(kind: Kind, url: str, *, key: str = "sk-test") -> AsyncIterator[Client]:
    client = kind(base_url=url, api_key=key, timeout=10)
    try:
        yield client
    finally:
        await maybe_await(client.close())


async def pages_of(
    listing: SyncConversationCursorPage[Video] | Awaitable[AsyncConversationCursorPage[Video]],
) -> list[list[str]]:
    """Return the ids on each page of the client's pagination."""
    if isinstance(listing, SyncConversationCursorPage):
        return [[video.id for video in page.data] for page in listing.iter_pages()]
    first = await listing
    return [[video.id for video in page.data] async for page in first.iter_pages()]


def test_video_from_create_to_delete(kind: Kind, video_server: VideoServer) -> None:
    image = MEDIA.joinpath("1280x720-4s.webp").read_bytes()

    async def main() -> None:
        async with client_of(kind, video_server.base_url) as client:
            created = await maybe_await(
                client.videos.create(
                    prompt=PROMPT,
                    input_reference=("guide.webp", image),
                    model="sora-2-pro",
                    seconds="8",
                    size="1280x720",
                )
            )
            assert (created.status, created.progress, created.error) == ("queued", 0, None)
            assert (created.prompt, created.model) == (PROMPT, "sora-2-pro")
            done = await maybe_await(client.videos.poll(created.id))
            assert (done.status, done.progress) == ("completed", 100)
            assert done == await maybe_await(client.videos.retrieve(created.id))
            remix = await maybe_await(client.videos.remix(created.id, prompt="The same at night"))
            assert remix.remixed_from_video_id == created.id
            assert (remix.prompt, remix.model) == ("The same at night", "sora-2-pro")
            assert (remix.size, remix.seconds) == ("1280x720", "8")
            gone = await maybe_await(client.videos.delete(created.id))
            assert (gone.id, gone.object, gone.deleted) == (created.id, "video.deleted", True)
            with pytest.raises(openai.NotFoundError) as caught:
                await maybe_await(client.videos.retrieve(created.id))
            assert (caught.value.code, caught.value.param) == ("resource_not_found", "video_id")

    asyncio.run(main())


def test_downloaded_files_have_the_expected_content(kind: Kind, video_server: VideoServer) -> None:
    variants: dict[Literal["video", "thumbnail", "spritesheet"], str] = {
        "video": "1024x1792-12s.mp4",
        "thumbnail": "1024x1792-12s.webp",
        "spritesheet": "1024x1792-12s.jpg",
    }

    async def main() -> None:
        async with client_of(kind, video_server.base_url) as client:
            video = await maybe_await(
                client.videos.create_and_poll(prompt=PROMPT, seconds="12", size="1024x1792")
            )
            for variant, name in variants.items():
                file = await maybe_await(client.videos.download_content(video.id, variant=variant))
                assert file.content == file_of_job(name, video.id)
            default = await maybe_await(client.videos.download_content(video.id))
            assert default.content == file_of_job(variants["video"], video.id)

    asyncio.run(main())


def test_failed_video_has_an_error(kind: Kind, video_server: VideoServer) -> None:
    async def main() -> Video:
        async with client_of(kind, video_server.base_url) as client:
            return await maybe_await(client.videos.create_and_poll(prompt=f"{PROMPT} mock:fails"))

    video = asyncio.run(main())
    assert (video.status, video.completed_at) == ("failed", None)
    assert video.error is not None
    assert video.error.code == "moderation_blocked"


def test_pagination_in_both_orders(kind: Kind, document: Document, clock: ManualClock) -> None:
    async def main(url: str) -> None:
        async with client_of(kind, url) as client:
            ids = [(await maybe_await(client.videos.create(prompt=PROMPT))).id for _ in range(5)]
            newest_first = await pages_of(client.videos.list(limit=2))
            assert newest_first == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
            oldest_first = await pages_of(client.videos.list(limit=2, order="asc"))
            assert oldest_first == [ids[:2], ids[2:4], ids[4:]]
            rest = await pages_of(client.videos.list(after=ids[1], order="asc"))
            assert rest == [ids[2:]]

    with serve_in_thread(document, clock=clock, seed=1) as server:
        asyncio.run(main(server.base_url))


@pytest.mark.parametrize(
    ("status", "error_class", "code"),
    [
        (400, openai.BadRequestError, "json_parse_error"),
        (401, openai.AuthenticationError, "missing_api_key"),
        (403, openai.PermissionDeniedError, "insufficient_permissions"),
        (404, openai.NotFoundError, "unknown_endpoint"),
        (422, openai.UnprocessableEntityError, "content_policy_violation"),
        (429, openai.RateLimitError, "rate_limit_exceeded"),
        (500, openai.InternalServerError, "internal_error"),
        (502, openai.InternalServerError, "gateway_error"),
        (503, openai.InternalServerError, "upstream_unavailable"),
        (504, openai.InternalServerError, "upstream_timeout"),
    ],
)
def test_requested_status_raises_the_matching_error(
    kind: Kind,
    error_server: VideoServer,
    status: int,
    error_class: type[APIStatusError],
    code: str,
) -> None:
    async def main() -> None:
        async with client_of(kind, error_server.base_url) as client:
            client = client.with_options(max_retries=0)
            prefer = {"Prefer": f"code={status}"}
            await maybe_await(client.videos.create(prompt=PROMPT, extra_headers=prefer))

    with pytest.raises(error_class) as caught:
        asyncio.run(main())
    assert (caught.value.status_code, caught.value.code) == (status, code)
    assert_request_id(caught.value)
    assert len(error_server.service.store) == 0


@pytest.mark.parametrize(
    ("field", "value", "error_class", "code"),
    [
        ("seconds", "5", openai.BadRequestError, "invalid_request"),
        ("prompt", "", openai.BadRequestError, "invalid_request"),
        ("model", "sora-1", openai.NotFoundError, "unknown_model"),
        ("input_reference", ("notes.txt", b"x"), openai.BadRequestError, "invalid_request"),
    ],
    ids=["value-not-allowed", "empty-text", "unknown-model", "not-an-image"],
)
def test_error_of_an_invalid_field_has_its_name(
    kind: Kind,
    error_server: VideoServer,
    field: str,
    value: object,
    error_class: type[APIStatusError],
    code: str,
) -> None:
    async def main() -> None:
        async with client_of(kind, error_server.base_url) as client:
            # The types of the SDK only allow valid values.
            fields: dict[str, Any] = {"prompt": PROMPT, field: value}
            await maybe_await(client.videos.create(**fields))

    with pytest.raises(error_class) as caught:
        asyncio.run(main())
    assert (caught.value.code, caught.value.param) == (code, field)
    assert_request_id(caught.value)


def test_rejected_api_key_is_an_authentication_error(kind: Kind, error_server: VideoServer) -> None:
    async def main() -> None:
        async with client_of(kind, error_server.base_url, key="sk-invalid") as client:
            await pages_of(client.videos.list())

    with pytest.raises(openai.AuthenticationError) as caught:
        asyncio.run(main())
    assert (caught.value.code, caught.value.type) == ("invalid_api_key", "authentication_error")
    assert_request_id(caught.value)


@pytest.mark.parametrize("action", ["delete", "download_content", "remix"])
def test_conflict_with_a_running_job_is_not_retried(
    kind: Kind, document: Document, clock: ManualClock, action: str
) -> None:
    async def main(url: str) -> None:
        async with client_of(kind, url) as client:
            video = await maybe_await(client.videos.create(prompt=PROMPT))
            fields = {"prompt": PROMPT} if action == "remix" else {}
            await maybe_await(getattr(client.videos, action)(video.id, **fields))

    with (
        serve_in_thread(document, clock=clock, seed=1) as server,
        pytest.raises(openai.ConflictError) as caught,
    ):
        asyncio.run(main(server.base_url))
    # The SDK retries after a conflict unless this header is "false".
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert caught.value.response.request.headers["x-stainless-retry-count"] == "0"
    assert_request_id(caught.value)


def test_program_needs_only_url_and_api_key(video_server: VideoServer, tmp_path: Path) -> None:
    image, target = tmp_path / "guide.jpg", tmp_path / "video.mp4"
    image.write_bytes(MEDIA.joinpath("1280x720-8s.jpg").read_bytes())
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(image), str(target)],
        env={"OPENAI_BASE_URL": video_server.base_url, "OPENAI_API_KEY": "sk-test"},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert target.read_bytes() == file_of_job("1280x720-8s.mp4", done.stdout.strip())


def assert_request_id(error: APIStatusError) -> None:
    """Assert that body and header contain the same request id."""
    assert isinstance(error.body, dict)
    assert error.request_id is not None
    assert error.request_id.startswith("req_")
    assert error.body["request_id"] == error.request_id
