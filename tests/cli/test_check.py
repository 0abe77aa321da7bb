"""`aisa-testkit check`: its exit codes, what it says, and what it must never say."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from aisa_testkit.cli import main
from aisa_testkit.mock_server import SystemClock, VideoServer, serve_in_thread
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Document, load_document
from tests.support.documents import RENDERINGS

KEY = "sk-live-3cr3t"
HEADERS = {"Authorization": f"Bearer {KEY}"}
PLAN = [
    "  23 invalid requests (free)",
    "  2 jobs at 0.40 USD each, 0.80 USD in all",
]


@pytest.fixture
def server(document: Document) -> Iterator[VideoServer]:
    """The mock, a hundred times as fast as life, that lets one key in."""
    with serve_in_thread(document, clock=SystemClock(100), seed=1, api_keys=[KEY]) as server:
        yield server


def check(*arguments: str, key: str | None = KEY) -> tuple[int, str]:
    """The exit code and everything that was printed, in which the key must never be."""
    environment = {"AISA_API_KEY": key, "AISA_TESTKIT_POLL_INTERVAL": "0.05"}
    result = CliRunner().invoke(main, ["check", *arguments], env=environment)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert not key or key not in result.output
    return result.exit_code, result.output


def jobs(server: VideoServer) -> list[str]:
    listed = httpx2.get(f"{server.base_url}/videos", headers=HEADERS).json()["data"]
    return [job["id"] for job in listed]


@pytest.fixture
def html() -> Iterator[str]:
    """A server that is not this API: HTML for everything, with status 200."""

    def page(request: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    methods = ["GET", "POST", "DELETE"]
    with serve_app(Starlette(routes=[Route("/{rest:path}", page, methods=methods)])) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_right_server_passes_with_its_plan_and_its_bill(server: VideoServer) -> None:
    code, printed = check(server.base_url)
    lines = printed.splitlines()
    assert (code, lines[1:3]) == (0, PLAN)
    assert lines[0] == f"Check of AIsa Videos 1.0.0 at {server.base_url}"
    told = r"no violation in [0-9]+ requests; 2 jobs, at most 0\.80 USD"
    assert re.fullmatch(told, lines[-1])
    assert jobs(server) == []


def test_another_document_is_checked_as_well() -> None:
    clock = SystemClock(100)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        code, printed = check(server.base_url, str(RENDERINGS), "--max-creates", "1")
    assert (code, "1 job at 0.05 EUR each, 0.05 EUR in all" in printed) == (0, True)
    assert "no violation" in printed


def test_a_dry_run_sends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        code, printed = check(url, "--dry-run")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (code, [line for line in printed.splitlines() if line in PLAN]) == (0, PLAN)


def test_a_dry_run_lists_what_is_to_be_refused() -> None:
    _, printed = check("http://127.0.0.1:1", "--dry-run")
    assert "    POST /videos: no API key\n" in printed
    assert "    GET /videos/{video_id}: an unknown job id\n" in printed
    assert len(re.findall("^    [A-Z]+ /", printed, re.MULTILINE)) == 23


def test_a_limit_of_no_job_is_over_the_budget_but_for_a_job_of_before(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--max-creates", "0")
    assert (code, "the plan creates a job, but --max-creates is 0" in printed) == (5, True)
    made = httpx2.post(f"{server.base_url}/videos", json={"prompt": "x"}, headers=HEADERS).json()
    assert check(server.base_url, "--max-creates", "0", "--resume", made["id"])[0] == 0


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=["for real", "dry run"])
def test_a_plan_over_the_budget_is_refused_before_the_first_request(more: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        code, printed = check(url, "--max-spend", "0.79", *more)
        with pytest.raises(BlockingIOError):
            listener.accept()
    told = "Error: the plan costs 0.80 USD, but --max-spend is 0.79"
    assert (code, printed.splitlines()[-1]) == (5, told)


def test_a_budget_for_a_document_without_prices_is_refused(tmp_path: Path) -> None:
    text = RENDERINGS.read_text()
    start, end = text.index("      x-price:"), text.index("      requestBody:")
    unpriced = tmp_path / "unpriced.yaml"
    unpriced.write_text(text[:start] + text[end:])
    code, printed = check("http://127.0.0.1:1", str(unpriced), "--max-spend", "100")
    assert code == 5
    assert "the document has no x-price" in printed


def test_a_job_is_resumed_at_no_cost_and_left(server: VideoServer) -> None:
    made = httpx2.post(f"{server.base_url}/videos", json={"prompt": "x"}, headers=HEADERS).json()
    code, printed = check(server.base_url, "--resume", made["id"], "--max-spend", "0")
    assert (code, f"  checks job {made['id']} and creates none" in printed) == (0, True)
    assert jobs(server) == [made["id"]]


@pytest.mark.parametrize("job", ["", "video_nope"], ids=["no id", "an id of no job"])
def test_what_cannot_be_resumed_is_no_success_and_makes_no_job(
    server: VideoServer, job: str
) -> None:
    code, printed = check(server.base_url, "--resume", job, "--keep")
    assert jobs(server) == []
    assert code != 0, printed


def test_keep_leaves_the_jobs_and_says_how_to_follow_them(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--keep")
    left = jobs(server)
    assert (code, len(left)) == (0, 2)
    for job in left:
        assert f"Not deleted: {job}; check it with --resume {job}" in printed.splitlines()


@pytest.mark.parametrize("more", [[], ["--resume", "video_1"]], ids=["new", "resumed"])
def test_a_wrong_key_is_told_with_a_code_of_its_own(server: VideoServer, more: list[str]) -> None:
    code, printed = check(server.base_url, *more, key="sk-wr0ng-k3y")
    assert (code, "Error: the server rejects the API key with status 401" in printed) == (4, True)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    code, printed = check(url)
    *_, told = printed.splitlines()
    assert (code, told.startswith(f"Error: {url} does not respond: ")) == (3, True)


@pytest.mark.parametrize(
    "url", ["api.aisa.one/v1", "ftp://h/v1", "http://", "http://[::1", "http://h:99999/v1", ""]
)
def test_a_url_that_is_none_is_told_in_one_line(url: str) -> None:
    code, printed = check(url)
    told = f"Error: BASE_URL must be a URL such as https://api.aisa.one/v1, not {url!r}\n"
    assert (code, printed) == (2, told)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-spend", "much"],
        ["--max-spend", "-1"],
        ["--max-spend", "nan"],
        ["--max-creates", "-1"],
        ["--timeout", "nan"],
        ["--timeout", "-1"],
        ["--poll-interval", "-1"],
        ["--grade", "guessed"],
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be_is_refused_by_name(arguments: list[str]) -> None:
    code, printed = check("http://127.0.0.1:1", *arguments, "--dry-run")
    assert (code, arguments[0] in printed) == (2, True)


def test_a_server_elsewhere_wants_a_key() -> None:
    code, printed = check("https://h.invalid/v1", key=None)
    reason = "https://h.invalid/v1 is not on this machine and needs an API key"
    assert (code, printed) == (2, f"Error: {reason}: set AISA_API_KEY\n")
    code, printed = check("https://h.invalid/v1", "--api-key-env", "OTHER", key=None)
    assert (code, printed.endswith("set OTHER\n")) == (2, True)


@pytest.mark.parametrize("key", ["sk-1\nx3cr3t", "sk-ключ"], ids=["two lines", "beyond ASCII"])
def test_a_key_that_no_header_can_hold_is_told_without_it(server: VideoServer, key: str) -> None:
    code, printed = check(server.base_url, key=key)
    assert (code, "x3cr3t" in printed) == (2, False)


def test_a_server_of_something_else_is_told_in_one_line_and_costs_nothing(html: str) -> None:
    code, printed = check(html)
    told = "Error: this server does not seem to be AIsa Videos: POST /videos returned status 200"
    told += " with text/html"
    assert (code, printed.splitlines()[3:]) == (
        3,
        [f"{told}; charset=utf-8; is the base URL right?", "nothing was checked"],
    )


def test_a_base_url_that_is_a_little_wrong_is_told_in_one_line(server: VideoServer) -> None:
    code, printed = check(f"{server.base_url}/nowhere")
    assert (code, "returned status 404 with application/json; is the" in printed) == (3, True)
    assert jobs(server) == []


def test_a_violation_has_its_line_of_curl() -> None:
    async def create(request: Request) -> Response:
        return JSONResponse({"error": "no"}, 400)

    with serve_app(Starlette(routes=[Route("/videos", create, methods=["POST"])])) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        code, printed = check(url, "--grade", "vendor-wide")
    again = [line.strip() for line in printed.splitlines() if line.startswith("  repeat ")]
    assert code == 1
    assert (
        f"repeat    curl -X POST {url}/videos"
        ' -H "authorization: Bearer $AISA_API_KEY"'
        " --form-string 'prompt=A lighthouse in a storm'"
    ) in again


def test_a_key_that_the_server_sends_back_is_not_told() -> None:
    async def parrot(request: Request) -> Response:
        key = request.headers.get("authorization", "none")
        return JSONResponse({"id": key, "status": key, "error": {"code": key, "message": key}}, 400)

    methods = ["GET", "POST", "DELETE"]
    with serve_app(Starlette(routes=[Route("/{rest:path}", parrot, methods=methods)])) as listener:
        code, printed = check(f"http://127.0.0.1:{listener.getsockname()[1]}")
    assert (code, "AV1" in printed) == (1, True)


def test_a_redirecting_base_url_is_told_with_its_target_and_costs_nothing(
    server: VideoServer,
) -> None:
    async def elsewhere(request: Request) -> Response:
        return RedirectResponse(f"{server.base_url}{request.url.path}", 302)

    methods = ["GET", "POST", "DELETE"]
    moved = Starlette(routes=[Route("/{rest:path}", elsewhere, methods=methods)])
    with serve_app(moved) as listener:
        code, printed = check(f"http://127.0.0.1:{listener.getsockname()[1]}")
    told = f"POST /videos returned status 302 to {server.base_url}/videos with "
    assert (code, told in printed, printed.splitlines()[-1]) == (3, True, "nothing was checked")
    assert jobs(server) == []


def test_a_job_is_told_and_deleted_also_where_nobody_reads_standard_output(
    document: Document, tmp_path: Path
) -> None:
    with serve_in_thread(document, clock=SystemClock(100), api_keys=[KEY]) as server:
        command = [sys.executable, "-m", "aisa_testkit", "check", server.base_url]
        command += ["--report", f"json={tmp_path / 'check.json'}", "--poll-interval", "0.05"]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "AISA_API_KEY": KEY},
        ) as process:
            assert process.stdout is not None
            assert any(line.startswith("  created ") for line in process.stdout)
            process.stdout.close()
            assert process.stderr is not None
            told = process.stderr.read()
        assert jobs(server) == []
    assert (process.returncode, "Traceback" in told) == (0, False)
    assert (tmp_path / "check.json").exists()


def test_a_standard_output_that_is_full_is_told_before_the_first_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, open("/dev/full", "w") as full:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        command = [sys.executable, "-m", "aisa_testkit", "check", url]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
        with pytest.raises(BlockingIOError):
            listener.accept()
    told = "Error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_ctrl_c_says_what_is_known_and_how_to_go_on(document: Document) -> None:
    clock = SystemClock(1)
    with serve_in_thread(document, clock=clock, api_keys=[KEY]) as server:
        command = [sys.executable, "-m", "aisa_testkit", "check", server.base_url]
        environment = {**os.environ, "AISA_API_KEY": KEY}
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env=environment,
        ) as process:
            try:
                # Only when it says so does it know of a job.
                assert process.stdout is not None
                told = (line for line in process.stdout if line.startswith("  created "))
                made = [line.split()[1] for line in islice(told, 2)]
                process.send_signal(signal.SIGINT)
                printed = process.stdout.read()
                process.wait(timeout=20)
            finally:
                process.kill()
        assert sorted(jobs(server)) == sorted(made)
    assert (process.returncode, "Error: stopped before the end" in printed) == (130, True)
    for job in made:
        assert f"Not deleted: {job}; check it with --resume {job}" in printed
    assert "2 jobs, at most 0.80 USD" in printed
    assert "Traceback" not in printed
    assert KEY not in printed
