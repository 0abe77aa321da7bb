"""API keys of every kind, over a socket: accepted, sent by `check`, and shown nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.openapi import Document, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.command_line import run_check, run_command
from tests.support.job_api import api_text, operation
from tests.support.serve_process import serve_process

SECRET = "sk-live-3c97e1d2a4"
QUERY: Json = {"type": "apiKey", "in": "query", "name": "key"}
COOKIE: Json = {"type": "apiKey", "in": "cookie", "name": "session"}
HEADER: Json = {"type": "apiKey", "in": "header", "name": "X-Tenant"}
WORD: Json = {"type": "apiKey", "in": "header", "name": "Authorization"}
BASIC: Json = {"type": "http", "scheme": "basic"}
BEARER: Json = {"type": "oauth2", "flows": {}}

SCHEMES = pytest.mark.parametrize(
    ("scheme", "key", "sent"),
    [
        pytest.param(QUERY, SECRET, {"params": {"key": SECRET}}, id="query"),
        pytest.param(
            COOKIE, SECRET, {"headers": {"Cookie": f"a=b; session={SECRET}"}}, id="cookie"
        ),
        pytest.param(HEADER, SECRET, {"headers": {"X-Tenant": SECRET}}, id="header"),
        pytest.param(
            WORD, f"Key {SECRET}", {"headers": {"Authorization": f"Key {SECRET}"}}, id="word"
        ),
        pytest.param(BASIC, f"ada:{SECRET}", {"auth": ("ada", SECRET)}, id="basic"),
        pytest.param(
            BEARER, SECRET, {"headers": {"Authorization": f"Bearer {SECRET}"}}, id="oauth2"
        ),
    ],
)


def text_with(*schemes: Json) -> str:
    """A document whose operations accept each of these schemes."""
    names = {f"scheme{number}": scheme for number, scheme in enumerate(schemes)}
    return api_text(root={"security": [{name: []} for name in names]}, security_schemes=names)


def document_with(*schemes: Json) -> Document:
    return parse_document(text_with(*schemes))


@SCHEMES
def test_request_with_the_key_is_accepted_and_others_are_not(
    scheme: Json, key: str, sent: Any, tmp_path: Path
) -> None:
    (tmp_path / "api.json").write_text(text_with(scheme), "utf-8")
    own_key = key.removeprefix("Key ")
    with serve_process(str(tmp_path / "api.json"), "-v", "--api-key", own_key) as mock:
        url, wrong = f"{mock.url}/jobs", {part: _changed(value) for part, value in sent.items()}
        statuses = [
            httpx2.post(url, json={"prompt": "A"}, **options).status_code
            for options in (sent, {}, wrong)
        ]
        requests, har = mock.admin_get("requests"), mock.admin_get("requests.har")
        printed = "\n".join(mock.stop())
    assert (statuses, len(requests.json()["requests"])) == ([200, 401, 401], 3)
    assert "401 POST /v1/jobs" in printed
    for text in (requests.text, har.text, printed):
        assert SECRET not in text


def _changed(value: Any) -> Any:
    if isinstance(value, tuple):
        return ("ada", "another-secret")
    return {name: text.replace(SECRET, "another-secret") for name, text in value.items()}


@SCHEMES
def test_check_sends_the_key_and_shows_it_nowhere(
    scheme: Json, key: str, sent: Any, tmp_path: Path
) -> None:
    text = text_with(scheme)
    (tmp_path / "api.json").write_text(text, "utf-8")
    reports = {name: tmp_path / f"report.{name}" for name in ("html", "json", "junit", "markdown")}
    options = [o for name, path in reports.items() for o in ("--report", f"{name}={path}")]
    document, har = parse_document(text), tmp_path / "check.har"
    with serve_in_thread(
        document, clock=SystemClock(speed=100), api_keys=[key.removeprefix("Key ")]
    ) as server:
        code, output = run_check(
            server.base_url, str(tmp_path / "api.json"), *options, "--record", str(har), key=key
        )
        replayed = run_command("check", str(tmp_path / "api.json"), "--replay", str(har))
    assert (code, replayed.exit_code) == (0, 0), output + replayed.output
    assert "no violation" in output
    for path in (har, *reports.values()):
        assert SECRET not in path.read_text("utf-8"), path


@pytest.mark.parametrize("scheme", [QUERY, COOKIE, HEADER, WORD, BASIC, BEARER])
def test_refused_key_ends_the_check(scheme: Json, tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text(text_with(scheme), "utf-8")
    with serve_in_thread(document_with(scheme), api_keys=["another"]) as server:
        code, _ = run_check(server.base_url, str(tmp_path / "api.json"), key=SECRET)
    assert code == 4


def test_each_of_several_keys_is_enough() -> None:
    with serve_in_thread(document_with(QUERY, BEARER), api_keys=[SECRET]) as server:
        url = f"{server.base_url}/jobs"
        in_query = httpx2.post(url, json={"prompt": "A"}, params={"key": SECRET})
        in_header = httpx2.get(
            f"{url}/{in_query.json()['id']}", headers={"Authorization": f"Bearer {SECRET}"}
        )
    assert (in_query.status_code, in_header.status_code) == (200, 200)


def test_key_in_the_query_of_an_operation_without_keys_is_masked(tmp_path: Path) -> None:
    scheme: Json = {"type": "apiKey", "in": "query", "name": "Pass"}
    free = {"/free": {"get": {**operation("readFree"), "security": []}}}
    text = api_text(
        paths=free, root={"security": [{"pass": []}]}, security_schemes={"pass": scheme}
    )
    (tmp_path / "api.json").write_text(text, "utf-8")
    with serve_process(str(tmp_path / "api.json")) as mock:
        answer = httpx2.get(f"{mock.url}/free", params={"Pass": SECRET})
        har = mock.admin_get("requests.har")
    assert (answer.status_code, len(har.json()["log"]["entries"])) == (200, 1)
    assert SECRET not in har.text
