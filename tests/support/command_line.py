"""Commands of `aisa-testkit`, run in this process."""

from __future__ import annotations

from collections.abc import Mapping

from click.testing import CliRunner, Result

from aisa_testkit.cli import main


def run_command(*arguments: str, env: Mapping[str, str | None] | None = None) -> Result:
    """The result of a command. `env` changes environment variables; None removes one."""
    result = CliRunner().invoke(main, arguments, env=env)
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception
    return result


def run_check(
    *arguments: str, key: str | None, env: Mapping[str, str | None] | None = None
) -> tuple[int, str]:
    """The exit code and the output of `aisa-testkit check`, which polls quickly.

    The output must not contain the API key.
    """
    quick = {"AISA_API_KEY": key, "AISA_TESTKIT_POLL_INTERVAL": "0.05"}
    result = run_command("check", *arguments, env={**quick, **(env or {})})
    assert not key or key not in result.output
    return result.exit_code, result.output
