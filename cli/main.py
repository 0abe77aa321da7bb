"""The group of commands. Each command is imported only when it runs, so that `--help` is fast."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from .interrupts import interrupts_after_imports

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130


class LazyGroup(click.Group):
    """A group whose commands are functions in modules of the same names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["check", "demo", "document", "draft", "explain", "explore", "serve", "verdict"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        with interrupts_after_imports():
            module = import_module(f".{cmd_name}", __package__)
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return a command and its arguments; UsageError with the nearest name if it is unknown."""
        commands = self.list_commands(ctx)
        if args[0] not in commands and not args[0].startswith("-"):
            from ..openapi.text import did_you_mean, quote  # the help does not need this import

            known = f"only {', '.join(commands)}{did_you_mean(args[0], commands)}"
            raise click.UsageError(f"No such command {quote(args[0])}, {known}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command without garbage collection: most objects of a start live to the end."""
        gc.disable()
        try:
            return super().main(*args, **kwargs)
        except Exception:  # no finding about a server or a client, whose exit code is 1
            traceback.print_exc()
            click.echo("Internal error: please report these lines.", err=True)
            sys.exit(INTERNAL_ERROR)
        finally:
            gc.enable()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _exit_codes(), _errors_in_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _exit_codes(), _errors_in_one_line():
            return super().invoke(ctx)


@contextmanager
def _exit_codes() -> Iterator[None]:
    """Exit with INTERRUPTED after Ctrl-C; the exit code of click is 1."""
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    """Raise usage errors without a context, for which click prints only the message."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(error.format_message()) from error


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
    },
)
@click.version_option(package_name="aisa-testkit", prog_name="aisa-testkit")
def main() -> None:
    """A mock server and contract tests for AIsa's video API and any other job API.

    Each option can also be set by an environment variable, such as AISA_TESTKIT_PORT for `--port`;
    `aisa-testkit COMMAND --env` lists them. `aisa-testkit COMMAND -h` has examples.
    """
