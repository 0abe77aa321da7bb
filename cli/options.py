"""What the commands have in common: options that the environment sets, too, and one-line errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar

import click

from ..openapi import Document, DocumentError, load_document

Command = TypeVar("Command", bound=Callable[..., Any])


class ConfigurationError(click.ClickException):
    """What was asked for cannot be had; nothing was done."""

    exit_code = 2


def fail(message: str) -> NoReturn:
    """Ends the command with one line on stderr and the exit code for usage, configuration and
    documents, 2.
    """
    raise ConfigurationError(message)


class _Lines(click.types.StringParamType):
    """Text that may hold blanks, so that the environment has a line for each."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [line for line in rv.splitlines() if line.strip()]


LINES: Final = _Lines()


def option(*names: str, **settings: Any) -> Callable[[Command], Command]:
    """A click option which the environment can set, too: `--port` as AISA_TESTKIT_PORT."""
    variable = next(name for name in names if name.startswith("--"))[2:]
    variable = f"AISA_TESTKIT_{variable.replace('-', '_').upper()}"
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def document_argument(command: Command) -> Command:
    """The argument DOCUMENT, loaded; the bundled document if it is absent."""
    return click.argument("document", required=False, metavar="[DOCUMENT]", callback=_load)(command)


def _load(context: click.Context, parameter: click.Parameter, path: str | None) -> Document:
    return load(path)


def load(path: str | None) -> Document:
    """The document at a path, or the bundled one; ends the command if it cannot be used."""
    try:
        return load_document(path)
    except DocumentError as error:
        more = (
            ""
            if path is None
            else f"\naisa-testkit document --validate {path} explains every problem."
        )
        fail(str(error) + (more if len(error.problems) > 1 else ""))
