"""Contract coverage of a run that pytest-xdist has spread over workers."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from aisa_testkit.openapi.json import Json
from tests.support.documents import RENDERINGS

# Each worker is a process of its own, so that only what is needed is loaded there.
PLUGINS = ("-p", "xdist", "-p", "aisa_testkit.pytest_plugin.plugin", "-p", "no:cacheprovider")

TESTS = f"""
import httpx, pytest

KEY = {{"Authorization": "Bearer sk-test"}}

@pytest.mark.parametrize("seconds", ["4", "8", "12"])
def test_video(video_api, seconds):
    url = f"{{video_api.base_url}}/videos"
    job = httpx.post(url, json={{"prompt": "x", "seconds": seconds}}, headers=KEY).json()
    while job["status"] != "completed":
        job = httpx.get(f"{{url}}/{{job['id']}}", headers=KEY).json()

def test_failure(video_server):
    video_server.fail("listVideos", status=503)
    assert httpx.get(f"{{video_server.base_url}}/videos", headers=KEY).status_code == 503

@pytest.mark.video_mock(document={str(RENDERINGS)!r})
@pytest.mark.parametrize("quality", ["draft", "final"])
def test_other(video_mock, quality):
    url, key = f"{{video_mock.base_url}}/renderings", {{"X-Render-Key": "k"}}
    httpx.post(url, json={{"scene": "x", "quality": quality}}, headers=key)
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests of two documents through every fixture."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makefile(".ini", pytest="[pytest]\nfilterwarnings = error\n")
    pytester.makepyfile(test_program=TESTS)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*PLUGINS, *arguments, timeout=120)


def tables_of(result: pytest.RunResult) -> set[str]:
    """The tables in the terminal, whatever their order."""
    text = str(result.stdout).partition("= contract coverage =")[2].partition("\n")[2]
    return {
        table.strip() for table in text.partition("written to")[0].split("contract coverage of")
    }


def coverage_in(path: Path) -> dict[str, Json]:
    data = orjson.loads(path.read_bytes())["coverage"]
    return {coverage["title"]: coverage for coverage in data}


def test_workers_together_cover_what_one_process_covers(project: pytest.Pytester) -> None:
    alone = run(project, "--video-coverage=alone.json")
    together = run(project, "--video-coverage=together.json", "-n", "2")
    for result in (alone, together):
        result.assert_outcomes(passed=6)
        assert result.ret == 0
    assert len(tables_of(alone)) == 3  # with what stands before the first
    assert tables_of(together) == tables_of(alone)
    found = coverage_in(project.path / "together.json")
    assert found == coverage_in(project.path / "alone.json")
    assert {*found} == {"AIsa Videos 1.0.0", "Renderings 2"}
    # Workers do not write the file themselves.
    assert str(together.stdout).count("written to") == 1


def test_the_least_share_is_judged_once_for_all_workers(project: pytest.Pytester) -> None:
    result = run(project, "--video-coverage-fail-under=99", "-n", "2", "-k", "not other")
    result.assert_outcomes(passed=4)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    verdicts = [line for line in result.outlines if "must be at least 99 %" in line]
    assert len(verdicts) == 1
    assert verdicts[0].startswith("contract coverage of AIsa Videos 1.0.0 is ")
