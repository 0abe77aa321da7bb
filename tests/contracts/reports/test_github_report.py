"""Reports as workflow commands of GitHub Actions, which no text of a server can add."""

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


def test_passed_check_has_no_github_command(passed_report: Report) -> None:
    assert read(passed_report) == []


def test_each_group_of_violations_is_one_github_command(hostile_report: Report) -> None:
    texts = [f"{title}\n{text}" for _, title, text in read(hostile_report)]
    for group, text in zip(hostile_report.violation_groups, texts, strict=True):
        assert text.startswith(str(group.first))
        assert "\n  response  " in text
        assert ("\n  found " in text) is (group.times > 1)


def test_github_commands_contain_no_control_characters(hostile_report: Report) -> None:
    assert all(line.isprintable() for line in write_github_commands(hostile_report))


def test_incomplete_check_is_a_github_error(interrupted_report: Report) -> None:
    title = "The check was not completed"
    (job,) = interrupted_report.result.left
    assert read(interrupted_report) == [
        ("error", title, "interrupted"),
        ("warning", "A job is left", job),
    ]


def test_warning_is_a_github_warning(
    make_report: Callable[..., Report], hostile_report: Report
) -> None:
    first = hostile_report.result.violations[0]
    warning = replace(first, rule=replace(first.rule, severity=Severity.WARNING))
    report = make_report(result=replace(hostile_report.result, violations=(warning,)))
    assert [kind for kind, _, _ in read(report)] == ["warning"]


@pytest.mark.parametrize("text", ["\n::error::x", "\r\n::warning::x", "%0A::x", "a::b,c=d"])
def test_text_of_a_server_makes_no_github_command(
    make_report: Callable[..., Report], hostile_report: Report, text: str
) -> None:
    violation = replace(hostile_report.result.errors[0], received=text, expected=text)
    result = replace(hostile_report.result, violations=(violation,))
    (_, _, violation_text), (_, _, error) = read(make_report(result=result, error=text))
    assert violation_text.count(text) == 2
    assert error == text
