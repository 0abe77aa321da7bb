"""`aisa-testkit serve` with a config file, faults, limits and other options."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from click.testing import Result

from tests.support.command_line import run_command
from tests.support.serve_process import KEY, PROMPT, ServeProcess

TOKEN = "t0ken-of-the-control"
Serve = Callable[..., ServeProcess]
Write = Callable[..., Path]


def run(*arguments: str) -> Result:
    """The result of a command that must not start a server: its port is in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return run_command(*arguments, env={"AISA_TESTKIT_PORT": str(listener.getsockname()[1])})


CONFIG = """
scenario: doomed
scenarios:
  doomed: {about: Ends badly at once., outcome: failed, seconds: 0}
faults:
  - {operation: listVideos, status: 503, times: 1}
limits: {requests_per_minute: 6}
keys:
  sk-aisa-revoked: {revoked: true}
"""
CONFIG_AS_TOML = """
scenario = "doomed"
faults = [{operation = "listVideos", status = 503, times = 1}]
limits = {requests_per_minute = 6}
keys = {sk-aisa-revoked = {revoked = true}, sk-aisa-of-a-client = {}}
[scenarios.doomed]
outcome = "failed"
seconds = 0
"""
CONFIG += "  sk-aisa-of-a-client: {}\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [("config.yaml", CONFIG), ("config.toml", CONFIG_AS_TOML)],
    ids=["YAML", "TOML"],
)
def test_config_file_sets_scenario_faults_limits_and_keys(
    serve: Serve, config: Write, name: str, text: str
) -> None:
    mock = serve("--config", str(config(text, name=name)), "--strict")
    job = mock.create()
    assert mock.request("GET", f"/videos/{job['id']}").json()["status"] == "failed"
    assert [mock.request("GET", "/videos").status_code for _ in range(2)] == [503, 200]
    revoked = {"Authorization": "Bearer sk-aisa-revoked"}
    rejected = mock.request("GET", "/videos", headers=revoked)
    assert (rejected.status_code, rejected.json()["error"]["code"]) == (401, "revoked_api_key")
    assert mock.request("GET", "/videos").headers["x-ratelimit-limit-requests"] == "6"


def test_options_override_the_config_file(serve: Serve, config: Write) -> None:
    options = ["--scenario", "completes", "--limits", "none", "--fault", "lost: true, times: 1"]
    mock = serve("--config", str(config(CONFIG)), *options)
    with pytest.raises(httpx2.TransportError):
        mock.request("POST", "/videos", PROMPT)
    listed = mock.request("GET", "/videos")
    assert listed.status_code == 503
    (lost,) = mock.request("GET", "/videos").json()["data"]
    assert lost["status"] == "queued"


def test_faults_of_several_options_apply_in_order(serve: Serve) -> None:
    faults = ["operation: list, status: 429, retry_after: 7, times: 1", '{"status": 500}']
    mock = serve(*[part for fault in faults for part in ("--fault", fault)])
    first, second = [mock.request("GET", "/videos") for _ in range(2)]
    assert (first.status_code, first.headers["retry-after"]) == (429, "7")
    assert second.status_code == 500


def test_faults_of_the_command_line_may_be_dates_and_about_each_job(serve: Serve) -> None:
    dated = "operation: list, status: 429, retry_after: {date: 3000}"
    mock = serve("--fault", dated, "--fault", "operation: poll, job: each, nth: 2, status: 503")
    assert mock.request("GET", "/videos").headers["retry-after"].endswith(" GMT")
    jobs = [mock.request("POST", "/videos", PROMPT).json()["id"] for _ in range(2)]
    for status in (200, 503):
        assert {mock.request("GET", f"/videos/{job}").status_code for job in jobs} == {status}


def test_environment_variable_sets_one_fault_per_line() -> None:
    faults = "operation: list, status: 503, times: 1\n\noperation: create, lots: true\n"
    result = run_command("serve", env={"AISA_TESTKIT_FAULT": faults})
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: --fault: /lots: is not known here")


@pytest.mark.parametrize(
    ("limits", "remaining"),
    [("free", "59"), ("growth", "2999"), ("requests_per_minute: 2, in_flight: 1", "1")],
    ids=["small tier", "large tier", "numbers"],
)
def test_limits_are_in_every_response(serve: Serve, limits: str, remaining: str) -> None:
    mock = serve("--limits", limits)
    assert mock.request("GET", "/videos").headers["x-ratelimit-remaining-requests"] == remaining


