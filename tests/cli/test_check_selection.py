"""`aisa-testkit check --only --exclude --seed`: what is judged, and what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aisa_testkit.cli import main
from aisa_testkit.contracts.rules.server_catalogue import SERVER_RULES
from aisa_testkit.mock_server import SystemClock, serve_in_thread
from aisa_testkit.mock_server.http.server import serve_app
from aisa_testkit.openapi import Document

ALL = set(SERVER_RULES)
LIFE = {code for code in ALL if code.startswith("AV20")}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that refuses everything in a wrong way."""

    async def refuse(request: Request) -> Response:
        return JSONResponse({"error": "no"}, 400)

    routes = [Route("/{rest:path}", refuse, methods=["GET", "POST", "DELETE"])]
    with serve_app(Starlette(routes=routes)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def check(url: str, *arguments: str) -> tuple[int, str]:
    environment = {"AISA_API_KEY": "sk-any-key", "AISA_TESTKIT_MAX_CREATES": "1"}
    result = CliRunner().invoke(main, ["check", url, *arguments], env=environment)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result.exit_code, result.output


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
        (["--only", "AV20*"], LIFE),
        (["--only", "av20?"], LIFE),
        (["--exclude", "AV20*"], ALL - LIFE),
        (["--only", "AV20*", "--exclude", "AV203,AV205"], LIFE - {"AV203", "AV205"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_rules_are_chosen_by_code_and_pattern(
    url: str, tmp_path: Path, arguments: list[str], codes: set[str]
) -> None:
    told = report(url, tmp_path / "a.json", *arguments)
    assert set(told["rules"]) == codes
    assert {violation["code"] for violation in told["violations"]} <= codes
    assert ("AV106" in codes) is any(v["code"] == "AV106" for v in told["violations"])


@pytest.mark.parametrize(
    ("arguments", "told"),
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
def test_a_choice_that_cannot_be_is_told_in_one_line(
    url: str, arguments: list[str], told: str
) -> None:
    code, printed = check(url, *arguments)
    assert (code, len(printed.splitlines())) == (2, 1)
    assert told in printed
    assert "aisa-testkit explain lists all" in printed


def test_the_environment_chooses_as_well(url: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    environment = {"AISA_API_KEY": "sk-any-key", "AISA_TESTKIT_ONLY": "AV106 AV101"}
    arguments = ["check", url, "--report", f"json={path}"]
    CliRunner().invoke(main, arguments, env=environment)
    assert json.loads(path.read_text())["rules"] == ["AV101", "AV106"]


def test_a_seed_varies_what_is_sent_at_the_same_cost(document: Document, tmp_path: Path) -> None:
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
