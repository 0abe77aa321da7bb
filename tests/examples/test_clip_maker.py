"""The project of the examples passes with the plugin, and mistakes in its program are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "examples" / "clip_maker"
FAILURE = """            if job["status"] == "failed":
                raise ClipFailed(job["error"]["message"])
"""


def run(project: Path, *options: str) -> tuple[int, str]:
    # The plugin of asyncio wants a setting that a project without asyncio does not have.
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:asyncio"]
    environment = {key: text for key, text in os.environ.items() if "API_KEY" not in key}
    done = subprocess.run(
        [*command, *options],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["mock", "server"])
def test_its_tests_pass_whatever_the_target(target: str) -> None:
    code, printed = run(PROJECT, "-q", f"--video-target={target}")
    assert code == 0, printed
    assert "30 passed" in printed


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        pytest.param(
            'seconds: str = "4"',
            'seconds: str = "5"',
            ["AV705 value not allowed", "field     seconds", "sent      '5'"],
            id="value not allowed",
        ),
        pytest.param(
            "busy = answer.status_code == 429 or answer.status_code >= 500",
            "busy = answer.status_code >= 400",
            ["AV716 retry after a permanent error", "the same request after status 400"],
            id="a refusal asked again",
        ),
        pytest.param(
            'while job["status"] != "completed":',
            "while False:",
            ["AV713 job used before it finished", "which was queued"],
            id="a download without waiting",
        ),
        pytest.param(
            FAILURE,
            "",
            ["AV712 poll after a final state", "which showed it failed"],
            id="a failure that is not looked for",
        ),
        pytest.param(
            FAILURE,
            FAILURE.replace('raise ClipFailed(job["error"]["message"])', "break"),
            ["AV714 failed job treated as success", "which was failed"],
            id="a failure taken for a success",
        ),
        pytest.param(
            "if sent:",
            "if not sent:",
            ["AV721 unsafe retry of a create", "AV715 duplicate job"],
            id="a job asked for again without a look",
        ),
        pytest.param(
            "wait = 2 ** (attempt - 1) * uniform(0.75, 1.25)",
            "wait = 0.1",
            ["AV723 retry without backoff"],
            id="no backoff",
        ),
        pytest.param(
            "PATIENCE_SECONDS = 300",
            "PATIENCE_SECONDS = 380",
            ["AV733 polling without a time limit"],
            id="too much patience",
        ),
    ],
)
def test_a_mistake_in_its_program_is_told(
    tmp_path: Path, right: str, wrong: str, told: list[str]
) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__"))
    program = (project / "clip_maker.py").read_text()
    assert program.count(right) == 1
    (project / "clip_maker.py").write_text(program.replace(right, wrong))
    code, printed = run(project)
    assert code == 1
    for words in told:
        assert words in printed


def test_the_verdict_on_the_careless_program_stands_in_the_cookbook() -> None:
    page = (ROOT / "docs" / "cookbook.md").read_text(encoding="utf-8")
    verdict = page.partition("<!-- careless -->\n```\n")[2].partition("```")[0]
    code, printed = run(PROJECT, "-rP", "-k", "careless and lost")
    assert (code, verdict[:2]) == (0, "4 ")
    assert verdict in printed
