"""The group of commands. Each command is imported only when it runs, so that `--help` is fast."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose commands are functions in modules of the same names."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["check", "demo", "document", "explain", "serve", "verdict"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f".{cmd_name}", __package__), cmd_name)
        return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command without garbage collection: most objects of a start live to the end."""
        gc.disable()
        try:
            return super().main(*args, **kwargs)
        finally:
            gc.enable()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _errors_in_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _errors_in_one_line():
            return super().invoke(ctx)


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

    Each option can also be set by an environment variable, such as AISA_TESTKIT_PORT for `--port`.
    """
