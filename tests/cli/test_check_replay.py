"""`aisa-testkit check --replay`: checking a recording."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aisa_testkit.contracts.traffic.exchange import read_exchange
from aisa_testkit.contracts.traffic.recording import write_recording
from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.openapi import Call, Reply, load_document
from aisa_testkit.openapi.json import Json
from tests.support.command_line import run_check
from tests.support.documents import RENDERINGS
from tests.support.stub_server import stub_server

KEY = "sk-live-3cr3t"
SIZE = {"type": "object", "properties": {"size": {"type": "integer"}}}
PLAIN = {
    "openapi": "3.1.0",
    "info": {"title": "Plain", "version": "1"},
    "servers": [{"url": "/v1"}],
    "paths": {
        "/size": {
            "get": {
                "operationId": "getSize",
                "responses": {
                    "200": {
                        "description": "The size.",
                        "content": {"application/json": {"schema": SIZE}},
                    }
                },
            }
        }
    },
}


def check(*arguments: str) -> tuple[int, str]:
    return run_check(*arguments, key=KEY)


@pytest.fixture(scope="module")
def conforming(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The URL of a conforming server that has stopped, and the recording of its check."""
    path = tmp_path_factory.mktemp("recordings") / "conforming.har"
    clock = SystemClock(100)
    with serve_in_thread(load_document(), clock=clock, seed=1, api_keys=[KEY]) as server:
        url = server.base_url
        assert check(url, "--max-creates", "1", "--record", str(path))[0] == 0
    return url, path


@pytest.fixture
def failing(tmp_path: Path) -> tuple[str, Path, Any]:
    """The URL of a non-conforming server, the recording of its check and the JSON report."""

    async def reject(request: Request) -> Response:
        return JSONResponse({"error": f"no {KEY}"}, 400)

    path, report = tmp_path / "failing.har", tmp_path / "failing.json"
    with stub_server(reject) as origin:
        url = f"{origin}/v1"
        check(url, "--record", str(path), "--report", f"json={report}")
    return url, path, json.loads(report.read_text())


def test_recording_of_a_conforming_server_passes_and_costs_nothing(
    conforming: tuple[str, Path],
) -> None:
    _, path = conforming
    code, printed = check("--replay", str(path))
    assert code == 0
    assert f"  checks {path} and sends nothing" in printed.splitlines()
    assert printed.splitlines()[-1].startswith("no violation in ")
    assert "USD" not in printed


def test_replay_finds_the_violations_of_the_live_check(
    failing: tuple[str, Path, Any], tmp_path: Path
) -> None:
    url, path, live = failing
    report = tmp_path / "replayed.json"
    code, _ = check("--replay", str(path), "--report", f"json={report}")
    replayed = json.loads(report.read_text())
    assert (code, replayed["base_url"], replayed["plan"]) == (1, url, None)
    # A recording has only the digest of a file, so that the command cannot send the file.
    for violation in (*replayed["violations"], *live["violations"]):
        violation.pop("again")
    assert replayed["violations"] == live["violations"] != []
    assert replayed["requests"] == live["requests"]


@pytest.mark.parametrize("kind", ["har", "html", "json", "junit", "markdown"])
def test_replay_writes_every_report_format(
    failing: tuple[str, Path, Any], tmp_path: Path, kind: str
) -> None:
    _, path, _ = failing
    report = tmp_path / "report"
    assert check("--replay", str(path), "--report", f"{kind}={report}")[0] == 1
    assert KEY not in report.read_text()


def test_recording_of_a_replay_is_the_same(conforming: tuple[str, Path], tmp_path: Path) -> None:
    copies = [tmp_path / "1.har", tmp_path / "2.har"]
    assert check("--replay", str(conforming[1]), "--record", str(copies[0]))[0] == 0
    assert check("--replay", str(copies[0]), "--record", str(copies[1]))[0] == 0
    assert copies[0].read_text() == copies[1].read_text()


def test_base_url_selects_recorded_requests_and_must_match(conforming: tuple[str, Path]) -> None:
    url, path = conforming
    assert check(url, "--replay", str(path))[0] == 0
    code, printed = check("https://api.aisa.one/v1", "--replay", str(path))
    assert (code, printed.count("Error: ")) == (6, 1)
    assert "below https://api.aisa.one/v1; try another BASE_URL" in printed


def test_replay_takes_a_document_with_or_without_a_base_url(tmp_path: Path) -> None:
    path, clock = tmp_path / "a.har", SystemClock(100)
    document = str(RENDERINGS)
    with serve_in_thread(load_document(RENDERINGS), clock=clock, api_keys=[KEY]) as server:
        url = server.base_url
        recording = ["--record", str(path), "--max-creates", "1"]
        assert check(url, document, *recording)[0] == 0
    assert check(document, "--replay", str(path))[0] == 0
    assert check(url, document, "--replay", str(path))[0] == 0


