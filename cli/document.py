"""`aisa-testkit document`: print the bundled document, or validate another one."""

from __future__ import annotations

import sys

import click
import orjson

from ..openapi import Document, DocumentError, load_document
from ..openapi.text import count_of
from .command_help import command, option


@command(
    "Print the OpenAPI document, or validate another one.",
    examples=[
        ("--format json", "the bundled document as JSON"),
        ("--validate api.yaml", "every problem of another document"),
    ],
)
@option(
    "--format",
    "form",
    command_variable="document",
    default="yaml",
    type=click.Choice(["yaml", "json"]),
    help="The format of the document.",
)
@option(
    "--validate",
    "path",
    metavar="FILE",
    help="Validate this document and list every problem.",
)
def document(form: str, path: str | None) -> None:
    """Print the OpenAPI document of AIsa's video API, or validate a document of your own.

    With --validate, each problem is one line: file, line, JSON pointer, reason. The exit code is 2
    if there is a problem, else 0.
    """
    if path is not None:
        _validate(path)
    elif form == "yaml":
        click.echo(load_document().source.text, nl=False)
    else:
        click.echo(orjson.dumps(load_document().source.data, option=orjson.OPT_INDENT_2))


def _validate(path: str) -> None:
    try:
        click.echo(f"{path}: valid. {_summary(load_document(path))}")
    except DocumentError as error:
        for problem in error.problems:
            line = f":{problem.line}" if problem.line else ""
            place = f" {problem.pointer}:" if problem.pointer else ""
            click.echo(f"{path}{line}:{place} {problem.reason}", err=True)
        click.echo(f"{count_of(len(error.problems), 'problem')}.", err=True)
        sys.exit(2)


def _summary(document: Document) -> str:
    operations = count_of(len(document.operations), "operation")
    kinds = (f"{kind.name}: {' '.join(kind.lifecycle.states)}" for kind in document.kinds.values())
    return f"{document.title} {document.version}: {operations}; states of {'; '.join(kinds)}."
