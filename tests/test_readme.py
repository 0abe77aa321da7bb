"""The examples and lists in README and the server manual are correct."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aisa_testkit.cli import main
from aisa_testkit.mock_server import SystemClock, VideoServer, serve_in_thread
from aisa_testkit.openapi import load_document
from tests.support.command_line import run_check

ROOT = Path(__file__).parent.parent
KITES = ROOT / "tests" / "documents" / "kites.yaml"
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


def test_example_of_another_api_is_served_and_passes_its_check(tmp_path: Path) -> None:
    overlay = tmp_path / "jobs.yaml"
    overlay.write_text(blocks("yaml")[0], "utf-8")
    document = load_document(KITES, overlays=[overlay])
    assert document.warnings == ()
    with serve_in_thread(document, clock=SystemClock(1000), seed=1) as server:
        files = [server.base_url, str(KITES), "--overlay", str(overlay)]
        code, printed = run_check(*files, key="sk-1")
    assert code == 0, printed


@pytest.mark.parametrize("flag", re.findall(r"`serve (--[a-z-]+)", README + SERVER_MANUAL))
def test_documented_serve_options_exist(flag: str) -> None:
    assert flag in CliRunner().invoke(main, ["serve", "-h"]).output


def test_readme_mentions_every_command() -> None:
    for name in main.list_commands(main.make_context("aisa-testkit", [], resilient_parsing=True)):
        assert f"aisa-testkit {name}" in README


def test_readme_shows_the_commands_that_ci_runs() -> None:
    assert "\nscripts/install && scripts/test\n" in README
    assert "^scripts/install && scripts/test$" in (ROOT / ".ci" / "run").read_text("utf-8")
