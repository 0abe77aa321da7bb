"""Every behaviour of the API towards the clip maker: two faults at once, and a kill at any request.

To see what a careless program makes of the same, import `make_clip` from careless instead.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from clip_maker import ClipFailed, make_clip

from aisa_testkit.pytest_plugin import VideoMock


@pytest.mark.video_explore(raises=ClipFailed)
def test_clip_is_paid_once_whatever_happens(video_mock: VideoMock, tmp_path: Path) -> None:
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert len(video_mock.jobs) == 1
