"""`aisa-testkit draft`: write an overlay with the life of the jobs of a document, by inference."""

from __future__ import annotations

from pathlib import Path

import click

from ..openapi.draft import draft_overlay, render
from ..openapi.text import count_of
from .command_help import command, option
from .document_files import DocumentFiles
from .options import fail, require_writable


@command(
    "Draft the life of an API's jobs, as an overlay.",
    examples=[
        ("vendor.json", "the draft on the screen"),
        ("vendor.json -o life.yaml", "the draft in a file"),
    ],
)
@click.argument("document")
@option(
    "-o",
    "--output",
    command_variable="draft",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; without it, the draft is printed.",
)
def draft(document: str, *, output: Path | None) -> None:
    """Write an overlay that says the life of the jobs of DOCUMENT, and why each line is guessed.

    It is a start: read its comments, correct it, and give it to the other commands by --overlay.
    The exit code is 2 if the document has no operation that creates a job, and one that reports
    it, or if it says the life of its jobs already.
    """
    loaded = DocumentFiles(document).load_or_fail()
    if loaded.kinds:
        fail(f"{document} says the life of its jobs already, in x-jobs: {', '.join(loaded.kinds)}")
    found = draft_overlay(loaded)
    if not found.kinds:
        refused = "".join(f"; {line}" for line in found.refused)
        fail(
            f"{document} has no jobs that can be found: no GET with an id lists states such as"
            " running and succeeded for what a POST has made. docs/x-jobs.md says how to write them"
            + refused
        )
    text = render(found)
    if output is None:
        click.echo(text, nl=False)
        return
    require_writable(output, "--output")
    output.write_text(text, encoding="utf-8")
    click.echo(f"{output}: {count_of(len(found.kinds), 'kind')} of jobs. Each line has its reason.")
