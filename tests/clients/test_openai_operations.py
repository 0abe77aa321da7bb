"""All operations of OpenAI's videos through OpenAI's SDK, with new jobs and with made-up ids."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI

from aisa_testkit.mock_server import ManualClock, VideoServer, serve_in_thread
from aisa_testkit.mock_server.service import UnknownIds
from aisa_testkit.openapi import load_document

pytestmark = pytest.mark.filterwarnings(
    "ignore:The Sora API is scheduled to permanently shut down:DeprecationWarning"
)
# The SDK sends files alone, though its types also allow the id of a video.
FILE = ("film.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4")
UNKNOWN = "video_" + "0" * 32


@pytest.fixture(params=["refuse", "synthesize"])
def unknown_ids(request: pytest.FixtureRequest) -> UnknownIds:
    chosen: UnknownIds = request.param
    return chosen


@pytest.fixture
def server(unknown_ids: UnknownIds) -> Iterator[VideoServer]:
    document, clock = load_document("openai-videos"), ManualClock(1_780_000_000)
    with serve_in_thread(document, clock=clock, unknown_ids=unknown_ids) as running:
        yield running


@pytest.fixture
def client(server: VideoServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key="sk-test", max_retries=0) as made:
        yield made


def test_all_operations(server: VideoServer, client: OpenAI) -> None:
    videos = client.videos
    made = videos.create(prompt="A lighthouse", seconds="4", model="sora-2")
    assert (made.status, videos.retrieve(made.id).id) == ("queued", made.id)
    server.clock.advance(600)
    assert videos.retrieve(made.id).status == "completed"
    assert [video.id for video in videos.list()] == [made.id]
    assert videos.download_content(made.id).content[4:8] == b"ftyp"
    remix = videos.remix(made.id, prompt="At night")
    assert remix.remixed_from_video_id == made.id
    edited = videos.edit(prompt="In snow", video=FILE)
    longer = videos.extend(prompt="A ship", seconds="4", video=FILE)
    assert len({made.id, remix.id, edited.id, longer.id}) == 4
    character = videos.create_character(name="Keeper", video=FILE)
    assert character.name == "Keeper"
    assert character.id
    assert videos.get_character(character.id).id
    assert videos.delete(made.id).deleted


def test_ids_that_no_job_has(client: OpenAI, unknown_ids: UnknownIds) -> None:
    if unknown_ids == "refuse":
        with pytest.raises(openai.NotFoundError):
            client.videos.retrieve(UNKNOWN)
        return
    assert client.videos.retrieve(UNKNOWN).status == "completed"
    assert client.videos.download_content(UNKNOWN).content[4:8] == b"ftyp"
    assert client.videos.remix(UNKNOWN, prompt="At night").remixed_from_video_id == UNKNOWN
    assert client.videos.edit(prompt="In snow", video=FILE).status == "queued"
    assert client.videos.extend(prompt="A ship", seconds="4", video=FILE).id
    assert client.videos.delete(UNKNOWN).deleted
