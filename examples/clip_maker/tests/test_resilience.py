"""Both clip makers under faults: the careful one survives them, the careless one breaks rules."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import careless
import pytest
from clip_maker import ClipFailed, make_clip
from conftest import TimeLimitExceeded

from aisa_testkit.pytest_plugin import ObservedMock

# Faults after which a clip can still be saved.
TEMPORARY_FAULTS: dict[str, dict[str, Any]] = {
    "response lost": {"operation": "createVideo", "lost": True, "times": 1},
    "502 after the job is created": {
        "operation": "createVideo",
        "status": 502,
        "commit": True,
        "times": 1,
    },
    "connection reset": {"operation": "createVideo", "reset": "before", "times": 1},
    "malformed JSON": {"operation": "getVideo", "body": "malformed", "times": 2},
    "truncated JSON": {"operation": "getVideo", "body": "truncated", "times": 2},
    "unknown status": {"operation": "getVideo", "state": "paused", "times": 2},
    "download cut off": {"operation": "getVideoContent", "cut": 0.5, "times": 1},
    "response too late": {"operation": "createVideo", "latency": 90, "times": 1},
}
# Faults that make a clip impossible.
PERMANENT_FAULTS: dict[str, dict[str, Any]] = {
    "server always unavailable": {"operation": "createVideo", "status": 503},
    "status always unknown": {"operation": "getVideo", "state": "paused"},
    "quota exceeded": {"operation": "createVideo", "status": 429, "code": "quota_exceeded"},
}


@pytest.mark.parametrize("fault", TEMPORARY_FAULTS.values(), ids=TEMPORARY_FAULTS)
def test_careful_program_saves_a_clip_despite_temporary_faults(
    video_api: ObservedMock, tmp_path: Path, fault: dict[str, Any]
) -> None:
    video_api.fault(**fault)
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    assert len(video_api.jobs) == 1
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize("fault", PERMANENT_FAULTS.values(), ids=PERMANENT_FAULTS)
def test_careful_program_gives_up_on_permanent_faults(
    video_api: ObservedMock, tmp_path: Path, fault: dict[str, Any]
) -> None:
    video_api.fault(**fault)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize(
    "scenario",
    ["completes", "slow", "jumps", "instant", "expires", "flaky-polls", "rate-limited"],
)
def test_careful_program_saves_a_clip_in_scenario(
    video_api: ObservedMock, tmp_path: Path, scenario: str
) -> None:
    video_api.use_scenario(scenario)
    make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.parametrize("scenario", ["fails", "moderated", "stalls"])
def test_careful_program_raises_an_error_in_scenario(
    video_api: ObservedMock, tmp_path: Path, scenario: str
) -> None:
    video_api.use_scenario(scenario)
    with pytest.raises(ClipFailed):
        make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    assert video_api.verdict.clean, str(video_api.verdict)


@pytest.mark.video_mock(check=False)  # the test reads the verdict
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        pytest.param(
            {"operation": "createVideo", "lost": True, "times": 1},
            ["AV715", "AV721", "AV723", "AV731"],
            id="response lost",
        ),
        pytest.param(
            {"operation": "createVideo", "status": 429, "retry_after": 30, "times": 6},
            ["AV722", "AV724", "AV731"],
            id="rate limited",
        ),
        pytest.param(
            {"operation": "getVideo", "state": "paused", "times": 1},
            ["AV734"],
            id="unknown status",
        ),
    ],
)
def test_careless_program_gets_findings(
    video_api: ObservedMock, tmp_path: Path, fault: dict[str, Any], codes: list[str]
) -> None:
    video_api.fault(**fault)
    with suppress(TimeLimitExceeded):
        careless.make_clip("A lighthouse in a storm", tmp_path / "clip.mp4")
    with pytest.raises(AssertionError, match="finding") as caught:
        assert video_api.verdict.clean, str(video_api.verdict)
    assert all(code in str(caught.value) for code in codes)
    print(video_api.verdict)
