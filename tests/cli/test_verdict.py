"""`aisa-testkit verdict`: the verdict on clients, and the exit codes for CI."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest
from click.testing import CliRunner, Result
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from aisa_testkit.cli import main
from aisa_testkit.contracts import ClientVerdict, Journal
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds, create_app
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Document
from tests.support.command_line import run_command
from tests.support.stub_server import closed_url, stub_server

TOKEN, KEY = "t0ken-of-the-control", "sk-aisa-of-a-client-7f3a"
HEADERS = {"Authorization": f"Bearer {KEY}"}
Serve = Callable[..., str]


@pytest.fixture
def serve(document: Document) -> Iterator[Serve]:
    """Starts mocks with a journal and returns their base URLs."""
    with ExitStack() as servers:

        def start(document: Document = document, *, admin_token: str | None = None) -> str:
            clock = ManualClock(1_780_000_000)
            service = JobService(document, clock=clock, ids=RandomIds(1))
            journal = Journal(document, now=clock.now, client_time=clock.client_time)
            app = create_app(service=service, journal=journal, admin_token=admin_token)
            listener = servers.enter_context(serve_app(app))
            return f"http://127.0.0.1:{listener.getsockname()[1]}{document.base_path}"

        yield start


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    result = run_command("verdict", *arguments, env=env)
    assert KEY not in result.output
    return result


def list_jobs(url: str, **query: str) -> None:
    assert httpx2.get(f"{url}/videos", headers=HEADERS, params=query).status_code == 200


def test_clean_client_is_exit_code_0(serve: Serve) -> None:
    url = serve()
    list_jobs(url)
    result = run(url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "clean: 1 request, 0 jobs, no findings\n"


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "", "/"])
def test_findings_are_exit_code_1_for_base_url_and_root(serve: Serve, ending: str) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos", headers=HEADERS)
    result = run(url.removesuffix("/v1") + ending)
    assert (result.exit_code, result.stderr) == (1, "")
    first, *findings = result.stdout.rstrip("\n").split("\n\n")
    assert first == "2 findings in 2 requests"
    assert [finding.partition(" ")[0] for finding in findings] == ["AV701", "AV707"]
    assert "  request   GET /v1/vdeos, no. 2\n" in findings[0]


def test_request_for_the_verdict_does_not_count_as_a_client_request(serve: Serve) -> None:
    url = serve()
    list_jobs(url)
    assert run(url).stdout == run(url).stdout


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--allow", "AV707"], 1),
        (["--allow", "AV707", "--allow", "av701"], 0),
        (["--allow", "AV701, AV707"], 0),
    ],
    ids=["one of two", "both", "both at once"],
)
def test_allowed_rules_do_not_count(serve: Serve, options: list[str], code: int) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos")
    result = run(url, *options)
    assert result.exit_code == code
    assert "AV707" not in result.stdout


@pytest.mark.parametrize(
    ("allowed", "code"),
    [("/v1/vdeos", 0), ("/v1/vd*", 0), ("/internal/*, /v1/vdeos", 0), ("/v1/videos", 1)],
    ids=["path", "pattern", "several", "another path"],
)
def test_allowed_path_does_not_count(serve: Serve, allowed: str, code: int) -> None:
    url = serve()
    list_jobs(url)
    httpx2.get(f"{url}/vdeos")
    assert run(url, "--allow", allowed).exit_code == code


def test_mock_with_automatic_requests_alone_is_exit_code_2(serve: Serve) -> None:
    url = serve()
    httpx2.get(url.removesuffix("/v1") + "/favicon.ico")
    result = run(url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: this mock has received no request of a client")
    list_jobs(url)
    assert run(url).stdout == "clean: 2 requests (1 automatic), 0 jobs, no findings\n"


def test_environment_variable_allows_rules(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    assert run(url, env={"AISA_TESTKIT_ALLOW": "AV707 AV701"}).exit_code == 0


def test_advice_fails_only_with_fail_on_advice(serve: Serve) -> None:
    url = serve()
    created = httpx2.post(f"{url}/videos", headers=HEADERS, json={"prompt": "an orphaned job"})
    assert created.status_code == 200
    result = run(url)
    assert (result.exit_code, "AV736 orphaned job" in result.stdout) == (0, True)
    assert run(url, "--fail-on-advice").exit_code == 1


def test_format_json_prints_the_verdict_unchanged(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    result = run(url, "--format", "json")
    verdict = json.loads(result.stdout)
    assert (result.exit_code, verdict["clean"]) == (1, False)
    assert verdict == httpx2.get(url.removesuffix("/v1") + "/__admin/verdict").json()
    assert [f.first.code for f in ClientVerdict.from_json(verdict).findings] == ["AV707"]
    allowed = json.loads(run(url, "--format", "json", "--allow", "AV707").stdout)
    assert (allowed["clean"], allowed["findings"]) == (True, [])


def test_mock_without_requests_is_exit_code_2(serve: Serve) -> None:
    result = run(serve())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: this mock has received no request\n"


@pytest.mark.parametrize("options", [[], ["--admin-token", "another"]], ids=["missing", "invalid"])
def test_missing_or_invalid_admin_token_is_exit_code_2(serve: Serve, options: list[str]) -> None:
    result = run(serve(admin_token=TOKEN), *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "admin token: set --admin-token\n" in result.stderr
    assert "another\n" not in result.stderr


def test_admin_token_gives_access_to_the_verdict(serve: Serve) -> None:
    url = serve(admin_token=TOKEN)
    list_jobs(url)
    assert run(url, "--admin-token", TOKEN).exit_code == 0
    assert run(url, env={"AISA_TESTKIT_ADMIN_TOKEN": TOKEN}).exit_code == 0


@pytest.mark.parametrize("token", ["a b", "a\nb", "ключ"], ids=["space", "line break", "not ASCII"])
def test_admin_token_with_invalid_characters_is_exit_code_2(token: str) -> None:
    result = run("http://127.0.0.1:9", "--admin-token", token)
    assert result.exit_code == 2
    reason = "--admin-token contains characters that are not allowed in a token"
    assert result.stderr == f"Error: {reason}\n"


def test_mock_without_a_journal_is_exit_code_2(document: Document) -> None:
    with serve_app(create_app(document)) as listener:
        result = run(f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
    assert result.exit_code == 2
    assert "has no verdict: " in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (PlainTextResponse("no", 404), "has no verdict: status 404"),
        (JSONResponse({"error": "not\x1b here"}, 404), r"has no verdict: not\x1b here"),
        (PlainTextResponse("oh", 500), "has no verdict: status 500"),
        (RedirectResponse("/elsewhere", 307), "has no verdict: status 307"),
        (PlainTextResponse("<h1>Welcome</h1>"), "is not the control API of a mock"),
        (JSONResponse({"clean": True}), "is not the control API of a mock"),
    ],
    ids=["404", "404 with a reason", "500", "redirect", "HTML", "other JSON"],
)
def test_server_without_a_verdict_is_exit_code_2(response: Response, reason: str) -> None:
    async def respond(request: Request) -> Response:
        return response

    with stub_server(respond) as url:
        result = run(url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {url}/__admin/verdict {reason}")
    assert result.stderr.count("\n") == 1


def test_unreachable_mock_is_exit_code_3() -> None:
    result = run(f"{closed_url()}/v1")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "/__admin/verdict does not respond: " in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["localhost:4010"], "URL must be a URL such as http://127.0.0.1:4010/v1, not 'localhost"),
        (["http://"], "URL must be a URL such as"),
        (["http://[::1"], "URL must be a URL such as"),
        (["http://x:99999/"], "URL must be a URL such as"),
        (["http://user:secret@localhost/v1"], "URL must have no user, query or fragment"),
        (["http://localhost/v1?a=b"], "URL must have no user"),
        (["http://localhost", "--allow", "XY"], "--allow: unknown rule XY; `aisa-testkit"),
        (["http://localhost", "--format", "xml"], "Invalid value for '--format'"),
        ([], "Missing argument 'URL'"),
    ],
    ids=[
        *("no scheme", "no host", "invalid address", "invalid port", "password", "query"),
        *("unknown rule", "unknown format", "no argument"),
    ],
)
def test_invalid_argument_is_exit_code_2_in_one_line(arguments: list[str], reason: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {reason}")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stderr


def test_errors_are_red_and_warnings_yellow_on_a_terminal(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos")
    result = CliRunner().invoke(main, ["verdict", url], env={"FORCE_COLOR": "1"}, color=True)
    assert "\x1b[1;31m" in result.stdout
    assert "\x1b[1;33m" in result.stdout


def test_verdict_works_for_another_document(serve: Serve, other_document: Document) -> None:
    url = serve(other_document)
    httpx2.get(f"{url}/unknown")
    result = run(url)
    assert result.exit_code == 1
    assert result.stdout.startswith("1 finding in 1 request\n\nAV701 ")
