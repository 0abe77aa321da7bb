"""`aisa-testkit explain`: the meaning of a rule, by its code."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from aisa_testkit.cli import main
from aisa_testkit.contracts import RULES
from aisa_testkit.contracts.rules.rule_page import explain_rule
from tests.support.command_line import run_command

# The colour settings of the machine must not decide what is a terminal.
NO_TERMINAL = {"FORCE_COLOR": None, "TTY_COMPATIBLE": None, "TTY_INTERACTIVE": None}


def run(*arguments: str) -> Result:
    return run_command("explain", *arguments, env=NO_TERMINAL)


@pytest.mark.parametrize("code", ["AV203", "av203", "Av203", " AV203 "])
def test_code_is_read_in_any_case_and_with_spaces(code: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stderr, result.stdout) == (0, "", explain_rule(RULES["AV203"]))


def test_every_rule_is_explained() -> None:
    printed = {code: run(code).stdout for code in RULES}
    assert printed == {code: explain_rule(rule) for code, rule in RULES.items()}


def test_all_rules_are_listed_with_their_titles_without_a_code() -> None:
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
    ids=["extra letter", "letter in place of a digit", "wrong letter", "number alone"],
)
def test_unknown_code_error_names_the_nearest_codes_in_one_line(code: str, near: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stdout) == (2, "")
    start = f"Error: unknown rule {code}; the nearest are "
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
    ids=["word", "empty", "two lines", "path", "long text"],
)
def test_error_for_a_code_near_no_other_says_how_to_list_all(code: str, shown: str) -> None:
    result = run(code)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: unknown rule {shown}; `aisa-testkit explain` lists all rules\n"
    )


def test_explanation_is_rendered_on_a_terminal() -> None:
    result = CliRunner().invoke(
        main, ["explain", "AV203"], env={"FORCE_COLOR": "1", "COLUMNS": "120"}, color=True
    )
    assert (result.exit_code, result.stderr) == (0, "")
    assert "\x1b[" in result.stdout
    assert "AV203 progress decreased" in result.stdout
    assert "Never let progress decrease." in result.stdout
    for raw in ("# AV203", "**Advice:**", "```"):
        assert raw not in result.stdout


def test_installed_command_explains_a_rule() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "aisa_testkit", "explain", "av705"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", explain_rule(RULES["AV705"]))
