"""The reports of `aisa-testkit check`: written whatever comes of it, and never with the key."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from aisa_testkit.cli import main
from aisa_testkit.mock_server import SystemClock, VideoServer, serve_in_thread
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Document

KEY = "sk-live-3cr3t"
NAMES = {
    "har": "a.har",
    "html": "a.html",
    "json": "a.json",
    "junit": "a.xml",
    "markdown": "a.md",
}
ANYTHING = ["GET", "POST", "DELETE"]


@pytest.fixture
def server(document: Document) -> Iterator[VideoServer]:
    """The mock, a hundred times as fast as life, that lets one key in."""
    with serve_in_thread(document, clock=SystemClock(100), seed=1, api_keys=[KEY]) as server:
        yield server


@pytest.fixture
def parrot() -> Iterator[str]:
    """A server that refuses everything and quotes the key wherever it can."""

    async def quote(request: Request) -> Response:
        key = request.headers.get("authorization", "none").removeprefix("Bearer ")
        error = {"code": key, "message": f"Bad key {key}", "type": key, "param": key}
        headers = {"x-key": key, "www-authenticate": f'Bearer realm="{key}"', "set-cookie": key}
        return JSONResponse({"id": key, "status": key, "error": error}, 400, headers)

    with serve_app(Starlette(routes=[Route("/{rest:path}", quote, methods=ANYTHING)])) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def website() -> Iterator[str]:
    """A server that is not this API."""

    async def page(request: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    with serve_app(Starlette(routes=[Route("/{rest:path}", page, methods=ANYTHING)])) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def wanted(folder: Path) -> list[str]:
    """The options for every report, and for a recording."""
    reports = [["--report", f"{kind}={folder / name}"] for kind, name in NAMES.items()]
    return [*(word for report in reports for word in report), "--record", str(folder / "b.har")]


def check(*arguments: str, key: str = KEY, **environment: str) -> tuple[int, str]:
    """The exit code and everything that was printed."""
    settings = {
        "AISA_API_KEY": key,
        "AISA_TESTKIT_POLL_INTERVAL": "0.05",
        "AISA_TESTKIT_MAX_CREATES": "1",
        "GITHUB_ACTIONS": None,
        "GITHUB_STEP_SUMMARY": None,
        **environment,
    }
    result = CliRunner().invoke(main, ["check", *arguments], env=settings)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result.exit_code, result.output


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_report_is_written_and_they_agree(server: VideoServer, tmp_path: Path) -> None:
    code, printed = check(server.base_url, *wanted(tmp_path))
    reports = written(tmp_path)
    assert (code, set(reports)) == (0, {*NAMES.values(), "b.har"})
    told = json.loads(reports["a.json"])
    assert (told["exit_code"], told["headline"]) == (0, "no violation")
    assert printed.splitlines()[-1].startswith(f"no violation in {told['requests']} requests; ")
    assert len(json.loads(reports["a.har"])["log"]["entries"]) == told["requests"]
    assert reports["a.har"] == reports["b.har"]
    assert 'failures="0" errors="0"' in reports["a.xml"]
    assert set(told["versions"]) >= {"aisa-testkit", "python", "httpx2"}


def test_no_artefact_holds_the_key_though_the_server_quotes_it(parrot: str, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    summary = tmp_path / "summary.md"
    more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    code, printed = check(parrot, *wanted(folder), **more)
    assert code == 1
    texts = {**written(folder), "terminal": printed, "summary": summary.read_text()}
    for name, text in texts.items():
        assert KEY not in text, name
        assert len(text) > 100, name


def test_violations_are_reported_with_exit_code_1(parrot: str, tmp_path: Path) -> None:
    assert check(parrot, *wanted(tmp_path))[0] == 1
    reports = written(tmp_path)
    assert json.loads(reports["a.json"])["exit_code"] == 1
    assert Xml.fromstring(reports["a.xml"])[0].get("failures") != "0"
    assert reports["a.md"].startswith("## ❌ ")


def test_another_server_is_reported_with_exit_code_3_and_without_violations(
    website: str, tmp_path: Path
) -> None:
    assert check(website, *wanted(tmp_path))[0] == 3
    reports = written(tmp_path)
    told = json.loads(reports["a.json"])
    assert (told["exit_code"], told["violations"]) == (3, [])
    assert "this server does not seem to be AIsa Videos" in told["error"]
    suite = Xml.fromstring(reports["a.xml"])[0]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_a_refused_key_is_reported_with_exit_code_4(server: VideoServer, tmp_path: Path) -> None:
    assert check(server.base_url, *wanted(tmp_path), key="sk-wr0ng-k3y")[0] == 4
    reports = written(tmp_path)
    told = json.loads(reports["a.json"])
    assert (told["exit_code"], told["ledger"]["spent"]) == (4, "0.00")
    assert not any("sk-wr0ng-k3y" in text for text in reports.values())


def test_a_plan_over_the_budget_is_reported_with_exit_code_5(tmp_path: Path) -> None:
    limit = ["--max-spend", "0.01"]
    assert check("http://127.0.0.1:1/v1", *limit, *wanted(tmp_path))[0] == 5
    told = json.loads(written(tmp_path)["a.json"])
    assert (told["exit_code"], told["requests"], told["plan"]["total"]) == (5, 0, "0.40")
    assert told["ledger"]["max_spend"] == "0.01"


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["Ctrl-C", "the end of CI", "a terminal that is closed"],
)
def test_a_check_that_is_stopped_is_reported_with_exit_code_130(
    document: Document, tmp_path: Path, number: signal.Signals
) -> None:
    with serve_in_thread(document, clock=SystemClock(1), api_keys=[KEY]) as server:
        command = [sys.executable, "-m", "aisa_testkit", "check", server.base_url]
        with subprocess.Popen(
            [*command, "--max-creates", "1", *wanted(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "AISA_API_KEY": KEY},
        ) as process:
            try:
                job = told_job(process)
                process.send_signal(number)
                assert process.stdout is not None
                printed = process.stdout.read()
                process.wait(timeout=20)
            finally:
                process.kill()
    reports = written(tmp_path)
    told = json.loads(reports["a.json"])
    assert (process.returncode, told["exit_code"], told["error"]) == (
        130,
        130,
        "stopped before the end",
    )
    assert (told["left"], told["ledger"]["spent"]) == ([job], "0.40")
    assert f"--resume {job}" in printed
    assert all(job in reports[name] for name in ("a.html", "a.md", "b.har"))
    assert not any(KEY in text for text in (*reports.values(), printed))


def told_job(process: subprocess.Popen[str]) -> str:
    """The job that a check says it has made, as soon as it does: only then it knows of it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  created "):
            return line.removeprefix("  created ").strip()
    raise AssertionError("no job was made")


