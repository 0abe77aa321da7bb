"""`aisa-testkit check --only --exclude --seed`: selecting rules and varying requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aisa_testkit.contracts.rules.server_catalogue import SERVER_RULES
from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.openapi import Document
from tests.support.command_line import run_check, run_command
from tests.support.stub_server import stub_server

ALL = set(SERVER_RULES)
LIFECYCLE = {code for code in ALL if code.startswith("AV20")}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server whose error responses violate the document."""

    async def reject(request: Request) -> Response:
        return JSONResponse({"error": "no"}, 400)

    with stub_server(reject) as url:
        yield url


def check(url: str, *arguments: str) -> tuple[int, str]:
    return run_check(url, *arguments, key="sk-any-key", env={"AISA_TESTKIT_MAX_CREATES": "1"})


def report(url: str, path: Path, *arguments: str) -> Any:
    check(url, "--report", f"json={path}", *arguments)
    return json.loads(path.read_text())


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        ([], ALL),
        (["--only", "AV106"], {"AV106"}),
        (["--only", "av106"], {"AV106"}),
        (["--only", "AV106,AV101"], {"AV106", "AV101"}),
        (["--only", "AV106, AV101 "], {"AV106", "AV101"}),
        (["--only", "AV106", "--only", "AV101"], {"AV106", "AV101"}),
        (["--only", "AV20*"], LIFECYCLE),
        (["--only", "av20?"], LIFECYCLE),
        (["--exclude", "AV20*"], ALL - LIFECYCLE),
        (["--only", "AV20*", "--exclude", "AV203,AV205"], LIFECYCLE - {"AV203", "AV205"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_only_and_exclude_select_rules_by_code_and_pattern(
    url: str, tmp_path: Path, arguments: list[str], codes: set[str]
) -> None:
    found = report(url, tmp_path / "a.json", *arguments)
    assert set(found["rules"]) == codes
    assert {violation["code"] for violation in found["violations"]} <= codes
    assert ("AV106" in codes) is any(v["code"] == "AV106" for v in found["violations"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--only", "AV999"], "there is no server rule 'AV999'"),
        (["--only", "AV1006"], "there is no server rule 'AV1006'; did you mean AV106?"),
        (["--exclude", "AV9*"], "there is no server rule 'AV9*'"),
        (["--only", "AV106", "--exclude", "AV1*"], "no rule is left to check"),
        (["--exclude", "*"], "no rule is left to check"),
        (["--only", "AV801"], "there is no server rule 'AV801'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_invalid_rule_selection_is_a_usage_error(
    url: str, arguments: list[str], reason: str
) -> None:
    code, printed = check(url, *arguments)
    assert (code, len(printed.splitlines())) == (2, 1)
    assert reason in printed
    assert "aisa-testkit explain lists all" in printed


def test_environment_variable_selects_rules(url: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    environment = {"AISA_API_KEY": "sk-any-key", "AISA_TESTKIT_ONLY": "AV106 AV101"}
    arguments = ["check", url, "--report", f"json={path}"]
    run_command(*arguments, env=environment)
    assert json.loads(path.read_text())["rules"] == ["AV101", "AV106"]


def test_seed_varies_the_requests_at_the_same_cost(document: Document, tmp_path: Path) -> None:
    with serve_in_thread(document, clock=SystemClock(100), seed=1) as server:
        runs = [
            report(server.base_url, tmp_path / f"{number}.json", "--seed", seed)
            for number, seed in enumerate(["0", "0", "7"])
        ]
    plain, same, other = ([p["why"] for p in run["plan"]["refused"]] for run in runs)
    assert plain == same
    assert (plain == other, len(plain)) == (False, len(other))
    assert [run["seed"] for run in runs] == [0, 0, 7]
    assert {run["ledger"]["spent"] for run in runs} == {"0.40"}
    assert {run["exit_code"] for run in runs} == {0}
