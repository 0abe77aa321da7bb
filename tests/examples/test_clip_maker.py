"""The project of the examples passes with the plugin, and mistakes in its program are told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "examples" / "clip_maker"
WAITING = """        _wait(client, job["id"])
"""
FAILURE = """        if job["status"] == "failed":
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
    assert "6 passed" in printed


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        pytest.param(
            'seconds: str = "4"',
            'seconds: str = "5"',
            ["AV705 a value that is not allowed", "field     seconds", "sent      '5'"],
            id="a value that is not allowed",
        ),
        pytest.param(
            "busy = response.status_code == 429 or response.status_code >= 500",
            "busy = response.status_code >= 400",
            ["AV716 a refused request sent again", "although it was answered 400"],
            id="a refusal asked again",
        ),
        pytest.param(
            WAITING,
            "",
            ["AV713 a job used before it is done", "which was queued"],
            id="a download without waiting",
        ),
        pytest.param(
            FAILURE,
            "",
            ["AV712 a poll after the end", "that it is failed"],
            id="a failure that is not looked for",
        ),
        pytest.param(
            FAILURE,
            FAILURE.replace('raise ClipFailed(job["error"]["message"])', "return"),
            ["AV714 a failed job taken for a success", "which was failed"],
            id="a failure taken for a success",
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
