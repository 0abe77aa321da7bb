"""Values of options and arguments, and errors in one line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

import click

from ..openapi import DocumentError
from ..openapi.json import Json
from ..openapi.source import parse_source
from ..openapi.text import quote


class ConfigurationError(click.ClickException):
    """Invalid usage, configuration or document; the command has done nothing."""

    exit_code = 2


def fail(message: str) -> NoReturn:
    """End the command with this message on stderr and exit code 2."""
    raise ConfigurationError(message)


class _MultilineText(click.types.StringParamType):
    """Text that may contain spaces; an environment variable has one value per line."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [line for line in rv.splitlines() if line.strip()]


MULTILINE: Final = _MultilineText()


def parse_mappings(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[Mapping[str, Json], ...]:
    """Parse each value of an option such as `--fault 'operation: create, lost: true'`."""
    return tuple(_parse_mapping(text, str(parameter.opts[0])) for text in texts)


def parse_tier(context: click.Context, parameter: click.Parameter, text: str | None) -> Json:
    """Parse an option that is either the name of a tier or a mapping of limits."""
    if text is None or ":" not in text:
        return text
    return _parse_mapping(text, str(parameter.opts[0]))


def parse_token(
    context: click.Context, parameter: click.Parameter, token: str | None
) -> str | None:
    """Return the admin token; ends the command if no header can contain it."""
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        fail(f"{parameter.opts[0]} contains characters that are not allowed in a token")
    return token


def parse_keys(
    context: click.Context, parameter: click.Parameter, keys: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the API keys; ends the command if no header can contain one of them."""
    for key in keys:
        if not (key.isascii() and key.isprintable() and key == key.strip()):
            fail(f"{parameter.opts[0]} contains characters that are not allowed in an API key")
    return keys


def require_writable(path: Path, option: str) -> None:
    """Create the folders and open the file without changing it; ends the command if this fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        existed = path.exists()
        if existed and not (path.is_file() or path.is_dir()):
            return  # opening a device such as /dev/stdout may change it or block
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        fail(f"{option} cannot be written: {error.strerror}")


def _parse_mapping(text: str, option: str) -> Mapping[str, Json]:
    """Parse a YAML mapping in one line, with or without its braces."""
    try:
        flow = text if text.lstrip().startswith("{") else f"{{{text}}}"
        mapping = parse_source(flow, name=option).data
    except DocumentError as error:
        if error.problems[0].pointer:
            fail(f"{option}: {error.problems[0].pointer}: {error.problems[0].reason}")
        mapping = None
    if not isinstance(mapping, dict) or None in mapping.values():
        example = "'operation: create, status: 503'"
        fail(f"{option} must be options such as {example}, not {quote(text)}")
    return mapping
