"""`aisa-testkit serve` in a process, and its errors."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import httpx2
import pytest

from aisa_testkit.openapi import Document
from tests.support.command_line import run_command
from tests.support.documents import RENDERINGS
from tests.support.serve_process import KEY, PROMPT, serve_process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_banner_has_the_urls_and_a_signal_stops_the_server(
    document: Document, number: signal.Signals
) -> None:
    with serve_process() as mock:
        assert mock.url.endswith("/v1")
        assert mock.create()["status"] == "queued"
        assert mock.stop(number) == []
        assert (mock.process.returncode, mock.errors.empty()) == (0, True)
    first, *operations, control, last = mock.banner
    assert first == f"AIsa Videos at {mock.url}"
    assert [line.split() for line in operations] == [
        [operation.method, f"/v1{operation.path}", operation.id]
        for operation in document.operations.values()
    ]
    assert control == f"Control API at {mock.admin}/, documented in {mock.admin}/openapi.json."
    assert last == "Ctrl-C stops the server."


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_that_was_ignored_at_the_start_stops_the_server(number: signal.Signals) -> None:
    """A shell starts background commands with SIGINT ignored; the server must still stop."""
    with serve_process(ignored=[number]) as mock:
        assert mock.stop(number) == []
        assert (mock.process.returncode, mock.errors.empty()) == (0, True)


def test_hangup_does_not_stop_a_server_that_nohup_started() -> None:
    with serve_process(ignored=[signal.SIGHUP]) as mock:
        mock.process.send_signal(signal.SIGHUP)
        assert mock.create()["status"] == "queued"
        assert mock.stop() == []
        assert mock.process.returncode == 0


def test_same_seed_makes_the_same_ids() -> None:
    ids = []
    with (
        serve_process("--seed", "7") as first,
        serve_process("--seed", "7") as second,
        serve_process() as unseeded,
    ):
        for mock in (first, second, unseeded):
            created = mock.request("POST", "/videos", PROMPT)
            ids.append((created.json()["id"], created.headers["x-request-id"]))
    assert ids[0] == ids[1] != ids[2]


def test_options_set_speed_scenario_api_keys_and_request_log() -> None:
    options = ["--speed", "1000", "--scenario", "fails", "--strict", "--verbose"]
    with serve_process(*options, "--api-key", "first", "--api-key", "second") as mock:
        statuses = {}
        for key in ("first", "second", "unknown"):
            headers = {"Authorization": f"Bearer {key}"}
            statuses[key] = mock.request("GET", "/videos", headers=headers).status_code
        assert statuses == {"first": 200, "second": 200, "unknown": 401}
        clock = mock.admin_get("clock").json()
        assert (clock["speed"], clock["frozen"]) == (1000.0, False)
        with httpx2.Client(headers={"Authorization": "Bearer first"}) as client:
            job = client.post(f"{mock.url}/videos", json=PROMPT).json()
            while job["status"] not in ("completed", "failed"):
                job = client.get(f"{mock.url}/videos/{job['id']}").json()
        assert job["error"]["code"] == "moderation_blocked"
        printed = "\n".join(mock.stop())
    assert printed.count("200 GET /v1/videos\n") == 2
    assert printed.count("401 GET /v1/videos  invalid_api_key: ") == 1
    assert printed.count("200 POST /v1/videos  job video_") == 1


def test_another_document_is_served_with_synthesized_ids() -> None:
    with serve_process(str(RENDERINGS), "--unknown-ids", "synthesize") as mock:
        ticket = mock.request("GET", "/renderings/r-1/status", headers={"X-Render-Key": "k"})
        printed = mock.stop()
    assert mock.banner[0] == f"Renderings at {mock.url}"
    assert ticket.json()["job"]["phase"]["word"] == "ready"
    assert any(line.startswith("  POST   /api/v7/renderings ") for line in mock.banner)
    assert printed == []


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit code and the output of a command that must not start a server.

    The environment sets a port that is in use.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = run_command(*arguments, env={"AISA_TESTKIT_PORT": port})
    return result.exit_code, result.output.replace(port, "USED").splitlines()


def test_port_in_use_from_the_environment_is_a_usage_error() -> None:
    reason = "port USED of 127.0.0.1 is in use; choose another --port, or 0 for a free one"
    assert run("serve") == (2, [f"Error: {reason}"])


def test_usage_error_of_the_process_goes_to_stderr_with_exit_code_2() -> None:
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--speed", "0"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    expected = "Error: --speed must be a positive number, not 0.0\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--speed", "nan"], "--speed must be a positive number, not nan"),
        (["--scenario", "sleeps"], "--scenario: unknown scenario 'sleeps', must be one of comp"),
        (["--host", "192.0.2.1"], "cannot listen on port USED of 192.0.2.1: "),
        (["--host", "a..b"], "cannot listen on port USED of a..b: "),
        (["/missing.yaml"], "/missing.yaml: cannot be read: No"),
        ([__file__], f"{__file__}: "),
    ],
    ids=["speed", "scenario", "foreign address", "invalid address", "missing file", "no document"],
)
def test_invalid_value_is_a_usage_error_in_one_line(arguments: list[str], expected: str) -> None:
    code, lines = run("serve", *arguments)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(f"Error: {expected}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--prot", "1"], "No such option"),
        (["--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["--speed", "fast"], "'fast' is not a valid float"),
        (["--unknown-ids", "guess"], "'guess' is not one of 'refuse', 'synthesize'"),
        ([str(RENDERINGS), "more"], "Got unexpected extra argument (more)"),
    ],
    ids=["option", "port", "speed", "choice", "argument"],
)
def test_usage_error_is_one_line(arguments: list[str], expected: str) -> None:
    code, lines = run("serve", *arguments)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("Error: ")
    assert expected in lines[0]


def test_document_with_several_problems_points_to_validate(tmp_path: Path) -> None:
    path, text = tmp_path / "broken.yaml", RENDERINGS.read_text(encoding="utf-8")
    text = text.replace("    poll: rendering\n", "    poll: renderin\n")
    path.write_text(text, encoding="utf-8")
    code, lines = run("serve", str(path))
    assert (code, len(lines)) == (2, 1)
    assert "/x-jobs/rendering/poll: " in lines[0]
    assert "did you mean rendering?" in lines[0]
    path.write_text(text.replace("    result: film\n", "    result: flim\n"), encoding="utf-8")
    code, lines = run("serve", str(path))
    assert (code, len(lines)) == (2, 2)
    assert lines[0].endswith(" (and 1 more)")
    assert lines[1] == f"aisa-testkit document {path} --validate lists every problem."


@pytest.mark.parametrize("options", [["-h", "--env"], ["--env", "--help"], ["--env"]])
def test_serve_help_lists_every_option_with_its_environment_variable(options: list[str]) -> None:
    code, lines = run("serve", *options)
    words = " ".join(" ".join(lines).split())
    assert code == 0
    for name in (
        *("host", "port", "speed", "seed", "scenario", "config", "fault", "limits", "api-key"),
        *("unknown-ids", "idempotency-keys", "webhook-url", "webhook-secret", "admin-token"),
        *("watch", "strict"),
    ):
        assert f"--{name} " in words
        variable = f"AISA_TESTKIT_{name.replace('-', '_').upper()}"
        assert f"env var: {variable.replace('_SEED', '_SERVE_SEED')}" in words


def test_version_is_that_of_the_package() -> None:
    version = metadata.version("aisa-testkit")
    assert run("--version") == (0, [f"aisa-testkit, version {version}"])


def test_unusual_requests_are_printed_once_and_usual_ones_are_not() -> None:
    with serve_process("--fault", "operation: list, status: 503, times: 1") as mock:
        assert mock.request("GET", "/videos").status_code == 503
        job = mock.create()["id"]
        for path in ("/videos", f"/videos/{job}", "/video"):
            mock.request("GET", path)
        with socket.create_connection(("127.0.0.1", int(mock.url.split(":")[2][:-3]))) as client:
            client.sendall(b"\x16\x03\x01")
            assert client.recv(1)
        failed, unknown, invalid = mock.stop()
        assert mock.errors.empty()
    assert failed.startswith("503 GET /v1/videos  upstream_unavailable: ")
    assert failed.endswith("  fault operation: list, status: 503, times: 1")
    assert unknown.startswith("404 GET /v1/video  AV701 ")
    assert invalid.startswith("400 ? ?  the client uses TLS")


def test_request_log_hides_api_keys() -> None:
    key = KEY["Authorization"].removeprefix("Bearer ")
    paths = ("/videos?api_key=sk-secret&limit=1", f"/videos/{key}", f"/no%2dpath/{key}")
    with serve_process("--verbose") as mock:
        for path in paths:
            mock.request("GET", path)
        lines = mock.stop()
    assert lines[0].startswith("200 GET /v1/videos  AV707 api_key: ")
    assert lines[1].startswith("404 GET /v1/videos/[*key*]*")
    assert lines[2].startswith("404 GET /v1/no%2dpath/[*key*]*")
    assert key not in "".join(lines)


def test_webhook_url_is_printed_without_its_credentials() -> None:
    with serve_process("--webhook-url", "http://hook:s3cret@127.0.0.1:9/jobs?token=t0ken") as mock:
        banner = "\n".join(mock.banner)
    assert "Webhooks go to http://***@127.0.0.1:9/jobs?..., signed with whsec_" in banner
    assert "s3cret" not in banner
    code, lines = run("serve", "--webhook-url", "ftp://hook:s3cret@127.0.0.1/")
    assert code == 2
    assert "'ftp://***@127.0.0.1/'" in "".join(lines)
    assert "s3cret" not in "".join(lines)
