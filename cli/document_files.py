"""The document of a command: the argument DOCUMENT and the option --overlay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from ..openapi import Document, DocumentError, load_document
from ..openapi.source_files import bundled_documents, bundled_overlays
from .command_help import option
from .options import MULTILINE, fail

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class DocumentFiles:
    """The files of a document.

    path: the path of a document or the name of a bundled one; None for the default
    overlays: the paths of overlays or the names of bundled ones, in the order of their effect
    """

    path: str | None = None
    overlays: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are not bundled."""
        document = () if self.path in (None, *bundled_documents()) else (self.path,)
        overlays = (each for each in self.overlays if each not in bundled_overlays())
        return tuple(map(Path, (*document, *overlays)))

    @property
    def arguments(self) -> str:
        """The files as arguments of a command."""
        overlays = (f"--overlay {overlay}" for overlay in self.overlays)
        return " ".join([*([self.path] if self.path else []), *overlays])

    def load(self) -> Document:
        """Return the document with its overlays. Raises DocumentError."""
        return load_document(self.path, overlays=self.overlays)

    def load_or_fail(self) -> Document:
        """Return the document with its overlays; ends the command if a file is invalid."""
        try:
            return self.load()
        except DocumentError as error:
            hint = f"\naisa-testkit document {self.arguments} --validate lists every problem."
            fail(str(error) + (hint if len(error.problems) > 1 else ""))


def document_argument(command: Command) -> Command:
    """Add the argument DOCUMENT; the bundled document is the default."""
    return click.argument("document", required=False, metavar="[DOCUMENT]")(command)


def overlay_option(command: Command) -> Command:
    """Add the option --overlay."""
    return option(
        "--overlay",
        "overlays",
        multiple=True,
        type=MULTILINE,
        metavar="FILE",
        help="An OpenAPI overlay that changes the document: a file, or the name of a bundled one."
        " Can be given several times.",
    )(command)
