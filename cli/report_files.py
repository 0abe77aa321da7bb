"""The reports that a check was asked for, and the files that they go to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from ..contracts.reports import FORMATS, Report, write_github_commands, write_markdown
from .options import fail

Files = Mapping[Path, str]


def report_files(reports: Iterable[str], record: Path | None, replay: Path | None) -> Files:
    """The format of each file, from texts such as `html=report.html`; a recording is HAR, and the
    one that is replayed is not written.

    Ends the command if a format is unknown or a file cannot be written, before anything is sent.
    """
    files: dict[Path, str] = {} if replay is None else {replay: ""}
    for text in reports:
        kind, equals, path = text.partition("=")
        if not equals or not path or kind not in FORMATS:
            fail(f"--report must be FORMAT=PATH with {' or '.join(FORMATS)}, not {text!r}")
        _add(files, Path(path), kind, f"--report {text}")
    if record is not None:
        _add(files, record, "har", f"--record {record}")
    return {path: kind for path, kind in files.items() if kind}


def write_reports(report: Report, files: Files) -> bool:
    """Writes all of them; says which cannot be written, and whether all could."""
    written = [_write(path, FORMATS[kind](report)) for path, kind in files.items()]
    return all(written)


def tell_github(report: Report, environment: Mapping[str, str] = os.environ) -> None:
    """Annotations and the summary of the step, where this runs as a step of GitHub Actions."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in write_github_commands(report):
        click.echo(line)
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        _write(Path(summary), write_markdown(report), mode="ab")


def _add(files: dict[Path, str], path: Path, kind: str, option: str) -> None:
    taken = {known.resolve(): kind for known, kind in files.items()}
    place = path.resolve()
    if place in taken:
        there = "another report goes there already" if taken[place] else "it is what is replayed"
        fail(f"{option}: {there}")
    _require_writable(path, option)
    files[path] = kind


def _require_writable(path: Path, option: str) -> None:
    """Opens the file without changing what it holds; makes the folders that it is to stand in."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        existed = path.exists()
        if existed and not (path.is_file() or path.is_dir()):
            return  # such as /dev/stdout, which opening may change or block
        path.open("ab").close()
        if not existed:
            path.unlink()
    except OSError as error:
        fail(f"{option} cannot be written: {error.strerror}")


def _write(path: Path, text: bytes, mode: str = "wb") -> bool:
    try:
        with path.open(mode) as file:
            file.write(text)
    except OSError as error:
        click.echo(f"Error: {path} cannot be written: {error.strerror}", err=True)
        return False
    return True
