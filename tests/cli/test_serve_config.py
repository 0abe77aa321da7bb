"""`aisa-testkit serve` told what is to go wrong, in a file and in words."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result

from aisa_testkit.cli import main

KEY = {"Authorization": "Bearer sk-aisa-of-a-client"}
PROMPT = {"prompt": "A lighthouse in a storm"}
TOKEN = "t0ken-of-the-control"
# A server in a process of its own, as conftest.py has it.
Serve = Callable[..., Any]
Write = Callable[..., Path]


def run(*arguments: str) -> Result:
    """A command that does not come to serve, for the port that the environment names is taken."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environment = {"AISA_TESTKIT_PORT": str(taken.getsockname()[1])}
        result = CliRunner().invoke(main, arguments, env=environment)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result


OWN = """
scenario: doomed
scenarios:
  doomed: {about: Ends badly at once., outcome: failed, seconds: 0}
faults:
  - {operation: listVideos, status: 503, times: 1}
limits: {requests_per_minute: 6}
keys:
  sk-aisa-of-nobody-at-all: {revoked: true}
"""
OWN_AS_TOML = """
scenario = "doomed"
faults = [{operation = "listVideos", status = 503, times = 1}]
limits = {requests_per_minute = 6}
keys = {sk-aisa-of-nobody-at-all = {revoked = true}, sk-aisa-of-a-client = {}}
[scenarios.doomed]
outcome = "failed"
seconds = 0
"""
OWN += "  sk-aisa-of-a-client: {}\n"


@pytest.mark.parametrize(
    ("name", "text"), [("own.yaml", OWN), ("own.toml", OWN_AS_TOML)], ids=["YAML", "TOML"]
)
def test_a_file_says_what_goes_wrong(serve: Serve, config: Write, name: str, text: str) -> None:
    served = serve("--config", str(config(text, name=name)), "--strict")
    job = served.create()
    assert served.ask("GET", f"/videos/{job['id']}").json()["status"] == "failed"
    assert [served.ask("GET", "/videos").status_code for _ in range(2)] == [503, 200]
    nobody = {"Authorization": "Bearer sk-aisa-of-nobody-at-all"}
    refused = served.ask("GET", "/videos", headers=nobody)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "revoked_api_key")
    assert served.ask("GET", "/videos").headers["x-ratelimit-limit-requests"] == "6"


def test_options_say_more_than_the_file(serve: Serve, config: Write) -> None:
    options = ["--scenario", "completes", "--limits", "none", "--fault", "lost: true, times: 1"]
    served = serve("--config", str(config(OWN)), *options)
    with pytest.raises(httpx2.TransportError):
        served.ask("POST", "/videos", PROMPT)
    listed = served.ask("GET", "/videos")
    assert listed.status_code == 503
    (lost,) = served.ask("GET", "/videos").json()["data"]
    assert lost["status"] == "queued"


def test_faults_are_said_in_words_one_behind_the_other(serve: Serve) -> None:
    words = ["operation: list, status: 429, retry_after: 7, times: 1", '{"status": 500}']
    served = serve(*[part for each in words for part in ("--fault", each)])
    first, second = [served.ask("GET", "/videos") for _ in range(2)]
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert second.status_code == 500


def test_faults_stand_in_the_environment_each_on_a_line() -> None:
    faults = "operation: list, status: 503, times: 1\n\noperation: create, lots: true\n"
    result = CliRunner().invoke(main, ["serve"], env={"AISA_TESTKIT_FAULT": faults})
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: --fault: /lots: is not known here")


@pytest.mark.parametrize(
    ("limits", "left"),
    [("free", "59"), ("growth", "2999"), ("requests_per_minute: 2, in_flight: 1", "1")],
    ids=["a small tier", "a large tier", "numbers"],
)
def test_limits_are_told_with_every_answer(serve: Serve, limits: str, left: str) -> None:
    served = serve("--limits", limits)
    assert served.ask("GET", "/videos").headers["x-ratelimit-remaining-requests"] == left


