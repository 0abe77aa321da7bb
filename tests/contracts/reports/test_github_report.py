"""What GitHub Actions is told: one command for each violation, and none that a server made up."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from aisa_testkit.contracts.reports import Report, write_github_commands
from aisa_testkit.contracts.rules.rule import Severity

COMMAND = re.compile("::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")


def read(report: Report) -> list[tuple[str, str, str]]:
    """Kind, title and text of each command, with their escapes undone."""
    commands = []
    for line in write_github_commands(report):
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        kind, title, text = match.groups()
        for escape, sign in (
            ("%0A", "\n"),
            ("%0D", "\r"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ):
            title, text = title.replace(escape, sign), text.replace(escape, sign)
        commands.append((kind, title, text))
    return commands


def test_a_right_server_has_no_command(passed_report: Report) -> None:
    assert read(passed_report) == []


def test_every_kind_of_violation_is_one_command_of_one_line(hostile_report: Report) -> None:
    told = [f"{title}\n{text}" for _, title, text in read(hostile_report)]
    for kind, text in zip(hostile_report.violation_groups, told, strict=True):
        assert text.startswith(str(kind.first))
        assert ("\n  seen " in text) is bool(kind.more)


def test_a_check_that_did_not_come_to_its_end_is_an_error(interrupted_report: Report) -> None:
    title = "The check did not come to its end"
    assert read(interrupted_report) == [("error", title, "interrupted")]


def test_a_warning_is_a_warning(make_report: Callable[..., Report], hostile_report: Report) -> None:
    first = hostile_report.result.violations[0]
    warning = replace(first, rule=replace(first.rule, severity=Severity.WARNING))
    report = make_report(result=replace(hostile_report.result, violations=(warning,)))
    assert [kind for kind, _, _ in read(report)] == ["warning"]


@pytest.mark.parametrize("text", ["\n::error::x", "\r\n::warning::x", "%0A::x", "a::b,c=d"])
def test_no_text_of_a_server_makes_a_command(
    make_report: Callable[..., Report], hostile_report: Report, text: str
) -> None:
    violation = replace(hostile_report.result.errors[0], received=text, expected=text)
    result = replace(hostile_report.result, violations=(violation,))
    (_, _, told), (_, _, error) = read(make_report(result=result, error=text))
    assert told.count(text) == 2
    assert error == text
