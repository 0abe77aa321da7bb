"""The form of all commands and options: examples and environment variables in the help, and no
blank values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

PREFIX = "AISA_TESTKIT_"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Command(click.Command):
    """A command whose help ends with examples; with `--env` it names environment variables.

    Args:
        examples: Arguments of the command, each with its purpose.
    """

    def __init__(
        self, *args: Any, examples: Iterable[tuple[str, str]] = (), **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.examples = tuple(examples)
        if any(isinstance(parameter, Option) for parameter in self.params):
            self.params.append(_ENV_OPTION)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; `-h --env` and `--env -h` are the same."""
        ctx.meta[_SHOWS_VARIABLES] = _ENV_OPTION.opts[0] in args
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, each in a line of its own, so that it can be copied."""
        for arguments, purpose in self.examples:
            heading = "" if (arguments, purpose) != self.examples[0] else "\nExamples:\n"
            formatter.write(f"{heading}  # {purpose}\n")
            formatter.write(f"  {ctx.command_path} {arguments}".rstrip() + "\n")


class Option(click.Option):
    """An option with an environment variable, and without blank values."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its description, with the variable if `--env` asks for it."""
        self.show_envvar = bool(ctx.meta.get(_SHOWS_VARIABLES))
        return super().get_help_record(ctx)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Return the converted value; UsageError if it is blank."""
        texts = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(text, str) and not text.strip() for text in texts):
            raise click.UsageError(f"{self.opts[-1]} must not be blank", ctx)
        return super().process_value(ctx, value)


def option(
    *names: str, command_variable: str | None = None, **settings: Any
) -> Callable[[Decorated], Decorated]:
    """Return a click option with an environment variable: AISA_TESTKIT_PORT for `--port`.

    Options of several commands share a variable only if they mean the same. Otherwise
    `command_variable` is the name of the command: AISA_TESTKIT_SERVE_SEED for "serve".
    """
    long = next(name for name in names if name.startswith("--"))[2:]
    words = [command_variable, long] if command_variable else [long]
    variable = PREFIX + "_".join(words).replace("-", "_").upper()
    return click.option(*names, cls=Option, envvar=variable, **settings)


def command(
    short_help: str, *, examples: Iterable[tuple[str, str]]
) -> Callable[[Callable[..., Any]], click.Command]:
    """Return a decorator that makes a command of a function; see `Command`."""
    return click.command(cls=Command, short_help=short_help, examples=examples)


def _show_variables(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


_SHOWS_VARIABLES = f"{__name__}.shows_variables"
_ENV_OPTION = click.Option(
    ["--env"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_variables,
    help="Show this message with the environment variable of each option.",
)
