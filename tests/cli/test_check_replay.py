"""`aisa-testkit check --replay`: recorded traffic is judged, and nothing is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aisa_testkit.cli import main
from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import load_document
from tests.support.documents import RENDERINGS

KEY = "sk-live-3cr3t"


def check(*arguments: str) -> tuple[int, str]:
    environment = {"AISA_API_KEY": KEY, "AISA_TESTKIT_POLL_INTERVAL": "0.05"}
    result = CliRunner().invoke(main, ["check", *arguments], env=environment)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert KEY not in result.output
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The URL of a right server, which has gone, and the recording of a check of it."""
    path = tmp_path_factory.mktemp("recordings") / "right.har"
    clock = SystemClock(100)
    with serve_in_thread(load_document(), clock=clock, seed=1, api_keys=[KEY]) as server:
        url = server.base_url
        assert check(url, "--max-creates", "1", "--record", str(path))[0] == 0
    return url, path


@pytest.fixture
def wrong(tmp_path: Path) -> tuple[str, Path, Any]:
    """The same of a server that is wrong, and its report."""

    async def refuse(request: Request) -> Response:
        return JSONResponse({"error": f"no {KEY}"}, 400)

    path, report = tmp_path / "wrong.har", tmp_path / "wrong.json"
    routes = [Route("/{rest:path}", refuse, methods=["GET", "POST", "DELETE"])]
    with serve_app(Starlette(routes=routes)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        check(url, "--record", str(path), "--report", f"json={report}")
    return url, path, json.loads(report.read_text())


def test_a_right_recording_passes_and_costs_nothing(right: tuple[str, Path]) -> None:
    _, path = right
    code, printed = check("--replay", str(path))
    assert code == 0
    assert f"  checks {path} and sends nothing" in printed.splitlines()
    assert printed.splitlines()[-1].startswith("no violation in ")
    assert "USD" not in printed


def test_a_wrong_recording_has_the_violations_of_the_live_run(
    wrong: tuple[str, Path, Any], tmp_path: Path
) -> None:
    url, path, live = wrong
    report = tmp_path / "replayed.json"
    code, _ = check("--replay", str(path), "--report", f"json={report}")
    told = json.loads(report.read_text())
    assert (code, told["base_url"], told["plan"]) == (1, url, None)
    assert told["violations"] == live["violations"] != []
    assert told["requests"] == live["requests"]


@pytest.mark.parametrize("kind", ["har", "html", "json", "junit", "markdown"])
def test_every_report_can_be_made_of_a_recording(
    wrong: tuple[str, Path, Any], tmp_path: Path, kind: str
) -> None:
    _, path, _ = wrong
    report = tmp_path / "report"
    assert check("--replay", str(path), "--report", f"{kind}={report}")[0] == 1
    assert KEY not in report.read_text()


def test_a_recording_of_a_recording_is_the_same(right: tuple[str, Path], tmp_path: Path) -> None:
    copies = [tmp_path / "1.har", tmp_path / "2.har"]
    assert check("--replay", str(right[1]), "--record", str(copies[0]))[0] == 0
    assert check("--replay", str(copies[0]), "--record", str(copies[1]))[0] == 0
    assert copies[0].read_text() == copies[1].read_text()


def test_a_base_url_chooses_and_a_wrong_one_is_told(right: tuple[str, Path]) -> None:
    url, path = right
    assert check(url, "--replay", str(path))[0] == 0
    code, printed = check("https://api.aisa.one/v1", "--replay", str(path))
    assert (code, printed.count("Error: ")) == (2, 1)
    assert "below https://api.aisa.one/v1; try another BASE_URL" in printed


def test_a_document_may_stand_alone_or_behind_the_base_url(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.har", SystemClock(100)
    document = str(RENDERINGS)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        url = server.base_url
        recording = ["--record", str(path), "--max-creates", "1"]
        assert check(url, document, *recording)[0] == 0
    assert check(document, "--replay", str(path))[0] == 0
    assert check(url, document, "--replay", str(path))[0] == 0


def test_a_document_that_is_not_that_of_the_recording_finds_nothing(
    right: tuple[str, Path],
) -> None:
    code, printed = check(str(RENDERINGS), "--replay", str(right[1]))
    assert (code, printed.count("Error: ")) == (2, 1)
    assert "but none of Renderings below" in printed


def test_a_document_that_is_not_there_is_told_in_one_line(right: tuple[str, Path]) -> None:
    code, printed = check("nowhere.yaml", "--replay", str(right[1]))
    assert (code, len(printed.splitlines()), "nowhere.yaml" in printed) == (2, 1, True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the recording is empty"),
        ('{"log": {"entries": [', "is not valid JSON"),
        ("<html>", "is not valid JSON"),
        ("[]", "is not HAR"),
        ('{"log": {"entries": []}}', "the recording contains no requests"),
    ],
    ids=["empty", "cut off", "HTML", "another JSON", "no entries"],
)
def test_what_is_no_recording_is_told_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    code, printed = check("--replay", str(path))
    (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert (code, line.startswith(f"Error: --replay {path}: ")) == (2, True)
    assert told in line


def test_no_report_overwrites_the_recording(right: tuple[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(right[1].read_bytes())
    code, printed = check("--replay", str(path), "--report", f"html={path}")
    assert (code, printed.count("Error: ")) == (2, 1)
    assert path.read_bytes() == right[1].read_bytes()


@pytest.mark.parametrize("name", ["nowhere.har", "."], ids=["no file", "a folder"])
def test_a_recording_that_cannot_be_read_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    code, printed = check("--replay", str(tmp_path / name))
    assert (code, f"--replay {tmp_path / name} cannot be read: " in printed) == (2, True)


@pytest.mark.parametrize("more", [["--resume", "video_1"], ["--keep"]], ids=["resume", "keep"])
def test_what_only_a_server_can_do_is_refused(right: tuple[str, Path], more: list[str]) -> None:
    code, printed = check("--replay", str(right[1]), *more)
    assert (code, printed.count("Error: ")) == (2, 1)
    assert more[0] in printed
    assert "--replay" in printed


def test_rules_can_be_chosen_for_a_recording(wrong: tuple[str, Path, Any]) -> None:
    _, path, live = wrong
    codes = {violation["code"] for violation in live["violations"]}
    code, printed = check("--replay", str(path), "--exclude", ",".join(codes))
    assert (code, "no violation in" in printed) == (0, True)


def test_without_a_base_url_and_a_recording_there_is_nothing_to_check() -> None:
    code, printed = check()
    assert (code, "give the BASE_URL of a server, or --replay PATH" in printed) == (2, True)
