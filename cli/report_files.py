"""The report files of a check."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import gettempdir

import click

from ..contracts.reports import FORMATS, Report, write_github_commands, write_markdown
from ..openapi.files import replace_file
from ..openapi.text import did_you_mean, escape_controls
from .options import fail, require_writable

Files = Mapping[Path, str]


def report_files(reports: Iterable[str], record: Path | None, replay: Path | None) -> Files:
    """Return the format of each file.

    Args:
        reports: Texts such as `html=report.html`.
        record: A file for a recording in HAR.
        replay: A file that is read and must not be overwritten.

    Ends the command if a format is unknown or a file cannot be written, before anything is sent.
    """
    files: dict[Path, str] = {} if replay is None else {replay: ""}
    for text in reports:
        kind, equals, path = text.partition("=")
        if not equals or not path or kind not in FORMATS:
            known = f"{' or '.join(FORMATS)}, not {text!r}{did_you_mean(kind, FORMATS)}"
            fail(f"--report must be FORMAT=PATH with {known}")
        _add_file(files, Path(path), kind, f"--report {text}")
    if record is not None:
        _add_file(files, record, "har", f"--record {record}")
    return {path: kind for path, kind in files.items() if kind}


def request_files_prefix(files: Files, run_id: str) -> Path:
    """Return the start of the paths of values that are too long for a curl command.

    They are beside the first report, or in the folder for temporary files.
    """
    for path in files:
        if path.suffix:  # a device such as /dev/stdout has none
            return path.with_name(f"{path.stem}-request-")
    return Path(gettempdir()) / f"aisa-testkit-{run_id}-request-"


def write_reports(report: Report, files: Files) -> bool:
    """Write all reports, and the files that their curl commands read.

    Returns False, and prints which, if one cannot be written.
    """
    contents = {Path(path): data for path, data in report.request_files.items()}
    contents |= {path: FORMATS[kind](report) for path, kind in files.items()}
    written = [_write(path, data) for path, data in contents.items()]
    return all(written)


def report_to_github(report: Report, environment: Mapping[str, str] = os.environ) -> None:
    """Print annotations and add to the job summary, if this runs in GitHub Actions."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in write_github_commands(report):
        click.echo(line)
    if summary := environment.get("GITHUB_STEP_SUMMARY"):
        try:
            with Path(summary).open("ab") as file:  # other steps write it, too
                file.write(write_markdown(report))
        except OSError as error:
            _print_error(Path(summary), error)


def _add_file(files: dict[Path, str], path: Path, kind: str, option: str) -> None:
    formats = {known.resolve(): kind for known, kind in files.items()}
    place = path.resolve()
    if place in formats:
        reason = "another report uses this file" if formats[place] else "this file is replayed"
        fail(f"{option}: {reason}")
    require_writable(path, option)
    files[path] = kind


def _write(path: Path, data: bytes) -> bool:
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        replace_file(path, data)
    except OSError as error:
        _print_error(path, error)
        return False
    return True


def _print_error(path: Path, error: OSError) -> None:
    reason = f"cannot be written: {error.strerror}"
    click.echo(f"Error: {escape_controls(str(path))} {reason}", err=True)