def test_replay_with_another_document_checks_nothing(
    conforming: tuple[str, Path], tmp_path: Path
) -> None:
    report = tmp_path / "a.json"
    code, printed = check(
        str(RENDERINGS), "--replay", str(conforming[1]), "--report", f"json={report}"
    )
    assert (code, printed.count("Error: ")) == (6, 1)
    assert json.loads(report.read_text())["exit_code"] == 6
    assert "but none of Renderings below" in printed


def test_replay_with_a_missing_document_is_a_usage_error(conforming: tuple[str, Path]) -> None:
    code, printed = check("missing.yaml", "--replay", str(conforming[1]))
    assert (code, len(printed.splitlines()), "missing.yaml" in printed) == (2, 1, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the recording is empty"),
        ('{"log": {"entries": [', "is not valid JSON"),
        ("<html>", "is not valid JSON"),
        ("[]", "is not HAR"),
    ],
    ids=["empty", "truncated", "HTML", "other JSON"],
)
def test_invalid_recording_is_a_usage_error(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.har"
    path.write_text(text)
    code, printed = check("--replay", str(path))
    (line,) = [line for line in printed.splitlines() if line.startswith("Error: ")]
    assert (code, line.startswith(f"Error: --replay {path}: ")) == (2, True)
    assert reason in line


def test_recording_without_requests_checks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text('{"log": {"entries": []}}')
    code, printed = check("--replay", str(path))
    assert (code, "the recording contains no requests" in printed) == (6, True)


@pytest.fixture
def plain(tmp_path: Path) -> Callable[[Json], tuple[Path, Path]]:
    """Writes a document without jobs, and a recording of this response to a request of it."""

    def write(body: Json) -> tuple[Path, Path]:
        document, path = tmp_path / "plain.json", tmp_path / "plain.har"
        document.write_text(json.dumps(PLAIN))
        loaded = load_document(document)
        headers = {"content-type": "application/json"}
        reply = Reply(200, headers, json.dumps(body).encode())
        exchange = read_exchange(loaded, Call("getSize"), reply, at=1e9)
        url = "http://localhost/v1"
        path.write_bytes(write_recording(loaded, [exchange], base_url=url, version="0"))
        return document, path

    return write


def test_replay_checks_a_document_without_jobs_by_its_schemas(
    plain: Callable[[Json], tuple[Path, Path]],
) -> None:
    document, path = plain({"size": 4})
    code, printed = check(str(document), "--replay", str(path))
    assert (code, printed.splitlines()[-1]) == (0, "no violation in 1 requests")
    plain({"size": "large"})
    code, printed = check(str(document), "--replay", str(path))
    assert (code, "AV104" in printed) == (1, True)


def test_replay_with_rules_that_the_recording_shows_nothing_for_checks_nothing(
    plain: Callable[[Json], tuple[Path, Path]],
) -> None:
    document, path = plain({"size": 4})
    code, printed = check(str(document), "--replay", str(path), "--only", "AV201")
    assert (code, "nothing that the selected rules could check" in printed) == (6, True)


def test_check_of_a_server_without_jobs_names_the_replay(
    plain: Callable[[Json], tuple[Path, Path]],
) -> None:
    document, _ = plain({})
    code, printed = check("http://localhost:1/v1", str(document))
    assert (code, "declares no kind of job" in printed, "--replay" in printed) == (2, True, True)


def test_report_must_not_overwrite_the_replayed_recording(
    conforming: tuple[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(conforming[1].read_bytes())
    code, printed = check("--replay", str(path), "--report", f"html={path}")
    assert (code, printed.count("Error: ")) == (2, 1)
    assert path.read_bytes() == conforming[1].read_bytes()


@pytest.mark.parametrize("name", ["missing.har", "."], ids=["missing file", "folder"])
def test_unreadable_recording_is_a_usage_error(tmp_path: Path, name: str) -> None:
    code, printed = check("--replay", str(tmp_path / name))
    assert (code, f"--replay {tmp_path / name} cannot be read: " in printed) == (2, True)


@pytest.mark.parametrize(
    "options",
    [
        ["--resume", "video_1"],
        ["--keep"],
        ["--kind", "video"],
        ["--set", "a=b"],
        ["--header", "a:b"],
        ["--no-key"],
    ],
    ids=lambda options: options[0],
)
def test_replay_cannot_be_combined_with_options_for_servers(
    conforming: tuple[str, Path], options: list[str]
) -> None:
    code, printed = check("--replay", str(conforming[1]), *options)
    assert (code, printed.count("Error: ")) == (2, 1)
    assert options[0] in printed
    assert "--replay" in printed


def test_replay_skips_excluded_rules(failing: tuple[str, Path, Any]) -> None:
    _, path, live = failing
    codes = {violation["code"] for violation in live["violations"]}
    code, printed = check("--replay", str(path), "--exclude", ",".join(codes))
    assert (code, "no violation in" in printed) == (0, True)


def test_check_without_base_url_and_recording_is_a_usage_error() -> None:
    code, printed = check()
    assert (code, "give the BASE_URL of a server, or --replay PATH" in printed) == (2, True)
