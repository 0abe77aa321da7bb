"""`aisa-testkit check`: exit codes, output, and no API key in the output."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from threading import Thread

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from aisa_testkit.mock_server import SystemClock, VideoServer, serve_in_thread
from aisa_testkit.openapi import Document, load_document
from tests.support.command_line import run_check
from tests.support.documents import RENDERINGS
from tests.support.stub_server import closed_url, stub_server, unused_server

KEY = "sk-live-3cr3t"
HEADERS = {"Authorization": f"Bearer {KEY}"}
PLAN = [
    "  23 invalid requests (free)",
    "  2 jobs at 0.40 USD each, 0.80 USD in all",
]


@pytest.fixture
def server(document: Document) -> Iterator[VideoServer]:
    """A mock with a fast clock that accepts one API key."""
    with serve_in_thread(document, clock=SystemClock(100), seed=1, api_keys=[KEY]) as server:
        yield server


def check(*arguments: str, key: str | None = KEY) -> tuple[int, str]:
    return run_check(*arguments, key=key)


def job_ids(server: VideoServer) -> list[str]:
    listed = httpx2.get(f"{server.base_url}/videos", headers=HEADERS).json()["data"]
    return [job["id"] for job in listed]


def test_conforming_server_passes_with_plan_and_cost(server: VideoServer) -> None:
    code, printed = check(server.base_url)
    lines = printed.splitlines()
    assert (code, lines[1:3]) == (0, PLAN)
    assert lines[0] == f"Check of AIsa Videos 1.0.0 at {server.base_url}"
    summary = r"no violation in [0-9]+ requests; 2 jobs, at most 0\.80 USD"
    assert re.fullmatch(summary, lines[-1])
    assert job_ids(server) == []


def test_counts_of_rules_and_traffic_are_printed_before_the_summary(server: VideoServer) -> None:
    _, printed = check(server.base_url)
    rules, traffic, _ = printed.splitlines()[-3:]
    pattern = r"[0-9]+ rules passed, 4 skipped \(AV211, AV218, AV223, AV244; -v shows why\)"
    assert re.fullmatch(pattern, rules)
    assert re.fullmatch(
        r"0 retries, 0 server errors; slowest: [0-9.]+ m?s \(\w+, no\. \d+\)", traffic
    )


def test_verbose_lists_the_result_of_each_rule(server: VideoServer) -> None:
    _, printed = check(server.base_url, "--verbose")
    lines = printed.splitlines()
    assert "  skipped AV211 failed job without an error: no failed job" in lines
    assert sum(line.startswith("  passed  AV") for line in lines) > 40
    assert "-v shows why" not in printed


def test_another_document_can_be_checked() -> None:
    clock = SystemClock(100)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        code, printed = check(server.base_url, str(RENDERINGS), "--max-creates", "1")
    assert (code, "1 job at 0.05 EUR each, 0.05 EUR in all" in printed) == (0, True)
    assert "no violation" in printed


def test_dry_run_sends_nothing() -> None:
    with unused_server() as url:
        code, printed = check(url, "--dry-run")
    assert (code, [line for line in printed.splitlines() if line in PLAN]) == (0, PLAN)


def test_dry_run_lists_the_invalid_requests() -> None:
    _, printed = check("http://127.0.0.1:1", "--dry-run")
    assert "    POST /videos: no API key\n" in printed
    assert "    GET /videos/{video_id}: an unknown job id\n" in printed
    assert len(re.findall("^    [A-Z]+ /", printed, re.MULTILINE)) == 23


def test_free_check_creates_no_job_and_is_inconclusive(server: VideoServer, tmp_path: Path) -> None:
    har = tmp_path / "free.har"
    code, printed = check(server.base_url, "--free", "--max-creates", "2", "--record", str(har))
    lines = printed.splitlines()
    assert lines[1:4] == [
        "  11 invalid requests (free)",
        "  creates no job",
        "  12 invalid creates are not sent: the server might accept one, and the budget has no"
        " room for it",
    ]
    assert (code, "no job was created; not checked: " in printed) == (6, True)
    assert job_ids(server) == []
    entries = json.loads(har.read_text())["log"]["entries"]
    assert {entry["request"]["method"] for entry in entries} == {"GET", "DELETE"}


def test_free_check_finds_violations() -> None:
    async def accept(request: Request) -> Response:
        return JSONResponse({"id": "video_1"}, 200)

    with stub_server(accept) as url:
        code, printed = check(url, "--free", "--max-spend", "0")
    assert (code, "AV111" in printed, "createVideo)" in printed) == (1, True, False)


def test_free_check_of_a_server_that_finds_nothing_is_exit_code_3() -> None:
    async def find_nothing(request: Request) -> Response:
        return JSONResponse({"detail": "Not Found"}, 404)

    with stub_server(find_nothing) as url:
        code, printed = check(url, "--free")
    assert (code, "is the base URL right?" in printed) == (3, True)


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([], ["invalid GET", "valid POST", "invalid POST", "valid POST"]),
        (["--max-creates", "3"], ["invalid GET", "valid POST", "valid POST", "invalid POST"]),
        (["--max-creates", "1"], ["invalid GET", "valid POST"]),
        (["--max-spend", "0.80"], ["invalid GET", "valid POST", "invalid POST", "valid POST"]),
        (
            ["--max-creates", "3", "--max-spend", "1.20"],
            ["invalid GET", "valid POST", "valid POST", "invalid POST"],
        ),
        (["--resume", "video_1"], []),
        (["--free"], ["invalid GET"]),
    ],
    ids=["default", "3 creates", "1 create", "price of 2", "price of 3", "resumed", "free"],
)
def test_dry_run_shows_the_order(options: list[str], order: list[str]) -> None:
    _, printed = check("http://127.0.0.1:1", "--dry-run", *options)
    steps = [line for line in printed.splitlines() if re.match("    (creates|[A-Z]+) ", line)]
    kinds = ["valid POST" if "creates" in s else f"invalid {s.split()[0]}" for s in steps]
    kinds = [kind.replace("DELETE", "GET") for kind in kinds]
    changes = [
        kind for before, kind in pairwise(["", *kinds]) if kind == "valid POST" or kind != before
    ]
    assert changes == order


@pytest.mark.parametrize(
    ("options", "last"),
    [
        ([], "downloads its file, lists the jobs and deletes them"),
        (["--keep"], "downloads its file and lists the jobs"),
        (["--free"], "  lists the jobs"),
    ],
    ids=["default", "keep", "free"],
)
def test_dry_run_ends_with_the_requests_about_the_jobs(options: list[str], last: str) -> None:
    _, printed = check("http://127.0.0.1:1", "--dry-run", *options)
    assert printed.splitlines()[-1].endswith(last)


def test_dry_run_says_that_the_budget_leaves_out_invalid_creates() -> None:
    _, printed = check("http://127.0.0.1:1", "--dry-run", "--max-creates", "1")
    assert "  11 invalid requests (free)\n" in printed
    assert "12 invalid creates are not sent: the server might accept one, and the" in printed


def test_max_creates_0_allows_only_a_resumed_job(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--max-creates", "0")
    assert (code, "the plan creates a job, but --max-creates is 0" in printed) == (5, True)
    job = httpx2.post(f"{server.base_url}/videos", json={"prompt": "x"}, headers=HEADERS).json()
    assert check(server.base_url, "--max-creates", "0", "--resume", job["id"])[0] == 0


@pytest.mark.parametrize("options", [[], ["--dry-run"]], ids=["check", "dry run"])
def test_plan_over_the_budget_sends_nothing(options: list[str]) -> None:
    with unused_server() as url:
        code, printed = check(url, "--max-spend", "0.79", *options)
    reason = "Error: the plan costs 0.80 USD, but --max-spend is 0.79"
    assert (code, printed.splitlines()[-1]) == (5, reason)


@pytest.fixture(
    params=["", "    price: {currency: EUR, per: /scene, rates: [{amount: 1}]}\n"],
    ids=["no price list", "no rate for the job"],
)
def unpriced(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The path of a document without a price list, or with one that has no rate for the job."""
    text = RENDERINGS.read_text()
    start, end = text.index("    price:"), text.index("    webhooks:")
    path = tmp_path / "unpriced.yaml"
    path.write_text(text[:start] + request.param + text[end:])
    return str(path)


