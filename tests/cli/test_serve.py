"""`aisa-testkit serve` as its users run it: in a process of its own, until it is stopped."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from aisa_testkit.cli import main
from aisa_testkit.openapi import Document
from tests.support.documents import RENDERINGS

KEY = {"Authorization": "Bearer sk-test"}
PROMPT = {"prompt": "A lighthouse in a storm"}


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its first line, and the URL in it."""

    process: subprocess.Popen[str]
    greeting: str
    url: str

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Stops it; returns all that it printed behind the first line."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        printed = self.process.stdout.read()
        self.process.wait(timeout=10)
        return printed


@contextmanager
def serving(*arguments: str) -> Iterator[Served]:
    clean = {name: value for name, value in os.environ.items() if "AISA_TESTKIT" not in name}
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--port", "0", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", env=clean
    ) as process:
        try:
            assert process.stdout is not None
            greeting = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:[0-9]+/\S+", greeting)
            assert found, greeting
            yield Served(process, greeting, found[0])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_says_where_it_is_and_stops_without_complaint(
    document: Document, number: signal.Signals
) -> None:
    with serving() as served:
        assert served.greeting == f"AIsa Videos at {served.url}\n"
        assert served.url.endswith("/v1")
        made = httpx2.post(f"{served.url}/videos", json=PROMPT, headers=KEY).json()
        assert made["status"] == "queued"
        printed = served.stop(number).splitlines()
        assert served.process.returncode == 0
    control = f"{served.url.removesuffix('/v1')}/__admin"
    assert [line.split() for line in printed[:-2]] == [
        [operation.method, f"/v1{operation.path}", operation.id]
        for operation in document.operations.values()
    ]
    assert printed[-2] == f"Control API at {control}/, documented in {control}/openapi.json."
    assert printed[-1] == "Ctrl-C stops the server."


def test_a_seed_makes_the_same_ids_in_every_run() -> None:
    ids = []
    with serving("--seed", "7") as one, serving("--seed", "7") as two, serving() as other:
        for served in (one, two, other):
            made = httpx2.post(f"{served.url}/videos", json=PROMPT, headers=KEY)
            ids.append((made.json()["id"], made.headers["x-request-id"]))
    assert ids[0] == ids[1] != ids[2]


def test_options_set_speed_scenario_and_keys_and_print_the_requests() -> None:
    options = ["--speed", "1000", "--scenario", "fails", "--strict", "--verbose"]
    with serving(*options, "--api-key", "right", "--api-key", "also") as served:
        statuses = {}
        for key in ("right", "also", "wrong"):
            headers = {"Authorization": f"Bearer {key}"}
            statuses[key] = httpx2.get(f"{served.url}/videos", headers=headers).status_code
        assert statuses == {"right": 200, "also": 200, "wrong": 401}
        with httpx2.Client(headers={"Authorization": "Bearer right"}) as client:
            clock = client.get(f"{served.url.removesuffix('/v1')}/__admin/clock").json()
            assert (clock["speed"], clock["frozen"]) == (1000.0, False)
            job = client.post(f"{served.url}/videos", json=PROMPT).json()
            while job["status"] not in ("completed", "failed"):
                job = client.get(f"{served.url}/videos/{job['id']}").json()
        assert job["error"]["code"] == "moderation_blocked"
        printed = served.stop()
    assert len(re.findall(r'"GET /v1/videos HTTP/1\.1" 200 OK', printed)) == 2
    assert len(re.findall(r'"GET /v1/videos HTTP/1\.1" 401 Unauthorized', printed)) == 1
    assert len(re.findall(r'"POST /v1/videos HTTP/1\.1" 200 OK', printed)) == 1


def test_another_document_is_served_as_well_and_may_know_every_id() -> None:
    with serving(str(RENDERINGS), "--unknown-ids", "synthesize") as served:
        assert served.greeting == f"Renderings at {served.url}\n"
        headers = {"X-Render-Key": "k"}
        ticket = httpx2.get(f"{served.url}/renderings/r-1/status", headers=headers).json()
        printed = served.stop()
    assert ticket["job"]["phase"]["word"] == "ready"
    assert "POST   /api/v7/renderings " in printed
    assert '"GET /api/v7' not in printed


