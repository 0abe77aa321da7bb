"""Faults, next jobs and routes that a test sets but never uses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from aisa_testkit.pytest_plugin import (
    UnusedPlanError,
    UnusedPlanWarning,
    VideoMock,
    mock_videos,
    serve_videos,
)
from tests.support.plugin_project import Run

KEY = {"authorization": "Bearer sk-test"}
FAULT = {"operation": "getVideo", "status": 500}


def create(mock: Any, *, prompt: str = "A teapot") -> Any:
    return httpx2.post(f"{mock.base_url}/videos", json={"prompt": prompt}, headers=KEY).json()


def test_unused_plans_are_listed_with_their_options() -> None:
    with mock_videos(unused_plans="fail", seed=1) as mock:
        mock.fail("createVideo", status=429, times=2, retry_after=1)
        mock.fault("getVideo", latency=1.5, nth=3, key="sk-a-secret-key")
        mock.next_job(outcome="failed", code="moderation_blocked")
        mock.use_scenario("slow", next=2)
        mock.routes["deleteVideo"].respond(500)
        assert mock.contract.unused_plans == [
            "fault: operation='createVideo', status=429, times=2, retry_after=1"
            " (no request matched)",
            "fault: operation='getVideo', latency=1.5, nth=3, key='…-key' (no request matched)",
            "next job: outcome='failed', code='moderation_blocked' (no job was created)",
            "next 2 jobs: scenario='slow' (no job was created)",
            "route: deleteVideo with a response or a side effect (no request)",
        ]
        for number in range(3):
            create(mock, prompt=str(number))
        for _ in range(3):
            httpx2.get(f"{mock.base_url}/videos/{mock.jobs[0].id}", headers=KEY)
        assert len(mock.contract.unused_plans) == 3
        mock.contract.allow("AV721", "AV722", "AV724")
        mock.service.faults.clear()
        for number in range(2):
            create(mock, prompt=str(number))
        mock.routes["deleteVideo"].mock()
        assert mock.contract.unused_plans == []


@pytest.mark.parametrize("open_mock", [mock_videos, serve_videos])
def test_unused_plan_at_the_end_of_a_block_is_a_warning_or_an_error(open_mock: Any) -> None:
    expected = (
        "set for the mock but never used:\n"
        "  fault: operation='getVideo', status=500, times=1 (no request matched)"
    )

    def run(error: type[Exception] | None = None, **options: Any) -> None:
        with open_mock(**options) as mock:
            create(mock)
            mock.fail("getVideo", status=500)
            if error:
                raise error

    with pytest.warns(UnusedPlanWarning, match=re.escape(expected)) as caught:
        run()
    assert Path(caught[0].filename) == Path(__file__)
    with pytest.raises(UnusedPlanError, match=f"^{re.escape(expected)}$"):
        run(unused_plans="fail")
    run(unused_plans="pass")
    with pytest.raises(KeyError) as raised:
        run(KeyError, unused_plans="fail")
    assert raised.value.__notes__ == [expected]


@pytest.mark.parametrize(
    ("options", "plans"),
    [
        pytest.param({"config": {"faults": [FAULT]}}, 1, id="fault of a config"),
        pytest.param({"config": "file"}, 0, id="fault of a config file"),
        pytest.param({"config": {"faults": [{**FAULT, "probability": 0.5}]}}, 0, id="chance"),
        pytest.param({"check": False, "config": {"faults": [FAULT]}}, 1, id="without checks"),
        pytest.param({"scenario": "flaky-polls"}, 0, id="faults of a scenario"),
    ],
)
def test_faults_of_the_config_count_unless_they_are_in_a_file(
    tmp_path: Path, options: dict[str, Any], plans: int
) -> None:
    if options.get("config") == "file":
        options = {"config": tmp_path / "faults.yaml"}
        options["config"].write_text("faults: [{operation: getVideo, status: 500}]")
    with mock_videos(**options) as mock:
        create(mock)
        assert len(mock.contract.unused_plans) == plans
        httpx2.get(f"{mock.base_url}/videos/{mock.jobs[0].id}", headers=KEY)
        mock.service.faults.clear()


def test_plans_before_a_reset_are_reported() -> None:
    def use(mock: VideoMock) -> None:
        mock.fail("getVideo", status=500)
        mock.reset()
        create(mock)

    with pytest.raises(UnusedPlanError, match="getVideo"), mock_videos(unused_plans="fail") as mock:
        use(mock)


def test_matching_requests_of_an_unused_fault_are_counted() -> None:
    with mock_videos(unused_plans="pass") as mock:
        mock.fault("createVideo", status=500, nth=3)
        create(mock)
        create(mock, prompt="A lighthouse")
        assert mock.contract.unused_plans == [
            "fault: operation='createVideo', status=500, nth=3 (2 requests matched)"
        ]


TESTS = """
import pytest
from program import create

{mark}
@pytest.mark.parametrize("fixture", ["video_mock", "video_server", "video_api"])
def test_unused(request, fixture):
    mock = request.getfixturevalue(fixture)
    create(mock)
    mock.next_job(outcome="failed")

{mark}
def test_used(video_mock):
    video_mock.next_job(outcome="failed")
    create(video_mock)
"""
MESSAGE = """set for the mock but never used:
  next job: outcome='failed' (no job was created)
"""


@pytest.mark.parametrize(
    ("ini", "mark", "arguments", "outcomes"),
    [
        pytest.param("", "", (), {"passed": 4, "warnings": 3}, id="default"),
        pytest.param("", "", ("-W", "error"), {"passed": 1, "failed": 3}, id="warnings as errors"),
        pytest.param(
            "video_unused_plans = fail", "", (), {"passed": 1, "failed": 3}, id="ini file"
        ),
        pytest.param("video_unused_plans = pass", "", (), {"passed": 4}, id="ini file: pass"),
        pytest.param(
            "video_unused_plans = pass",
            "@pytest.mark.video_mock(unused_plans='fail')",
            (),
            {"passed": 1, "failed": 3},
            id="marker over ini file",
        ),
    ],
)
def test_unused_plan_of_a_test(
    run: Run, ini: str, mark: str, arguments: tuple[str, ...], outcomes: dict[str, int]
) -> None:
    result = run(TESTS.format(mark=mark), *arguments, ini=ini)
    assert result.parseoutcomes() == outcomes
    output = "\n".join(line.removeprefix("    ") for line in result.outlines)
    if "failed" in outcomes:
        assert output.count(f"\n{MESSAGE}") == 3
    elif "warnings" in outcomes:
        assert "UnusedPlanWarning: set for the mock but never used:" in output


def test_unused_plan_is_part_of_the_report_of_a_failed_test(run: Run) -> None:
    result = run("def test_it(video_mock):\n  video_mock.fail('getVideo', status=500)\n  assert 0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*video contract*", "set for the mock but never used:", "*getV*"])
