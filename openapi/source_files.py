"""The files of documents and overlays: those of users, and the bundled ones with their names."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path as FilePath

from .decoding import decode_text
from .errors import DocumentError, Problem
from .source import Source, parse_source
from .text import did_you_mean

BUNDLED = "aisa-videos"
"""The name of the bundled document that is the default."""
STDIN = "-"
"""The name of standard input in place of a file."""
OVERLAYS = "overlays"
"""The folder of the bundled overlays."""


def read_resource(name: str) -> str:
    """Return the text of a file in this folder."""
    return (FilePath(__file__).parent / name).read_text(encoding="utf-8")


def bundled_documents() -> tuple[str, ...]:
    """Return the names of the bundled documents, sorted."""
    return _names_in(FilePath(__file__).parent)


def bundled_overlays() -> tuple[str, ...]:
    """Return the names of the bundled overlays, which are those of the documents to change."""
    return _names_in(FilePath(__file__).with_name(OVERLAYS))


def _names_in(folder: FilePath) -> tuple[str, ...]:
    return tuple(sorted(path.name.removesuffix(".yaml") for path in folder.glob("*.yaml")))


def read_bundled(name: str) -> Source:
    """Read a bundled document; `name` is one of `bundled_documents`."""
    return parse_source(read_resource(f"{name}.yaml"), name=name)


def read_source(path: str | FilePath | None) -> Source:
    """Read a file or a bundled document, by default the bundled document of the AIsa video API.

    A name of a bundled document stands for it; `./NAME` is a file with the same name.
    Raises DocumentError if the file is unreadable or neither YAML nor JSON.
    """
    if path is None:
        return read_bundled(BUNDLED)
    if isinstance(path, str) and path in bundled_documents():
        return read_bundled(path)
    return parse_source(read_file(path, names=bundled_documents()), name=str(path))


def read_overlay(path: str | FilePath) -> Source:
    """Read a file or a bundled overlay.

    A name of a bundled overlay stands for it; `./NAME` is a file with the same name.
    Raises DocumentError if the file is unreadable or neither YAML nor JSON.
    """
    if isinstance(path, str) and path in bundled_overlays():
        return parse_source(read_resource(f"{OVERLAYS}/{path}.yaml"), name=path)
    return parse_source(read_file(path, names=bundled_overlays()), name=str(path))


def read_file(path: str | FilePath, *, names: Iterable[str] = ()) -> str:
    """Return the text of a file, or of standard input, in UTF-8.

    Raises DocumentError if it cannot be read.

    `names` are those of bundled files, for the message about a file that does not exist.
    """
    try:
        data = sys.stdin.buffer.read() if path == STDIN else FilePath(path).read_bytes()
        return decode_text(data)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, FileNotFoundError):
            reason += _suggest_file(FilePath(path), names)
        raise DocumentError(str(path), (Problem("", f"cannot be read: {reason}"),)) from error


def _suggest_file(path: FilePath, names: Iterable[str]) -> str:
    """Return a question with the most similar bundled name or file of the same folder, or ""."""
    try:
        files = sorted(each.name for each in path.parent.iterdir() if each.name.isprintable())
    except OSError:
        files = []
    known = names if path.parent == FilePath() else ()
    return did_you_mean(path.name, [*known, *files])