@pytest.mark.parametrize(("options", "jobs"), [(["--idempotency-keys"], 1), ([], 2)])
def test_idempotency_keys_option_prevents_duplicate_jobs(
    serve: Serve, options: list[str], jobs: int
) -> None:
    mock = serve(*options)
    headers = {**KEY, "Idempotency-Key": "order-1"}
    created = {mock.request("POST", "/videos", PROMPT, headers).json()["id"] for _ in range(2)}
    assert len(created) == len(mock.request("GET", "/videos").json()["data"]) == jobs


def test_admin_token_is_required_for_control_api_and_verdict(serve: Serve) -> None:
    mock = serve("--admin-token", TOKEN)
    mock.request("GET", "/videos?colour=red")
    assert mock.admin_get("requests").status_code == 401
    opened = mock.admin_get("requests", {"Authorization": f"Bearer {TOKEN}"})
    assert [request["operation"] for request in opened.json()["requests"]] == ["listVideos"]
    rejected = run("verdict", mock.url)
    printed = run("verdict", mock.url, "--admin-token", TOKEN)
    assert (rejected.exit_code, printed.exit_code) == (2, 1)
    assert printed.stdout.startswith("1 finding in 1 request\n")


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        (["--host", "0.0.0.0"], True),
        (["--host", "0.0.0.0", "--admin-token", TOKEN], False),
        (["--host", "localhost"], False),
    ],
    ids=["all addresses", "admin token", "localhost"],
)
def test_control_api_without_token_on_all_addresses_prints_a_warning(
    serve: Serve, options: list[str], warned: bool
) -> None:
    mock = serve(*options)
    assert mock.admin_get("health").json()["status"] == "ok"
    assert mock.errors.empty() is not warned
    if warned:
        expected = "Warning: every client of 0.0.0.0 can use the control API without --admin-token."
        assert mock.next_error() == expected


def test_list_scenarios_includes_those_of_the_config_file(config: Write) -> None:
    result = run("serve", "--list-scenarios", "--config", str(config(CONFIG)))
    listed = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert result.exit_code == 0
    assert listed["doomed"] == "Ends badly at once."
    assert {"completes", "fails", "moderated", "stalls", "flaky-polls"} <= listed.keys()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (
            ["--fault", "lost"],
            "--fault must be options such as 'operation: create, status: 503', not",
        ),
        (["--fault", "lots: true"], "--fault: /lots"),
        (["--fault", "status: 418"], "--fault: /status"),
        (["--fault", "latency: .nan"], "--fault: /latency: .nan is not a JSON number"),
        (["--fault", "times: 1, times: 2"], "--fault: /times: is a duplicate key"),
        (["--limits", "spend: 1, spend: 2"], "--limits: /spend: is a duplicate key"),
        (["--limits", "huge"], "--limits: must be one of none, free, starter, growth, or a"),
        (["--limits", "5"], "--limits: must be one of none, free, starter, growth, or an obj"),
        (["--limits", "in_flight: -1"], "--limits: /in_flight: must be at least 1, not -1"),
        (
            ["--scenario", "nope"],
            "--scenario: unknown scenario 'nope', must be one of completes",
        ),
        (["--config", "/missing.yaml"], "/missing.yaml: cannot be read: No"),
        (["--watch"], "--watch: there is no file to watch; give a DOCUMENT or a --config"),
        (["--webhook-url", "ftp://h/"], "must begin with http:// or https://: 'ftp://h/'"),
        (
            ["--webhook-url", "http://h/", "--webhook-secret", "s"],
            "the webhook secret must be",
        ),
        (["--admin-token", ""], "must not be blank"),
    ],
    ids=[
        *("not a mapping", "unknown option", "unknown status", "not a number"),
        *("duplicate option", "duplicate limit", "unknown tier", "tier as number"),
        *("invalid limit", "unknown scenario", "missing file"),
        *("no file to watch", "invalid URL", "invalid secret", "empty token"),
    ],
)
def test_invalid_fault_limit_scenario_or_webhook_is_a_usage_error(
    arguments: list[str], reason: str
) -> None:
    result = run("serve", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")
    assert reason in result.stderr


def test_scenario_of_the_config_file_can_be_chosen_by_option(config: Write) -> None:
    file = str(config(CONFIG))
    for scenario in ("doomed", "doomed:no_luck"):
        result = run("serve", "--config", file, "--scenario", scenario, "--list-scenarios")
        assert result.exit_code == 0


def test_invalid_fault_in_the_config_file_is_reported_with_its_pointer(config: Write) -> None:
    path = config("faults:\n  - {operation: listVideos, status: 503}\n  - {times: 0}\n")
    result = run("serve", "--config", str(path))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"Error: {path}:")
    assert "/faults/1/times" in result.stderr
