"""Both clip makers while something goes wrong: the careful one bears it, the careless one does not,
and the verdict says why.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import careless
import pytest
from clip_maker import ClipFailed, make_clip
from conftest import TooLong

from aisa_testkit.pytest_plugin import ObservedMock

# What goes wrong, and there is a clip in spite of it.
BEARABLE: dict[str, dict[str, Any]] = {
    "the answer is lost": {"operation": "createVideo", "lost": True, "times": 1},
    "an error although the job is made": {
        "operation": "createVideo",
        "status": 502,
        "commit": True,
        "times": 1,
    },
    "the connection is reset": {"operation": "createVideo", "reset": "before", "times": 1},
    "a page of a proxy": {"operation": "getVideo", "body": "malformed", "times": 2},
    "half an answer": {"operation": "getVideo", "body": "truncated", "times": 2},
    "a status that nobody knows": {"operation": "getVideo", "state": "paused", "times": 2},
    "a download that breaks off": {"operation": "getVideoContent", "cut": 0.5, "times": 1},
    "an answer that takes too long": {"operation": "createVideo", "latency": 90, "times": 1},
}
# What there cannot be a clip in spite of.
HOPELESS: dict[str, dict[str, Any]] = {
    "never available": {"operation": "createVideo", "status": 503},
    "always paused": {"operation": "getVideo", "state": "paused"},
    "no money left": {"operation": "createVideo", "status": 429, "code": "quota_exceeded"},
}


@pytest.mark.parametrize("words", BEARABLE.values(), ids=BEARABLE)
def test_the_careful_program_bears_it(
    video_api: ObservedMock, tmp_path: Path, words: dict[str, Any]
) -> None:
    video_api.fault(**words)
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert len(video_api.jobs) == 1
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize("words", HOPELESS.values(), ids=HOPELESS)
def test_the_careful_program_gives_up_in_time(
    video_api: ObservedMock, tmp_path: Path, words: dict[str, Any]
) -> None:
    video_api.fault(**words)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize(
    "scenario",
    ["completes", "slow", "jumps", "instant", "expires", "flaky-polls", "rate-limited"],
)
def test_the_careful_program_saves_a_clip_in_a_scenario(
    video_api: ObservedMock, tmp_path: Path, scenario: str
) -> None:
    video_api.use_scenario(scenario)
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize("scenario", ["fails", "moderated", "stalls"])
def test_the_careful_program_says_why_there_is_no_clip(
    video_api: ObservedMock, tmp_path: Path, scenario: str
) -> None:
    video_api.use_scenario(scenario)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.video_mock(check=False)  # the verdict is what this test is about
@pytest.mark.parametrize(
    ("words", "codes"),
    [
        pytest.param(
            {"operation": "createVideo", "lost": True, "times": 1},
            ["AV715", "AV721", "AV723", "AV731"],
            id="the answer is lost",
        ),
        pytest.param(
            {"operation": "createVideo", "status": 429, "retry_after": 30, "times": 6},
            ["AV722", "AV724", "AV731"],
            id="too many requests",
        ),
        pytest.param(
            {"operation": "getVideo", "state": "paused", "times": 1},
            ["AV734"],
            id="a status that nobody knows",
        ),
    ],
)
def test_the_careless_program_is_told_what_is_wrong(
    video_api: ObservedMock, tmp_path: Path, words: dict[str, Any], codes: list[str]
) -> None:
    video_api.fault(**words)
    with suppress(TooLong):
        careless.make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    with pytest.raises(AssertionError, match="finding") as caught:
        assert video_api.verdict.clean, str(video_api.verdict)
    assert [code for code in codes if code not in str(caught.value)] == []
    print(video_api.verdict)
