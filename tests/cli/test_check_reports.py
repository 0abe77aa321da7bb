"""The reports of `aisa-testkit check`: written for every exit code, and without the API key."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from aisa_testkit.mock_server import SystemClock, VideoServer, serve_in_thread
from aisa_testkit.openapi import Document, parse_document
from tests.support.command_line import run_check
from tests.support.signals import STOPPING, ignoring
from tests.support.stub_server import stub_server

KEY = "sk-live-3cr3t"
NAMES = {
    "har": "a.har",
    "html": "a.html",
    "json": "a.json",
    "junit": "a.xml",
    "markdown": "a.md",
}


@pytest.fixture
def server(document: Document) -> Iterator[VideoServer]:
    """A mock with a fast clock that accepts one API key."""
    with serve_in_thread(document, clock=SystemClock(100), seed=1, api_keys=[KEY]) as server:
        yield server


def encoded(key: str) -> str:
    """The credentials as a server may log them."""
    return f"{b64encode(f'user:{key}'.encode()).decode()} {key.encode().hex()}"


@pytest.fixture
def key_echo() -> Iterator[str]:
    """A server that rejects every request and returns the API key in many places."""

    async def echo_key(request: Request) -> Response:
        key = request.headers.get("authorization", "none").removeprefix("Bearer ")
        error = {
            "code": key,
            "message": f"Bad key {key}: {encoded(key)}",
            "type": key,
            "param": key,
        }
        headers = {
            "x-key": key,
            "www-authenticate": f'Bearer realm="{key}"',
            "set-cookie": key,
            "x-sent": encoded(key),
        }
        return JSONResponse({"id": key, "status": key, "error": error}, 400, headers)

    with stub_server(echo_key) as url:
        yield url


@pytest.fixture
def website() -> Iterator[str]:
    """A server of another kind."""

    async def page(request: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    with stub_server(page) as url:
        yield url


def report_options(folder: Path) -> list[str]:
    """The options for every report and a recording in this folder."""
    reports = [["--report", f"{kind}={folder / name}"] for kind, name in NAMES.items()]
    return [*(word for report in reports for word in report), "--record", str(folder / "b.har")]


def check(*arguments: str, key: str = KEY, **environment: str) -> tuple[int, str]:
    settings: dict[str, str | None] = {
        "AISA_TESTKIT_MAX_CREATES": "1",
        "GITHUB_ACTIONS": None,
        "GITHUB_STEP_SUMMARY": None,
    }
    return run_check(*arguments, key=key, env={**settings, **environment})


def files_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in folder.iterdir()}


def test_all_reports_are_written_and_agree(server: VideoServer, tmp_path: Path) -> None:
    code, printed = check(server.base_url, *report_options(tmp_path))
    reports = files_in(tmp_path)
    assert (code, set(reports)) == (0, {*NAMES.values(), "b.har"})
    report = json.loads(reports["a.json"])
    assert (report["exit_code"], report["headline"]) == (0, "no violation")
    assert printed.splitlines()[-1].startswith(f"no violation in {report['requests']} requests; ")
    assert len(json.loads(reports["a.har"])["log"]["entries"]) == report["requests"]
    assert reports["a.har"] == reports["b.har"]
    assert 'failures="0" errors="0"' in reports["a.xml"]
    assert set(report["versions"]) >= {"aisa-testkit", "python", "httpx2"}


def test_api_key_in_responses_is_redacted_in_every_report(key_echo: str, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    summary = tmp_path / "summary.md"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    code, printed = check(key_echo, *report_options(folder), **github)
    assert code == 1
    texts = {**files_in(folder), "terminal": printed, "summary": summary.read_text()}
    for name, text in texts.items():
        for part in (KEY, *encoded(KEY).split()):
            assert part not in text, name
        assert len(text) > 100, name
    sent = [*folder.rglob("*-request-*")]
    assert sent
    assert not any(KEY.encode() in path.read_bytes() for path in sent)


def test_reports_of_violations_have_exit_code_1(key_echo: str, tmp_path: Path) -> None:
    assert check(key_echo, *report_options(tmp_path))[0] == 1
    reports = files_in(tmp_path)
    assert json.loads(reports["a.json"])["exit_code"] == 1
    assert Xml.fromstring(reports["a.xml"])[0].get("failures") != "0"
    assert reports["a.md"].startswith("## ❌ ")


def _fail_jobs(server: VideoServer) -> None:
    for _ in range(2):
        server.next_job(outcome="failed")


def _reject_polls(server: VideoServer) -> None:
    server.fail("getVideo", status=401, times=1000)
    server.fail("getVideoContent", status=401, times=1000)


def _limit_polls(server: VideoServer) -> None:
    server.fail("getVideo", status=429, times=1000)


def _limit_creates(server: VideoServer) -> None:
    server.fail("createVideo", status=429, times=1000)


@pytest.mark.parametrize(
    ("break_server", "problem"),
    [
        (_fail_jobs, "no job completed"),
        (_reject_polls, "no job completed"),
        (_limit_polls, "no job completed"),
        (_limit_creates, "no job was created"),
    ],
)
def test_reports_without_a_completed_job_have_exit_code_6_and_the_unchecked_rules(
    server: VideoServer,
    tmp_path: Path,
    break_server: Callable[[VideoServer], None],
    problem: str,
) -> None:
    break_server(server)
    code, printed = check(server.base_url, *report_options(tmp_path))
    assert code == 6, printed
    reports = files_in(tmp_path)
    report = json.loads(reports["a.json"])
    assert (report["exit_code"], report["violations"]) == (6, [])
    assert report["headline"].startswith(f"no violation so far; {problem}; not checked: ")
    assert "AV225" in report["headline"]
    for name in ("a.xml", "a.md", "a.html"):
        assert report["headline"] in reports[name], name
    for text in (reports["a.md"], reports["a.html"], printed):
        assert "no download of a completed job" in text
    suite = Xml.fromstring(reports["a.xml"])[0]
    assert suite.get("errors") == "1"
    sizes = [c for c in suite.iter("testcase") if str(c.get("name")).startswith("AV225")]
    assert all(case.find("skipped") is not None for case in sizes)
    assert reports["a.md"].startswith("## ⚠️ ")
    assert "no violation so far in " in printed.splitlines()[-1]


def test_reports_on_another_api_have_exit_code_3_and_no_violations(
    website: str, tmp_path: Path
) -> None:
    assert check(website, *report_options(tmp_path))[0] == 3
    reports = files_in(tmp_path)
    report = json.loads(reports["a.json"])
    assert (report["exit_code"], report["violations"]) == (3, [])
    assert "this server does not seem to be AIsa Videos" in report["error"]
    suite = Xml.fromstring(reports["a.xml"])[0]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_reports_on_a_rejected_api_key_have_exit_code_4(
    server: VideoServer, tmp_path: Path
) -> None:
    assert check(server.base_url, *report_options(tmp_path), key="sk-wr0ng-k3y")[0] == 4
    reports = files_in(tmp_path)
    report = json.loads(reports["a.json"])
    assert (report["exit_code"], report["ledger"]["spent"]) == (4, "0.00")
    assert not any("sk-wr0ng-k3y" in text for text in reports.values())


def test_reports_on_a_plan_over_the_budget_have_exit_code_5(tmp_path: Path) -> None:
    limit = ["--max-spend", "0.01"]
    assert check("http://127.0.0.1:1/v1", *limit, *report_options(tmp_path))[0] == 5
    report = json.loads(files_in(tmp_path)["a.json"])
    assert (report["exit_code"], report["requests"], report["plan"]["total"]) == (5, 0, "0.40")
    assert report["ledger"]["max_spend"] == "0.01"


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)
def test_reports_of_an_interrupted_check_have_exit_code_130(
    document: Document, tmp_path: Path, number: signal.Signals
) -> None:
    with serve_in_thread(document, clock=SystemClock(1), api_keys=[KEY]) as server:
        command = [sys.executable, "-m", "aisa_testkit", "check", server.base_url]
        with subprocess.Popen(
            [*command, "--max-creates", "1", *report_options(tmp_path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "AISA_API_KEY": KEY},
        ) as process:
            try:
                job = created_job(process)
                process.send_signal(number)
                assert process.stdout is not None
                printed = process.stdout.read()
                process.wait(timeout=20)
            finally:
                process.kill()
    reports = files_in(tmp_path)
    report = json.loads(reports["a.json"])
    assert (process.returncode, report["exit_code"], report["error"]) == (
        130,
        130,
        "stopped before the end",
    )
    assert (report["left"], report["ledger"]["spent"]) == ([job], "0.40")
    assert f"--resume {job}" in printed
    assert all(job in reports[name] for name in ("a.html", "a.md", "b.har"))
    assert not any(KEY in text for text in (*reports.values(), printed))


def test_check_ignores_signals_that_were_ignored_at_its_start(document: Document) -> None:
    """Ctrl-C or a hangup is not meant for a check in the background or under nohup."""
    with serve_in_thread(document, clock=SystemClock(5), api_keys=[KEY]) as server:
        command = [sys.executable, "-m", "aisa_testkit", "check", server.base_url]
        with subprocess.Popen(
            ignoring(STOPPING, [*command, "--max-creates", "1", "--poll-interval", "0.2"]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "AISA_API_KEY": KEY},
        ) as process:
            try:
                created_job(process)
                for number in STOPPING:
                    process.send_signal(number)
                printed, _ = process.communicate(timeout=60)
            finally:
                process.kill()
    assert process.returncode == 0, printed
    assert "stopped before the end" not in printed


def created_job(process: subprocess.Popen[str]) -> str:
    """The id of the job, as soon as the check has printed it."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("  created "):
            return line.removeprefix("  created ").strip()
    raise AssertionError("no job was created")


