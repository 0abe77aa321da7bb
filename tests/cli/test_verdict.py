"""`aisa-testkit verdict`: what a mock says of its clients, and the exit codes for CI."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx2
import pytest
from click.testing import CliRunner, Result
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from aisa_testkit.cli import main
from aisa_testkit.contracts import ClientVerdict, Journal
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds, create_app
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Document

TOKEN, KEY = "t0ken-of-the-control", "sk-aisa-of-a-client-7f3a"
HEADERS = {"Authorization": f"Bearer {KEY}"}
Serve = Callable[..., str]


@pytest.fixture
def serve(document: Document) -> Iterator[Serve]:
    """Serves a mock with a journal, and says at which base URL."""
    with ExitStack() as servers:

        def begin(document: Document = document, *, admin_token: str | None = None) -> str:
            clock = ManualClock()
            service = JobService(document, clock=clock, ids=RandomIds(1))
            journal = Journal(document, now=clock.now, client_time=clock.client_time)
            app = create_app(service=service, journal=journal, admin_token=admin_token)
            listener = servers.enter_context(serve_app(app))
            return f"http://127.0.0.1:{listener.getsockname()[1]}{document.base_path}"

        yield begin


@pytest.fixture
def page() -> Iterator[Callable[[Response], str]]:
    """Serves one answer for everything, and says where."""
    with ExitStack() as servers:

        def begin(response: Response) -> str:
            async def answer(request: Request) -> Response:
                return response

            app = Starlette(routes=[Route("/{rest:path}", answer)])
            listener = servers.enter_context(serve_app(app))
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield begin


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    result = CliRunner().invoke(main, ["verdict", *arguments], env=env)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    assert KEY not in result.output
    return result


def list_jobs(url: str, **query: str) -> None:
    assert httpx2.get(f"{url}/videos", headers=HEADERS, params=query).status_code == 200


def test_a_clean_client_is_exit_code_0(serve: Serve) -> None:
    url = serve()
    list_jobs(url)
    result = run(url)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "clean: 1 request, 0 jobs, no findings\n"


@pytest.mark.parametrize("ending", ["/v1", "/v1/", "", "/"])
def test_findings_are_exit_code_1_at_the_base_url_and_at_the_root(
    serve: Serve, ending: str
) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos", headers=HEADERS)
    result = run(url.removesuffix("/v1") + ending)
    assert (result.exit_code, result.stderr) == (1, "")
    first, *findings = result.stdout.rstrip("\n").split("\n\n")
    assert first == "2 findings in 2 requests"
    assert [finding.partition(" ")[0] for finding in findings] == ["AV701", "AV707"]
    assert "  request   GET /v1/vdeos, no. 2\n" in findings[0]


def test_to_ask_for_the_verdict_is_no_request_of_a_client(serve: Serve) -> None:
    url = serve()
    list_jobs(url)
    assert run(url).stdout == run(url).stdout


@pytest.mark.parametrize(
    ("allowed", "code"),
    [
        (["--allow", "AV707"], 1),
        (["--allow", "AV707", "--allow", "av701"], 0),
        (["--allow", "AV701, AV707"], 0),
    ],
    ids=["one of two", "both", "both at once"],
)
def test_what_is_allowed_does_not_count(serve: Serve, allowed: list[str], code: int) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos")
    result = run(url, *allowed)
    assert result.exit_code == code
    assert "AV707" not in result.stdout


def test_allowances_can_stand_in_the_environment(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    assert run(url, env={"AISA_TESTKIT_ALLOW": "AV707 AV701"}).exit_code == 0


def test_advice_alone_is_told_and_fails_only_where_it_is_to(serve: Serve) -> None:
    url = serve()
    made = httpx2.post(f"{url}/videos", headers=HEADERS, json={"prompt": "nobody comes back"})
    assert made.status_code == 200
    result = run(url)
    assert (result.exit_code, "AV736 orphaned job" in result.stdout) == (0, True)
    assert run(url, "--fail-on-advice").exit_code == 1


def test_as_json_it_is_the_verdict_as_it_came(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    result = run(url, "--format", "json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["clean"]) == (1, False)
    assert told == httpx2.get(url.removesuffix("/v1") + "/__admin/verdict").json()
    assert [f.first.code for f in ClientVerdict.from_json(told).findings] == ["AV707"]
    allowed = json.loads(run(url, "--format", "json", "--allow", "AV707").stdout)
    assert (allowed["clean"], allowed["findings"]) == (True, [])


def test_a_mock_to_which_nothing_has_come_is_no_success(serve: Serve) -> None:
    result = run(serve())
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: this mock has received no request\n"


@pytest.mark.parametrize("settings", [[], ["--admin-token", "another"]], ids=["none", "wrong"])
def test_a_token_that_is_missing_or_wrong_is_exit_code_2(serve: Serve, settings: list[str]) -> None:
    result = run(serve(admin_token=TOKEN), *settings)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "admin token: set --admin-token\n" in result.stderr
    assert "another\n" not in result.stderr


def test_with_the_token_the_verdict_is_told(serve: Serve) -> None:
    url = serve(admin_token=TOKEN)
    list_jobs(url)
    assert run(url, "--admin-token", TOKEN).exit_code == 0
    assert run(url, env={"AISA_TESTKIT_ADMIN_TOKEN": TOKEN}).exit_code == 0


@pytest.mark.parametrize("token", ["a b", "a\nb", "ключ"], ids=["a blank", "a line", "no ASCII"])
def test_a_token_that_cannot_be_sent_is_exit_code_2(token: str) -> None:
    result = run("http://127.0.0.1:9", "--admin-token", token)
    assert result.exit_code == 2
    reason = "--admin-token contains characters that are not allowed in a token"
    assert result.stderr == f"Error: {reason}\n"


def test_a_mock_that_keeps_no_requests_says_so(document: Document) -> None:
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
    ids=["nothing", "words of its own", "a fault", "another place", "a web page", "other JSON"],
)
def test_a_server_without_such_a_control_api_is_exit_code_2(
    page: Callable[[Response], str], response: Response, reason: str
) -> None:
    url = page(response)
    result = run(url)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {url}/__admin/verdict {reason}")
    assert result.stderr.count("\n") == 1


def test_a_server_that_is_not_there_is_exit_code_3() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        result = run(f"http://127.0.0.1:{closed.getsockname()[1]}/v1")
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
        (["http://localhost", "--allow", "AV999"], "--allow: there is no rule AV999; aisa-testkit"),
        (["http://localhost", "--format", "xml"], "Invalid value for '--format'"),
        ([], "Missing argument 'URL'"),
    ],
    ids=[
        *("no scheme", "no host", "half an address", "no port", "a password", "a query"),
        *("an unknown rule", "an unknown format", "nothing"),
    ],
)
def test_what_cannot_be_is_exit_code_2_in_one_line(arguments: list[str], reason: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {reason}")
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stderr


def test_on_a_terminal_the_worst_is_red(serve: Serve) -> None:
    url = serve()
    list_jobs(url, colour="red")
    httpx2.get(f"{url}/vdeos")
    result = CliRunner().invoke(main, ["verdict", url], env={"FORCE_COLOR": "1"}, color=True)
    assert "\x1b[1;31m" in result.stdout
    assert "\x1b[1;33m" in result.stdout


def test_the_other_document_is_judged_alike(serve: Serve, other_document: Document) -> None:
    url = serve(other_document)
    httpx2.get(f"{url}/nowhere")
    result = run(url)
    assert result.exit_code == 1
    assert result.stdout.startswith("1 finding in 1 request\n\nAV701 ")