@pytest.mark.parametrize(("options", "jobs"), [(["--idempotency-keys"], 1), ([], 2)])
def test_a_create_that_is_sent_again_makes_one_job_where_that_is_asked_for(
    serve: Serve, options: list[str], jobs: int
) -> None:
    served = serve(*options)
    headers = {**KEY, "Idempotency-Key": "order-1"}
    made = {served.ask("POST", "/videos", PROMPT, headers).json()["id"] for _ in range(2)}
    assert len(made) == len(served.ask("GET", "/videos").json()["data"]) == jobs


def test_an_admin_token_closes_the_control_api_and_opens_the_verdict(serve: Serve) -> None:
    served = serve("--admin-token", TOKEN)
    served.ask("GET", "/videos?colour=red")
    assert served.control("requests").status_code == 401
    opened = served.control("requests", {"Authorization": f"Bearer {TOKEN}"})
    assert [request["operation"] for request in opened.json()["requests"]] == ["listVideos"]
    closed, told = run("verdict", served.url), run("verdict", served.url, "--admin-token", TOKEN)
    assert (closed.exit_code, told.exit_code) == (2, 1)
    assert told.stdout.startswith("1 finding in 1 request\n")


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        (["--host", "0.0.0.0"], True),
        (["--host", "0.0.0.0", "--admin-token", TOKEN], False),
        (["--host", "localhost"], False),
    ],
    ids=["open to all", "guarded", "of this machine"],
)
def test_an_open_control_api_beyond_this_machine_is_warned_of(
    serve: Serve, options: list[str], warned: bool
) -> None:
    served = serve(*options)
    assert served.control("health").json()["status"] == "ok"
    assert served.complaints.empty() is not warned
    if warned:
        expected = "Warning: every client of 0.0.0.0 can use the control API without --admin-token."
        assert served.complained() == expected


def test_scenarios_are_listed_with_those_of_the_file(config: Write) -> None:
    result = run("serve", "--list-scenarios", "--config", str(config(OWN)))
    listed = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert result.exit_code == 0
    assert listed["doomed"] == "Ends badly at once."
    assert {"completes", "fails", "moderated", "stalls", "flaky-polls"} <= listed.keys()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--fault", "lost"],
            "--fault must be options such as 'operation: create, status: 503', not",
        ),
        (["--fault", "lots: true"], "--fault: /lots"),
        (["--fault", "status: 418"], "--fault: /status"),
        (["--limits", "huge"], "--limits: must be one of none, free, starter, growth, or a"),
        (["--limits", "5"], "--limits: must be one of none, free, starter, growth, or an obj"),
        (["--limits", "in_flight: -1"], "--limits: /in_flight: must be at least 1, not -1"),
        (
            ["--scenario", "nope"],
            "--scenario: unknown scenario 'nope', must be one of completes",
        ),
        (["--config", "/nowhere/at/all.yaml"], "/nowhere/at/all.yaml: cannot be read: No"),
        (["--watch"], "--watch: there is no file to watch; give a DOCUMENT or a --config"),
        (["--webhook-url", "ftp://h/"], "must begin with http:// or https://: 'ftp://h/'"),
        (
            ["--webhook-url", "http://h/", "--webhook-secret", "s"],
            "the webhook secret must be",
        ),
        (["--admin-token", ""], "must not be empty"),
    ],
    ids=[
        *("no words", "unknown word", "no such error", "no tier", "a tier that is a number"),
        *("no number", "no scenario", "no file"),
        *("nothing to watch", "no URL", "no secret", "no token"),
    ],
)
def test_what_cannot_be_rehearsed_is_told_in_one_line(arguments: list[str], told: str) -> None:
    result = run("serve", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")
    assert told in result.stderr


def test_a_scenario_of_the_file_may_be_named_by_an_option(config: Write) -> None:
    file = str(config(OWN))
    for scenario in ("doomed", "doomed:no_luck"):
        result = run("serve", "--config", file, "--scenario", scenario, "--list-scenarios")
        assert result.exit_code == 0


def test_a_fault_of_the_file_is_told_with_its_place(config: Write) -> None:
    path = config("faults:\n  - {operation: listVideos, status: 503}\n  - {times: 0}\n")
    result = run("serve", "--config", str(path))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"Error: {path}:")
    assert "/faults/1/times" in result.stderr
