"""The clip maker against the API of --video-target: in process, on a socket, or live."""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_maker import ClipFailed, make_clip

from aisa_testkit.contracts import Exchange
from aisa_testkit.pytest_plugin import ObservedMock

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)


def create_requests(video_api: ObservedMock) -> list[Exchange]:
    return [request for request in video_api.requests if request.operation_id == "createVideo"]


def test_clip_is_saved(video_api: ObservedMock, tmp_path: Path) -> None:
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4", seconds="8")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert create_requests(video_api)[0].fields == {
        "prompt": "A lighthouse in a storm",
        "seconds": "8",
    }
    assert video_api.jobs[0].status == "completed"


def test_image_is_uploaded(video_api: ObservedMock, tmp_path: Path) -> None:
    image = tmp_path / "lighthouse.png"
    image.write_bytes(PNG)
    make_clip("The lamp turns", tmp_path / "clip.mp4", image=image)
    assert create_requests(video_api)[0].files["input_reference"].content == PNG


def test_failed_job_raises_an_error_and_saves_no_file(
    video_api: ObservedMock, tmp_path: Path
) -> None:
    video_api.next_job(outcome="failed", code="moderation_blocked")
    with pytest.raises(ClipFailed, match="blocked by the moderation system"):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()


def test_rate_limited_create_is_retried_after_retry_after(
    video_api: ObservedMock, tmp_path: Path
) -> None:
    video_api.fail("createVideo", status=429, times=2, retry_after=30)
    start = video_api.clock.now()
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert [request.status for request in create_requests(video_api)] == [429, 429, 200]
    assert create_requests(video_api)[2].at >= start + 60
    assert len(video_api.jobs) == 1


def test_rejected_create_is_not_retried(video_api: ObservedMock, tmp_path: Path) -> None:
    video_api.fail("createVideo", status=400)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.jobs == []


def test_endless_job_times_out(video_api: ObservedMock, tmp_path: Path) -> None:
    video_api.next_job(seconds=3600)
    with pytest.raises(ClipFailed, match="no clip after 300 seconds"):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
