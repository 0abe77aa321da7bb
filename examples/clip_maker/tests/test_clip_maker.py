"""The clip maker against the API: in process, on a socket, or live, as --video-target says."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_maker import ClipFailed, make_clip

from aisa_testkit.contracts import Exchange
from aisa_testkit.pytest_plugin import ObservedMock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def creates(video_api: ObservedMock) -> list[Exchange]:
    return [request for request in video_api.requests if request.operation_id == "createVideo"]


def test_a_clip_is_saved(video_api: ObservedMock, tmp_path: Path) -> None:
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4", seconds="8")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert creates(video_api)[0].fields == {"prompt": "A lighthouse in a storm", "seconds": "8"}
    assert video_api.jobs[0].status == "completed"


def test_an_image_guides_the_clip(video_api: ObservedMock, tmp_path: Path) -> None:
    image = tmp_path / "lighthouse.png"
    image.write_bytes(PNG)
    make_clip("The lamp turns", tmp_path / "clip.mp4", image=image)
    assert creates(video_api)[0].files["input_reference"].content == PNG


def test_a_job_that_fails_is_told_and_saves_nothing(
    video_api: ObservedMock, tmp_path: Path
) -> None:
    video_api.next_job(outcome="failed", code="moderation_blocked")
    with pytest.raises(ClipFailed, match="blocked by the moderation system"):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()


def test_a_busy_server_is_asked_again_when_it_says_so(
    video_api: ObservedMock, tmp_path: Path
) -> None:
    video_api.fail("createVideo", status=429, times=2, retry_after=30)
    began = video_api.clock.now()
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert [request.status for request in creates(video_api)] == [429, 429, 200]
    assert creates(video_api)[2].at >= began + 60
    assert len(video_api.jobs) == 1


def test_a_refusal_is_told_at_once(video_api: ObservedMock, tmp_path: Path) -> None:
    video_api.fail("createVideo", status=400)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.jobs == []


def test_a_job_that_never_ends_is_given_up(video_api: ObservedMock, tmp_path: Path) -> None:
    video_api.next_job(seconds=3600)
    with pytest.raises(ClipFailed, match="no clip after 300 seconds"):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
