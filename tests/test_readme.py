"""The examples and lists in README and the server manual are correct."""

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
from aisa_testkit.openapi import Document

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SERVER_MANUAL = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the code blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_openai_sdk_example_saves_a_video(video_server: VideoServer, tmp_path: Path) -> None:
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


def test_test_examples_pass(pytester: pytest.Pytester) -> None:
    plugin, _, config, server = blocks("python")
    pytester.makepyfile(test_plugin=plugin, test_config=config, test_server=server)
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=3)


def test_example_of_jobs_is_a_part_of_the_document(document: Document) -> None:
    shown = yaml.safe_load(blocks("yaml")[0])["x-jobs"]["video"]
    declared = document.source.data["x-jobs"]["video"]
    assert shown["create"] in declared["create"]
    assert shown["poll"] == declared["poll"]
    assert shown["states"].keys() == declared["states"].keys()
    assert shown["fields"].items() <= declared["fields"].items()


@pytest.mark.parametrize("flag", re.findall(r"`serve (--[a-z-]+)", README + SERVER_MANUAL))
def test_documented_serve_options_exist(flag: str) -> None:
    assert flag in CliRunner().invoke(main, ["serve", "-h"]).output


def test_readme_mentions_every_command() -> None:
    for name in main.list_commands(main.make_context("aisa-testkit", [], resilient_parsing=True)):
        assert f"aisa-testkit {name}" in README


def test_readme_shows_the_commands_that_ci_runs() -> None:
    assert "\nscripts/install && scripts/test\n" in README
    assert "^scripts/install && scripts/test$" in (ROOT / ".ci" / "run").read_text("utf-8")
