"""Contract coverage of a run with several workers of pytest-xdist."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from aisa_testkit.openapi.json import Json
from tests.support.documents import RENDERINGS

# Each worker is a separate process, so only these plugins are loaded, to save time.
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
    """Tests of two documents with every fixture."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # Before version 9, pytest warns of a plugin that the run around it has imported.
    ignored = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
    ini = f"[pytest]\nfilterwarnings =\n  error\n  {ignored}\n"
    pytester.makefile(".ini", pytest=ini)
    pytester.makepyfile(test_program=TESTS)
    return pytester


def tables_in(result: pytest.RunResult) -> set[str]:
    """Return the coverage tables in the terminal, in any order."""
    text = str(result.stdout).partition("= contract coverage =")[2].partition("\n")[2]
    tables = text.partition("written to")[0].split("contract coverage of")[1:]
    return {table.strip() for table in tables}


def coverage_in(path: Path) -> dict[str, Json]:
    data = orjson.loads(path.read_bytes())["coverage"]
    return {coverage["title"]: coverage for coverage in data}


def test_coverage_of_xdist_workers_equals_that_of_one_process(project: pytest.Pytester) -> None:
    alone = project.runpytest_inprocess(*PLUGINS, "--video-coverage=alone.json")
    together = project.runpytest_subprocess(
        *PLUGINS,
        *("--video-coverage=together.json", "--video-coverage-fail-under=99", "-n", "2"),
        timeout=120,
    )
    assert alone.ret == 0
    for result in (alone, together):
        result.assert_outcomes(passed=6)
    assert len(tables_in(alone)) == 2
    assert tables_in(together) == tables_in(alone)
    found = coverage_in(project.path / "together.json")
    assert found == coverage_in(project.path / "alone.json")
    assert {*found} == {"AIsa Videos 1.0.0", "Renderings 2"}
    # Only the main process writes the file and checks the minimum.
    assert str(together.stdout).count("written to") == 1
    assert together.ret == pytest.ExitCode.TESTS_FAILED
    messages = [line for line in together.outlines if "must be at least 99 %" in line]
    assert [message.partition(" is ")[0] for message in messages] == [
        "contract coverage of AIsa Videos 1.0.0",
        "contract coverage of Renderings 2",
    ]