def test_github_actions_gets_annotations_and_a_summary(key_echo: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("Before\n")
    code, printed = check(key_echo, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=str(summary))
    assert (code, "\n::error title=AV1" in printed) == (1, True)
    text = summary.read_text()
    assert text.startswith("Before\n")
    assert "## ❌ AIsa Videos: " in text


def test_no_annotations_outside_github_actions(key_echo: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    _, printed = check(key_echo, GITHUB_STEP_SUMMARY=str(summary))
    assert ("::error" in printed, summary.exists()) == (False, False)


def test_unwritable_github_summary_does_not_change_the_exit_code(
    server: VideoServer, tmp_path: Path
) -> None:
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)}
    code, printed = check(server.base_url, **github)
    assert (code, f"{tmp_path} cannot be written" in printed) == (0, True)


def test_unwritable_report_is_reported_and_the_others_are_written(
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
def test_base_url_with_credentials_or_query_is_rejected_and_redacted(
    url: str, tmp_path: Path
) -> None:
    code, printed = check(url, *report_options(tmp_path))
    assert (code, len(printed.splitlines())) == (2, 1)
    assert "s3cret" not in printed
    assert "no user, query or fragment" in printed
    assert files_in(tmp_path) == {}


@pytest.mark.parametrize(
    "control",
    ["\n::error::x", "\x1b[2J", "\r", "##[error]"],
    ids=["line breaks", "ANSI escape", "carriage return", "command to a CI system"],
)
def test_control_characters_in_a_job_id_are_escaped(control: str) -> None:
    async def respond(request: Request) -> Response:
        body = {"error": {"message": "no", "type": "x", "param": None, "code": None}}
        accepted = request.method == "POST" and b"lighthouse" in await request.body()
        return JSONResponse(
            {"id": f"video_1{control}"} if accepted else body, 200 if accepted else 404
        )

    with stub_server(respond) as url:
        _, printed = check(url)
    assert "video_1" in printed
    assert control not in printed


@pytest.mark.parametrize("reported", [True, False], ids=["with a report", "without"])
def test_long_value_goes_to_a_file_that_the_curl_command_names(
    document: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reported: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    text = document.source.text
    assert "maxLength: 32000\n" in text
    tolerant = parse_document(text.replace("maxLength: 32000\n", "maxLength: 99999\n"))
    report = [f"--report=html={tmp_path / 'check.html'}"] if reported else []
    with serve_in_thread(tolerant, clock=SystemClock(100), api_keys=[KEY]) as server:
        code, printed = run_check(server.base_url, *report, key=KEY)
    assert (code, "AV110 invalid request accepted" in printed) == (1, True)
    assert max(map(len, printed.splitlines())) < 500
    (path,) = re.findall("-F 'prompt=<(.*)'", printed)
    assert Path(path).read_text() == "x" * 32_001
    start = "check-request-" if reported else "aisa-testkit-[0-9a-f]{8}-request-"
    assert re.fullmatch(f"{re.escape(str(tmp_path))}/{start}[0-9]+-prompt", path)
    if reported:
        assert path in (tmp_path / "check.html").read_text()


def test_conforming_server_leaves_no_files_of_requests(server: VideoServer, tmp_path: Path) -> None:
    code, _ = run_check(server.base_url, f"--report=html={tmp_path / 'a.html'}", key=KEY)
    assert (code, [path.name for path in tmp_path.iterdir()]) == (0, ["a.html"])
