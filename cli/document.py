"""`aisa-testkit document`: print a document after its overlays, or validate it."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click
import orjson
import yaml

from ..openapi import Document, DocumentError, Problem, load_document
from ..openapi.json import Json
from ..openapi.reading.reader import apply_overlays, read_files
from ..openapi.source_files import BUNDLED, read_overlay
from ..openapi.text import count_of
from .command_help import command, option
from .document_files import DocumentFiles, document_argument, overlay_option
from .options import fail


@command(
    "Print an OpenAPI document, or validate one.",
    examples=[
        ("--format json", "the bundled document as JSON"),
        ("vendor.json --overlay jobs.yaml", "another document, changed by an overlay"),
        ("api.yaml --validate", "every problem of another document"),
        ("api.yaml --validate --strict", "what a document of your own should not have, either"),
    ],
)
@document_argument
@overlay_option
@option(
    "--format",
    "form",
    command_variable="document",
    default="yaml",
    type=click.Choice(["yaml", "json"]),
    help="The format of the document.",
)
@option("--validate", is_flag=True, help="Validate the document and list every problem.")
@option(
    "--strict",
    command_variable="document",
    is_flag=True,
    help="With --validate, count everything that would be left out as an error.",
)
def document(
    document: str | None, *, overlays: tuple[str, ...], form: str, validate: bool, strict: bool
) -> None:
    """Print DOCUMENT after its overlays, or validate it. DOCUMENT is a file or a bundled name.

    With --validate, each problem is one line: file, line, JSON pointer, reason. Warnings name what
    is left out; the rest of the document can be used. The exit code is 2 if there is an error,
    else 0.
    """
    files = DocumentFiles(document, overlays)
    if strict and not validate:
        fail("--strict is an option of --validate")
    if validate:
        _validate(files, strict=strict)
    else:
        _print(files, form)


def _print(files: DocumentFiles, form: str) -> None:
    """Print the document as its files say it; ends the command if a file is invalid."""
    try:
        overlays = [read_overlay(overlay) for overlay in files.overlays]
        source, ineffective = apply_overlays(read_files(files.path), overlays)
    except DocumentError as error:
        fail(str(error))
    for warning in ineffective:
        click.echo(_line_about(source.name, warning, "warning: "), err=True)
    is_yaml = not source.text.lstrip().startswith("{")
    if form == "json":
        click.echo(orjson.dumps(source.data, option=orjson.OPT_INDENT_2))
    elif is_yaml and not source.origins:
        click.echo(source.text, nl=False)
    else:
        click.echo(_as_yaml(source.data), nl=False)


def _as_yaml(data: Json) -> str:
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120)
    return text


def _validate(files: DocumentFiles, *, strict: bool) -> None:
    name = files.path or BUNDLED
    try:
        loaded = load_document(files.path, overlays=files.overlays, strict=strict)
    except DocumentError as error:
        _print_problems(error.name, error.problems, error.warnings)
        sys.exit(2)
    _print_problems(name, (), loaded.warnings)
    click.echo(f"{name}: valid. {_summary(loaded)}")


def _print_problems(
    name: str, problems: tuple[Problem, ...], warnings: tuple[Problem, ...]
) -> None:
    """Print problems and warnings, the most important first, and how many there are."""
    for problem in _most_important_first(problems):
        click.echo(_line_about(name, problem), err=True)
    for warning in _most_important_first(warnings):
        click.echo(_line_about(name, warning, "warning: "), err=True)
    counts = [count_of(len(problems), "problem")] if problems else []
    counts += [count_of(len(warnings), "warning")] if warnings else []
    if counts:
        click.echo(f"{' and '.join(counts)}.", err=True)


def _most_important_first(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in their order, those of our own extensions first."""
    return sorted(problems, key=lambda problem: not problem.pointer.startswith(_EXTENSIONS))


def _line_about(name: str, problem: Problem, kind: str = "") -> str:
    line = f":{problem.line}" if problem.line else ""
    place = f"{problem.pointer}: " if problem.pointer else ""
    return f"{problem.file or name}{line}: {kind}{place}{problem.reason}"


def _summary(document: Document) -> str:
    operations = count_of(len(document.operations), "operation")
    kinds = [f"{kind.name}: {' '.join(kind.lifecycle.states)}" for kind in document.kinds.values()]
    jobs = f"jobs: {'; '.join(kinds)}" if kinds else "no jobs"
    return f"{document.title} {document.version}: {operations}; {jobs}."


_EXTENSIONS = ("/x-jobs", "/x-errors", "/x-limits")
