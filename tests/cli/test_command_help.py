"""Help, environment variables and blank values of all commands."""

from __future__ import annotations

import shlex
from collections import defaultdict
from pathlib import Path

import click
import pytest

from aisa_testkit.cli import main
from aisa_testkit.cli.command_help import Command, Option
from tests.support.command_line import run_command

COMMANDS = main.list_commands(click.Context(main))
# The same meaning in both commands.
SHARED = {"AISA_TESTKIT_ADMIN_TOKEN", "AISA_TESTKIT_OVERLAY"}


def command(name: str) -> Command:
    found = main.get_command(click.Context(main), name)
    assert isinstance(found, Command)
    return found


def options(name: str) -> list[Option]:
    return [each for each in command(name).params if isinstance(each, Option)]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_examples_that_are_valid(name: str) -> None:
    lines = run_command(name, "-h").output.splitlines()
    examples = command(name).examples
    assert examples
    for arguments, purpose in examples:
        place = lines.index(f"  # {purpose}")
        line = lines[place + 1].strip()
        assert line == f"main {name} {arguments}".strip()
        context = command(name).make_context(name, shlex.split(arguments))
        context.close()


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_environment_variables_only_on_request(name: str) -> None:
    assert "AISA_TESTKIT_" not in run_command(name, "-h").output
    if options(name):
        for arguments in (["--env"], ["-h", "--env"], ["--env", "--help"]):
            output = " ".join(run_command(name, *arguments).output.split())
            assert all(f"[env var: {option.envvar}" in output for option in options(name))


def test_commands_share_environment_variables_only_with_the_same_meaning() -> None:
    users = defaultdict(list)
    for name in COMMANDS:
        for option in options(name):
            users[option.envvar].append(name)
    assert {variable for variable, names in users.items() if len(names) > 1} == SHARED


@pytest.mark.parametrize("blank", ["", " ", "\t"])
@pytest.mark.parametrize("name", COMMANDS)
def test_blank_value_is_a_usage_error(name: str, blank: str) -> None:
    for option in options(name):
        if not option.is_flag:
            result = run_command(name, option.opts[-1], blank)
            expected = f"Error: {option.opts[-1]} must not be blank\n"
            assert (result.exit_code, result.output) == (2, expected)


@pytest.mark.parametrize("variable", ["AISA_TESTKIT_API_KEY", "AISA_TESTKIT_SCENARIO"])
def test_blank_environment_variable_counts_as_unset(variable: str) -> None:
    assert run_command("serve", "--list-scenarios", env={variable: ""}).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serv"], "No such command 'serv', only check, demo, "),
        (["Verdict"], "No such command 'Verdict', only check, demo, "),
        (["serve", "--webhook-secret", "whsec_AAAA"], "--webhook-secret requires --webhook-url"),
        (["serve", "--admin-token", "a b"], "--admin-token contains characters that are not"),
        (["serve", "--api-key", "sk-\x07"], "--api-key contains characters that are not allowed"),
        (["serve", "--api-key", "sk ", "--seed", "1"], "--api-key contains characters that are "),
        (["verdict", "http://x", "--admin-token", "é"], "--admin-token contains characters that"),
    ],
)
def test_usage_error_has_one_line(arguments: list[str], message: str) -> None:
    result = run_command(*arguments)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert result.output.startswith(f"Error: {message}")


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        ("serv", "serve"),
        ("VERDICT", "verdict"),
        ("serve --scenario flaky-pols", "flaky-polls"),
        ("serve --limits fre", "free"),
        ("serve --fault 'operation: createVidoe, status: 503'", "createVideo"),
        ("serve --fault 'operatoin: create, status: 503'", "operation"),
        ("check http://127.0.0.1:9 --only AV20X", "AV210"),
        ("check http://127.0.0.1:9 --report htm=x", "html"),
        ("verdict http://127.0.0.1:9 --allow AV7077", "AV707"),
    ],
)
def test_unknown_word_is_answered_with_the_nearest(arguments: str, nearest: str) -> None:
    result = run_command(*shlex.split(arguments))
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert f"; did you mean {nearest}" in result.output


def test_unknown_file_is_answered_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "mock.yaml").write_text("{}")
    for arguments in (["document", "--validate"], ["serve"], ["serve", "--config"]):
        result = run_command(*arguments, str(tmp_path / "mok.yaml"))
        assert result.exit_code == 2
        assert "No such file or directory; did you mean mock.yaml?" in result.output
