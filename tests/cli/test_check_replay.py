"""`aisa-testkit check --replay`: checking a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.openapi import load_document
from tests.support.command_line import run_check
from tests.support.documents import RENDERINGS
from tests.support.stub_server import stub_server

KEY = "sk-live-3cr3t"


def check(*arguments: str) -> tuple[int, str]:
    return run_check(*arguments, key=KEY)


@pytest.fixture(scope="module")
def conforming(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The URL of a conforming server that has stopped, and the recording of its check."""
    path = tmp_path_factory.mktemp("recordings") / "conforming.har"
    clock = SystemClock(100)
    with serve_in_thread(load_document(), clock=clock, seed=1, api_keys=[KEY]) as server:
        url = server.base_url
        assert check(url, "--max-creates", "1", "--record", str(path))[0] == 0
    return url, path


@pytest.fixture
def failing(tmp_path: Path) -> tuple[str, Path, Any]:
    """The URL of a non-conforming server, the recording of its check and the JSON report."""

    async def reject(request: Request) -> Response:
        return JSONResponse({"error": f"no {KEY}"}, 400)

    path, report = tmp_path / "failing.har", tmp_path / "failing.json"
    with stub_server(reject) as origin:
        url = f"{origin}/v1"
        check(url, "--record", str(path), "--report", f"json={report}")
    return url, path, json.loads(report.read_text())


def test_recording_of_a_conforming_server_passes_and_costs_nothing(
    conforming: tuple[str, Path],
) -> None:
    _, path = conforming
    code, printed = check("--replay", str(path))
    assert code == 0
    assert f"  checks {path} and sends nothing" in printed.splitlines()
    assert printed.splitlines()[-1].startswith("no violation in ")
    assert "USD" not in printed


def test_replay_finds_the_violations_of_the_live_check(
    failing: tuple[str, Path, Any], tmp_path: Path
) -> None:
    url, path, live = failing
    report = tmp_path / "replayed.json"
    code, _ = check("--replay", str(path), "--report", f"json={report}")
    replayed = json.loads(report.read_text())
    assert (code, replayed["base_url"], replayed["plan"]) == (1, url, None)
    # A recording has only the digest of a file, so that the command cannot send the file.
    for violation in (*replayed["violations"], *live["violations"]):
        violation.pop("again")
    assert replayed["violations"] == live["violations"] != []
    assert replayed["requests"] == live["requests"]


@pytest.mark.parametrize("kind", ["har", "html", "json", "junit", "markdown"])
def test_replay_writes_every_report_format(
    failing: tuple[str, Path, Any], tmp_path: Path, kind: str
) -> None:
    _, path, _ = failing
    report = tmp_path / "report"
    assert check("--replay", str(path), "--report", f"{kind}={report}")[0] == 1
    assert KEY not in report.read_text()


def test_recording_of_a_replay_is_the_same(conforming: tuple[str, Path], tmp_path: Path) -> None:
    copies = [tmp_path / "1.har", tmp_path / "2.har"]
    assert check("--replay", str(conforming[1]), "--record", str(copies[0]))[0] == 0
    assert check("--replay", str(copies[0]), "--record", str(copies[1]))[0] == 0
    assert copies[0].read_text() == copies[1].read_text()


def test_base_url_selects_recorded_requests_and_must_match(conforming: tuple[str, Path]) -> None:
    url, path = conforming
    assert check(url, "--replay", str(path))[0] == 0
    code, printed = check("https://api.aisa.one/v1", "--replay", str(path))
    assert (code, printed.count("Error: ")) == (2, 1)
    assert "below https://api.aisa.one/v1; try another BASE_URL" in printed


def test_replay_takes_a_document_with_or_without_a_base_url(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.har", SystemClock(100)
    document = str(RENDERINGS)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        url = server.base_url
        recording = ["--record", str(path), "--max-creates", "1"]
        assert check(url, document, *recording)[0] == 0
    assert check(document, "--replay", str(path))[0] == 0
    assert check(url, document, "--replay", str(path))[0] == 0


def test_replay_with_another_document_is_a_usage_error(
    conforming: tuple[str, Path],
) -> None:
    code, printed = check(str(RENDERINGS), "--replay", str(conforming[1]))
    assert (code, printed.count("Error: ")) == (2, 1)
    assert "but none of Renderings below" in printed


def test_replay_with_a_missing_document_is_a_usage_error(conforming: tuple[str, Path]) -> None:
    code, printed = check("missing.yaml", "--replay", str(conforming[1]))
    assert (code, len(printed.splitlines()), "missing.yaml" in printed) == (2, 1, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the recording is empty"),
        ('{"log": {"entries": [', "is not valid JSON"),
        ("<html>", "is not valid JSON"),
        ("[]", "is not HAR"),
        ('{"log": {"entries": []}}', "the recording contains no requests"),
    ],
    ids=["empty", "truncated", "HTML", "other JSON", "no entries"],
)
def test_invalid_recording_is_a_usage_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    code, printed = check("--replay", str(path))
    (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert (code, line.startswith(f"Error: --replay {path}: ")) == (2, True)
    assert reason in line


def test_report_must_not_overwrite_the_replayed_recording(
    conforming: tuple[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(conforming[1].read_bytes())
    code, printed = check("--replay", str(path), "--report", f"html={path}")
    assert (code, printed.count("Error: ")) == (2, 1)
    assert path.read_bytes() == conforming[1].read_bytes()


@pytest.mark.parametrize("name", ["missing.har", "."], ids=["missing file", "folder"])
def test_unreadable_recording_is_a_usage_error(tmp_path: Path, name: str) -> None:
    code, printed = check("--replay", str(tmp_path / name))
    assert (code, f"--replay {tmp_path / name} cannot be read: " in printed) == (2, True)


@pytest.mark.parametrize("options", [["--resume", "video_1"], ["--keep"]], ids=["resume", "keep"])
def test_replay_cannot_be_combined_with_options_for_servers(
    conforming: tuple[str, Path], options: list[str]
) -> None:
    code, printed = check("--replay", str(conforming[1]), *options)
    assert (code, printed.count("Error: ")) == (2, 1)
    assert options[0] in printed
    assert "--replay" in printed


def test_replay_skips_excluded_rules(failing: tuple[str, Path, Any]) -> None:
    _, path, live = failing
    codes = {violation["code"] for violation in live["violations"]}
    code, printed = check("--replay", str(path), "--exclude", ",".join(codes))
    assert (code, "no violation in" in printed) == (0, True)


def test_check_without_base_url_and_recording_is_a_usage_error() -> None:
    code, printed = check()
    assert (code, "give the BASE_URL of a server, or --replay PATH" in printed) == (2, True)
