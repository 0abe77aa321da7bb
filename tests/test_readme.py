"""The README does not promise what is not so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from aisa_testkit.cli import main
from aisa_testkit.mock_server import VideoServer
from aisa_testkit.mock_server.http.admin.description import AdminDescription
from aisa_testkit.openapi import Document

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_the_program_for_an_openai_sdk_saves_a_video(
    video_server: VideoServer, tmp_path: Path
) -> None:
    program = blocks("python")[1]
    environment = {**os.environ, "OPENAI_BASE_URL": video_server.base_url, "OPENAI_API_KEY": "sk-x"}
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "lighthouse.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_tests_of_the_readme_pass(pytester: pytest.Pytester) -> None:
    plugin, _, config, server = blocks("python")
    pytester.makepyfile(test_plugin=plugin, test_config=config, test_server=server)
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:asyncio")
    result.assert_outcomes(passed=3)


def test_the_lifecycle_of_the_readme_says_what_the_document_says(document: Document) -> None:
    shown = yaml.safe_load(blocks("yaml")[0])["x-lifecycle"]
    declared = document.job.raw["x-lifecycle"]
    assert shown["state"] == declared["state"]
    assert shown["states"].keys() == declared["states"].keys()
    assert all(stamp in declared["stamps"] for stamp in shown["stamps"])


def test_every_control_call_is_in_the_readme() -> None:
    description = AdminDescription()
    for each in description.operations:
        assert f"`{each.method} {description.base}{each.path}`" in README


@pytest.mark.parametrize("flag", re.findall(r"`serve (--[a-z-]+)", README))
def test_every_option_that_the_readme_names_is_there(flag: str) -> None:
    assert flag in CliRunner().invoke(main, ["serve", "-h"]).output


def test_every_command_is_in_the_readme() -> None:
    for name in main.list_commands(main.make_context("aisa-testkit", [], resilient_parsing=True)):
        assert f"aisa-testkit {name}" in README