def test_max_spend_without_a_price_in_the_document_is_an_error(unpriced: str) -> None:
    code, printed = check("http://127.0.0.1:1", unpriced, "--max-spend", "100")
    assert code == 5
    assert re.search("(has no price|no rate of the price applies .*), so --max-spend", printed)


def test_unknown_price_is_not_shown_as_zero(unpriced: str, tmp_path: Path) -> None:
    _, planned = check("http://127.0.0.1:1", unpriced, "--dry-run")
    assert "  2 jobs at an unknown price each" in planned.splitlines()
    kinds = {"html": "a.html", "json": "a.json", "junit": "a.xml", "markdown": "a.md"}
    reports = [f"--report={kind}={tmp_path / name}" for kind, name in kinds.items()]
    clock = SystemClock(100)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        code, printed = check(server.base_url, unpriced, *reports)
    assert (code, "2 jobs at an unknown price" in printed.splitlines()[-1]) == (0, True)
    texts = {name: (tmp_path / name).read_text() for name in kinds.values()}
    for text in [planned, printed, texts["a.html"], texts["a.md"], texts["a.xml"]]:
        assert "0.00" not in text.replace("0.00 s", "")
        assert "an unknown price" in text
    report = json.loads(texts["a.json"])
    assert (report["ledger"]["spent"], report["plan"]["price"]) == (None, None)