def test_github_is_told_by_annotations_and_a_summary(parrot: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("Before\n")
    code, printed = check(parrot, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert (code, "\n::error title=AV1" in printed) == (1, True)
    text = summary.read_text()
    assert text.startswith("Before\n")
    assert "## ❌ AIsa Videos: " in text


def test_elsewhere_nobody_is_told_what_github_is(parrot: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    _, printed = check(parrot, GITHUB_STEP_SUMMARY=str(summary))
    assert ("::error" in printed, summary.exists()) == (False, False)


def test_a_summary_that_cannot_be_written_changes_no_exit_code(
    server: VideoServer, tmp_path: Path
) -> None:
    more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}
    code, printed = check(server.base_url, **more)
    assert (code, f"{tmp_path} cannot be written" in printed) == (0, True)


def test_a_report_that_fails_at_the_end_is_told_and_spares_the_others(
    server: VideoServer, tmp_path: Path
) -> None:
    good = tmp_path / "a.json"
    code, printed = check(server.base_url, "--report", "html=/dev/full", "--report", f"json={good}")
    assert (code, "Error: /dev/full cannot be written: " in printed) == (2, True)
    assert json.loads(good.read_text())["exit_code"] == 0


@pytest.mark.parametrize(
    "url",
    ["http://u:s3cret@h/v1", "http://u@h/v1", "http://h/v1?key=s3cret", "http://h/v1#s3cret"],
    ids=["password", "user", "query", "fragment"],
)
def test_a_base_url_that_may_hold_a_secret_is_refused_without_showing_it(
    url: str, tmp_path: Path
) -> None:
    code, printed = check(url, *wanted(tmp_path))
    assert (code, len(printed.splitlines())) == (2, 1)
    assert "s3cret" not in printed
    assert "no user, query or fragment" in printed
    assert written(tmp_path) == {}


@pytest.mark.parametrize("more", ["\n::error::x", "\x1b[2J", "\r"], ids=["lines", "ANSI", "return"])
def test_an_id_of_a_job_gives_the_terminal_no_orders(more: str) -> None:
    async def answer(request: Request) -> Response:
        body = {"error": {"message": "no", "type": "x", "param": None, "code": None}}
        accepted = request.method == "POST" and b"lighthouse" in await request.body()
        return JSONResponse(
            {"id": f"video_1{more}"} if accepted else body, 200 if accepted else 404
        )

    with serve_app(Starlette(routes=[Route("/{rest:path}", answer, methods=ANYTHING)])) as listener:
        _, printed = check(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert "video_1" in printed
    assert more not in printed
