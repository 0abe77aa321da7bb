"""The bundled documents pass two widely used linters."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from aisa_testkit.openapi import load_document


@pytest.fixture(params=["aisa-videos", "aisa-wan", "openai-videos"])
def npx(
    request: pytest.FixtureRequest, tool: Callable[[str], str], tmp_path: Path
) -> Callable[..., str]:
    """Return a function that runs an npm program on a copy of a bundled document, as JSON."""
    path = tool("npx")
    document = load_document(request.param, strict=True)
    (tmp_path / "openapi.yaml").write_text(document.source.text, "utf-8")

    def run(*arguments: str) -> str:
        quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
        done = subprocess.run(
            [path, "--yes", *arguments],
            cwd=tmp_path,
            env={**os.environ, **quiet},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stdout.strip(), done.stderr
        return done.stdout

    return run


# OpenAI's videos have the paths /videos/characters/{id} and /videos/{id}/content, which are
# ambiguous in theory alone: no id is a word of a path.
def test_redocly_reports_no_problem(npx: Callable[..., str]) -> None:
    rules = ("--extends=recommended", "--skip-rule=no-ambiguous-paths")
    text = npx("@redocly/cli@2", "lint", *rules, "--format=json", "openapi.yaml")
    report = json.loads(text)
    assert report["problems"] == []
    assert report["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}


def test_spectral_reports_no_problem(npx: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text('extends: ["spectral:oas"]\n', "utf-8")
    text = npx(
        "@stoplight/spectral-cli@6",
        *("lint", "-F", "hint", "-r", "rules.yaml", "-f", "json", "--quiet", "openapi.yaml"),
    )
    assert json.loads(text) == []