def test_resumed_job_costs_nothing_and_is_not_deleted(server: VideoServer) -> None:
    job = httpx2.post(f"{server.base_url}/videos", json={"prompt": "x"}, headers=HEADERS).json()
    code, printed = check(server.base_url, "--resume", job["id"], "--max-spend", "0")
    assert (code, f"  checks job {job['id']} and creates none" in printed) == (0, True)
    assert job_ids(server) == [job["id"]]


@pytest.mark.parametrize("job", ["", "video_nope"], ids=["empty id", "unknown id"])
def test_resume_of_an_unknown_job_fails_and_creates_none(server: VideoServer, job: str) -> None:
    code, printed = check(server.base_url, "--resume", job, "--keep")
    assert job_ids(server) == []
    assert code != 0, printed


def test_keep_does_not_delete_the_jobs_and_prints_how_to_resume_them(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--keep")
    kept = job_ids(server)
    assert (code, len(kept)) == (0, 2)
    for job in kept:
        assert f"Left: {job}; check it with --resume {job}" in printed.splitlines()


def test_create_with_an_unknown_job_is_printed_although_the_check_stops() -> None:
    async def see_other(request: Request) -> Response:
        if request.method != "POST":
            return JSONResponse({}, 404)
        return Response(status_code=303, headers={"location": "/done"})

    with stub_server(see_other) as url:
        code, printed = check(f"{url}/v1", "--max-creates", "1")
    left = [line for line in printed.splitlines() if line.startswith("Left: ")]
    unknown = "Left: a job may have been made, but its id is unknown (creates a job: status 303)"
    assert code == 3
    assert left
    assert {line.partition(" (")[0] for line in left} == {unknown.partition(" (")[0]}


@pytest.mark.parametrize("options", [[], ["--resume", "video_1"]], ids=["new", "resumed"])
def test_rejected_api_key_is_exit_code_4(server: VideoServer, options: list[str]) -> None:
    code, printed = check(server.base_url, *options, key="sk-wr0ng-k3y")
    assert (code, "Error: the server rejects the API key with status 401" in printed) == (4, True)


def test_unreachable_server_is_exit_code_3() -> None:
    url = closed_url()
    code, printed = check(url)
    *_, reason = printed.splitlines()
    assert (code, reason.startswith(f"Error: {url} does not respond: ")) == (3, True)


@pytest.mark.parametrize(
    "url", ["api.aisa.one/v1", "ftp://h/v1", "http://", "http://[::1", "http://h:99999/v1", ""]
)
def test_invalid_base_url_is_a_usage_error(url: str) -> None:
    code, printed = check(url)
    reason = f"Error: BASE_URL must be a URL such as https://api.aisa.one/v1, not {url!r}\n"
    assert (code, printed) == (2, reason)


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
def test_invalid_option_value_is_reported_by_name(arguments: list[str]) -> None:
    code, printed = check("http://127.0.0.1:1", *arguments, "--dry-run")
    assert (code, arguments[0] in printed) == (2, True)


def test_remote_server_needs_an_api_key() -> None:
    code, printed = check("https://h.invalid/v1", key=None)
    reason = "https://h.invalid/v1 is not on this machine and needs an API key"
    assert (code, printed) == (2, f"Error: {reason}: set AISA_API_KEY\n")
    code, printed = check("https://h.invalid/v1", "--api-key-env", "OTHER", key=None)
    assert (code, printed.endswith("set OTHER\n")) == (2, True)


@pytest.mark.parametrize("key", ["sk-1\nx3cr3t", "sk-ключ"], ids=["two lines", "not ASCII"])
def test_api_key_with_invalid_characters_is_redacted_in_the_error(
    server: VideoServer, key: str
) -> None:
    code, printed = check(server.base_url, key=key)
    assert (code, "x3cr3t" in printed) == (2, False)


def test_server_of_another_api_is_exit_code_3_and_costs_nothing() -> None:
    async def website(request: Request) -> Response:
        return HTMLResponse("<h1>Welcome</h1>")

    with stub_server(website) as url:
        code, printed = check(url)
    reason = "Error: this server does not seem to be AIsa Videos: GET /videos returned status 200"
    reason += " with text/html"
    assert (code, printed.splitlines()[3:]) == (
        3,
        [f"{reason}; charset=utf-8; is the base URL right?", "nothing was checked"],
    )


def test_server_that_closes_every_connection_is_exit_code_3_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def close() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    listener.accept()[0].close()

        Thread(target=close, daemon=True).start()
        code, printed = check(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    assert code == 3
    (error,) = (line for line in printed.splitlines() if line.startswith("Error: "))
    assert re.search(r"has not responded to any of 2 requests: \S+", error), error


def test_response_that_does_not_end_is_exit_code_3_with_the_reason() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts, and sends nothing
        code, printed = check(
            f"http://127.0.0.1:{listener.getsockname()[1]}/v1", "--timeout", "0.5"
        )
    assert code == 3
    assert "of 2 requests: the response does not end within 0.5 seconds\n" in printed


def test_check_ends_after_three_times_the_timeout(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--timeout", "0.0001")
    error = "Error: the check takes more than 0.0003 seconds, three times the --timeout"
    assert (code, error in printed.splitlines()) == (6, True)


def test_wrong_path_in_the_base_url_is_exit_code_3(server: VideoServer) -> None:
    code, printed = check(f"{server.base_url}/unknown")
    assert (code, "returned status 404 with application/json; is the" in printed) == (3, True)
    assert job_ids(server) == []


def test_violation_is_printed_with_a_curl_command() -> None:
    async def create(request: Request) -> Response:
        return JSONResponse({"error": {"message": "no"}}, 400)

    with stub_server(create, "/videos") as url:
        code, printed = check(url, "--grade", "vendor-wide")
    commands = [line.strip() for line in printed.splitlines() if line.startswith("  repeat ")]
    assert code == 1
    command = (
        f"repeat    curl -X POST {url}/videos"
        ' -H "authorization: Bearer $AISA_API_KEY"'
        " --form-string 'prompt=A lighthouse in a storm' -F 'input_reference=@"
    )
    assert any(line.startswith(command) for line in commands)


def test_api_key_in_a_response_is_redacted() -> None:
    async def echo_key(request: Request) -> Response:
        key = request.headers.get("authorization", "none")
        return JSONResponse({"id": key, "status": key, "error": {"code": key, "message": key}}, 400)

    with stub_server(echo_key) as url:
        code, printed = check(url)
    assert (code, "AV1" in printed) == (1, True)


def test_redirect_is_exit_code_3_with_its_target_and_costs_nothing(
    server: VideoServer,
) -> None:
    async def redirect(request: Request) -> Response:
        return RedirectResponse(f"{server.base_url}{request.url.path}", 302)

    with stub_server(redirect) as url:
        code, printed = check(url)
    reason = f"POST /videos returned status 302 to {server.base_url}/videos with "
    assert (code, reason in printed, printed.splitlines()[-1]) == (3, True, "nothing was checked")
    assert job_ids(server) == []


def test_closed_stdout_does_not_stop_the_check(document: Document, tmp_path: Path) -> None:
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
            errors = process.stderr.read()
        assert job_ids(server) == []
    assert (process.returncode, "Traceback" in errors) == (0, False)
    assert (tmp_path / "check.json").exists()


def test_full_stdout_is_an_error_before_the_first_request() -> None:
    with unused_server() as url, open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "aisa_testkit", "check", url]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
    reason = "Error: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, reason)


def test_ctrl_c_prints_the_result_so_far_and_how_to_resume(document: Document) -> None:
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
                # The check knows a job only once it has printed it.
                assert process.stdout is not None
                created = (line for line in process.stdout if line.startswith("  created "))
                paid = [line.split()[1] for line in islice(created, 2)]
                process.send_signal(signal.SIGINT)
                printed = process.stdout.read()
                process.wait(timeout=20)
            finally:
                process.kill()
        assert sorted(job_ids(server)) == sorted(paid)
    assert (process.returncode, "Error: stopped before the end" in printed) == (130, True)
    for job in paid:
        assert f"Left: {job}; check it with --resume {job}" in printed
    assert "2 jobs, at most 0.80 USD" in printed
    assert "Traceback" not in printed
    assert KEY not in printed


def test_server_that_requires_a_key_is_an_error_of_no_key(server: VideoServer) -> None:
    code, printed = check(server.base_url, "--no-key")
    assert code == 4
    assert "; --no-key sends none\n" in printed