def run(*arguments: str) -> tuple[int, list[str]]:
    """The exit code of a command that does not come to serve, and the lines that it printed.

    The environment names a port that is taken, so that none can.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, arguments, env={"AISA_TESTKIT_PORT": port})
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output.replace(port, "TAKEN").splitlines()


def test_a_port_that_is_taken_is_named_also_if_it_is_from_the_environment() -> None:
    told = "port TAKEN of 127.0.0.1 is in use; choose another --port, or 0 for a free one"
    assert run("serve") == (2, [f"Error: {told}"])


def test_an_error_of_the_process_goes_to_stderr_with_exit_code_2() -> None:
    command = [sys.executable, "-m", "aisa_testkit", "serve", "--speed", "0"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    expected = "Error: --speed must be a positive number, not 0.0\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--speed", "nan"], "--speed must be a positive number, not nan"),
        (["--scenario", "sleeps"], "--scenario: unknown scenario 'sleeps', must be one of comp"),
        (["--host", "192.0.2.1"], "cannot listen on port TAKEN of 192.0.2.1: "),
        (["--host", "a..b"], "cannot listen on port TAKEN of a..b: "),
        (["/nowhere/at/all.yaml"], "/nowhere/at/all.yaml: cannot be read: No"),
        ([__file__], f"{__file__}: "),
    ],
    ids=["speed", "scenario", "address of others", "no address", "no file", "no document"],
)
def test_what_cannot_be_had_is_told_in_one_line(arguments: list[str], expected: str) -> None:
    code, lines = run("serve", *arguments)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(f"Error: {expected}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--prot", "1"], "No such option '--prot'"),
        (["--port", "65536"], "65536 is not in the range 0<=x<=65535"),
        (["--speed", "fast"], "'fast' is not a valid float"),
        (["--unknown-ids", "guess"], "'guess' is not one of 'refuse', 'synthesize'"),
        ([str(RENDERINGS), "more"], "Got unexpected extra argument (more)"),
    ],
    ids=["option", "port", "speed", "choice", "argument"],
)
def test_a_usage_error_is_one_line_that_names_it(arguments: list[str], expected: str) -> None:
    code, lines = run("serve", *arguments)
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("Error: ")
    assert expected in lines[0]


def test_a_document_with_several_problems_is_left_to_validate(tmp_path: Path) -> None:
    path, text = tmp_path / "broken.yaml", RENDERINGS.read_text(encoding="utf-8")
    text = text.replace("x-job-role: list", "x-job-role: heap")
    path.write_text(text, encoding="utf-8")
    code, lines = run("serve", str(path))
    assert (code, len(lines)) == (2, 1)
    assert "/paths/~1renderings/get/x-job-role: must be one of" in lines[0]
    path.write_text(text.replace("x-job-role: delete", "x-job-role: burn"), encoding="utf-8")
    code, lines = run("serve", str(path))
    assert (code, len(lines)) == (2, 2)
    assert lines[0].endswith(" (and 1 more)")
    assert lines[1] == f"aisa-testkit document --validate {path} lists every problem."


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_names_every_option_with_its_variable(option: str) -> None:
    code, lines = run("serve", option)
    words = " ".join(" ".join(lines).split())
    assert code == 0
    for name in (
        *("host", "port", "speed", "seed", "scenario", "config", "fault", "limits", "api-key"),
        *("unknown-ids", "idempotency-keys", "webhook-url", "webhook-secret", "admin-token"),
        *("watch", "strict"),
    ):
        assert f"--{name} " in words
        assert f"env var: AISA_TESTKIT_{name.replace('-', '_').upper()}" in words


def test_the_version_is_that_of_the_package() -> None:
    version = metadata.version("aisa-testkit")
    assert run("--version") == (0, [f"aisa-testkit, version {version}"])
