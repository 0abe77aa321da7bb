"""The tests of the example project, and the findings for mistakes in its program."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx  # noqa: F401  # here and below: pytester would load these again for each run
import pytest

import aisa_testkit.mock_server.http.app
import aisa_testkit.mock_server.http.server
import aisa_testkit.pytest_plugin.mock
import aisa_testkit.pytest_plugin.shared_server  # noqa: F401
from tests.support.documents import ROOT

PROJECT = ROOT / "examples" / "clip_maker"
FAILURE = """            if job["status"] == "failed":
                self._note.delete()
                raise ClipFailed(job["error"]["message"])
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the example project, without API keys in the environment."""
    for variable in ("AISA_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    folder = pytester.path / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(folder)
    return folder


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    # The asyncio plugin warns about a missing setting, and the project makes warnings errors.
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("target", ["mock", "server"])
def test_example_tests_pass_with_each_target(pytester: pytest.Pytester, target: str) -> None:
    result = run(pytester, f"--video-target={target}")
    assert result.ret == 0
    result.assert_outcomes(passed=31)


@pytest.mark.parametrize(
    ("correct", "mistake", "test", "output"),
    [
        pytest.param(
            'seconds: str = "4"',
            'seconds: str = "5"',
            "image_is_uploaded",
            ["AV705 value not allowed", "field     seconds", "sent      '5'"],
            id="value not allowed",
        ),
        pytest.param(
            "temporary = response.status_code == 429 or response.status_code >= 500",
            "temporary = response.status_code >= 400",
            "rejected_create",
            ["AV716 retry after a permanent error", "400"],
            id="retry after 400",
        ),
        pytest.param(
            'while job["status"] != "completed":',
            "while False:",
            "clip_is_saved",
            ["AV713 job used before it finished", "queued"],
            id="download without polling",
        ),
        pytest.param(
            FAILURE,
            "",
            "failed_job",
            ["AV712 poll after a final state", "failed"],
            id="failed status ignored",
        ),
        pytest.param(
            FAILURE,
            FAILURE.replace('raise ClipFailed(job["error"]["message"])', "break"),
            "failed_job",
            ["AV714 failed job treated as success", "failed"],
            id="failed job downloaded",
        ),
        pytest.param(
            "if sent:",
            "if not sent:",
            "temporary_faults and (lost or reset)",
            ["AV721 unsafe retry of a create", "AV715 duplicate job"],
            id="create retried without a look at the list",
        ),
        pytest.param(
            "wait = 2 ** (attempt - 1) * uniform(0.75, 1.25)",
            "wait = 0.1",
            "permanent_faults and unavailable",
            ["AV723 retry without backoff"],
            id="no backoff",
        ),
        pytest.param(
            "TIMEOUT_SECONDS = 300",
            "TIMEOUT_SECONDS = 380",
            "scenario and stalls",
            ["AV733 polling without a time limit"],
            id="timeout too long",
        ),
    ],
)
def test_mistake_in_the_program_is_reported(
    pytester: pytest.Pytester,
    project: Path,
    correct: str,
    mistake: str,
    test: str,
    output: list[str],
) -> None:
    program = (project / "clip_maker.py").read_text()
    assert program.count(correct) == 1
    (project / "clip_maker.py").write_text(program.replace(correct, mistake))
    result = run(pytester, "-k", test)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    for text in output:
        assert text in result.stdout.str()


@pytest.mark.usefixtures("project")
def test_verdict_on_the_careless_program_is_the_one_in_the_cookbook(
    pytester: pytest.Pytester,
) -> None:
    page = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    verdict = page.partition("<!-- careless -->\n```\n")[2].partition("```")[0]
    result = run(pytester, "-rP", "-k", "careless and lost")
    assert (result.ret, verdict[:2]) == (0, "4 ")
    assert verdict in result.stdout.str()
