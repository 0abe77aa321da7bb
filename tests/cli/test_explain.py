"""`aisa-testkit explain`: from the code of a rule to what it means."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aisa_testkit.cli import main
from aisa_testkit.contracts import RULES

PAGES = Path(__file__).parents[2] / "contracts" / "rules" / "pages"
# A machine's settings for colours must not decide what is a terminal here.
NO_TERMINAL = {"FORCE_COLOR": None, "TTY_COMPATIBLE": None, "TTY_INTERACTIVE": None}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments], env=NO_TERMINAL)


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text("utf-8")


@pytest.mark.parametrize("code", ["AV203", "av203", "Av203", " AV203 "])
def test_a_page_is_printed_as_it_is_however_the_code_is_written(code: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", page("AV203"))


def test_every_rule_can_be_explained() -> None:
    printed = {code: run(code).stdout for code in RULES}
    assert printed == {code: page(code) for code in RULES}


def test_without_a_code_all_rules_are_listed_with_their_titles() -> None:
    result = run()
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    assert "AV203  progress decreased" in lines
    assert "AV707  unknown field (a warning)" in lines


@pytest.mark.parametrize(
    ("code", "near"),
    [
        ("AV208x", "AV208"),
        ("av7l2", "AV712"),
        ("AB705", "AV705"),
        ("705", "AV705"),
    ],
    ids=["a letter too many", "a letter for a digit", "a wrong letter", "the number alone"],
)
def test_an_unknown_code_is_one_line_with_the_nearest_codes(code: str, near: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stdout) == (2, "")
    start = f"Error: there is no rule {code}; the nearest are "
    assert result.stderr.startswith(start)
    assert near in result.stderr.removeprefix(start).rstrip("\n").split(", ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("progress", "progress"),
        ("", "''"),
        ("two\nlines", r"'two\nlines'"),
        ("../catalogue", "../catalogue"),
        ("x" * 5000, "x" * 60),
    ],
    ids=["a word", "nothing", "two lines", "a path", "a novel"],
)
def test_what_is_near_no_code_is_told_where_all_are_listed(code: str, shown: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: there is no rule {shown}; aisa-testkit explain lists all there are\n"
    )


def test_on_a_terminal_the_page_is_rendered() -> None:
    result = CliRunner().invoke(
        main, ["explain", "AV203"], env={"FORCE_COLOR": "1", "COLUMNS": "120"}, color=True
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b[" in result.stdout
    assert "AV203 progress decreased" in result.stdout
    assert "Never let progress decrease." in result.stdout
    for raw in ("# AV203", "**Advice:**", "```"):
        assert raw not in result.stdout


def test_the_command_that_is_installed_explains_a_rule() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "aisa_testkit", "explain", "av705"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", page("AV705"))
