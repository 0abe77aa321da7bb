"""The surroundings of the mock that `serve` runs: socket, signals, reloads and output."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import click

from ..mock_server.http.app import ADMIN_PREFIX
from ..mock_server.http.server import base_url, listen
from ..openapi import Document, Operation
from ..openapi.files import replace_file
from ..openapi.text import count_of
from .options import fail, require_writable
from .reloading_mock import ReloadingMock
from .serve_webhooks import ServedWebhooks


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket, and let SIGINT and SIGTERM end the process with exit code 0.

    Ends the command if the port is not available. The signals end it even if they were ignored at
    the start: shells ignore SIGINT for background commands, and a server without an end must be
    stoppable there, too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            fail(f"port {port} of {host} is in use; choose another --port, or 0 for a free one")
        # The standard library may repeat the address after the reason.
        reason = getattr(error, "strerror", None) or str(error)
        reason = reason.partition(" (while")[0]
        fail(f"cannot listen on port {port} of {host}: {reason}")


def quiet_invalid_requests() -> None:
    """Leave invalid requests to the lines about requests, instead of logging them as well."""
    logging.getLogger("aisa_testkit.mock_server.http.uvicorn_protocol").setLevel(logging.ERROR)


def require_watchable(files: tuple[Path, ...]) -> None:
    """End the command unless there are files, and all are regular ones."""
    if not files:
        fail("--watch: there is no file to watch; give a DOCUMENT or a --config")
    if file := next((file for file in files if not file.is_file()), None):
        fail(f"--watch: {file} is not a regular file")


def require_recordable(path: Path, files: tuple[Path, ...]) -> None:
    """End the command if a recording cannot be written, or would replace a file of the mock."""
    option = f"--recording {path}"
    if path.resolve() in (file.resolve() for file in files):
        fail(f"{option}: the mock reads this file")
    require_writable(path, option)


def save_recording(path: Path, mock: ReloadingMock, origin: str) -> None:
    """Write the requests in the journal to this origin as HAR; ends the command if this fails."""
    try:
        replace_file(path, mock.journal.har({}, base_url=origin + mock.document.base_path))
    except OSError as error:
        fail(f"--recording {path} cannot be written: {error.strerror}")


def watch_mock(mock: ReloadingMock, webhooks: ServedWebhooks) -> AbstractContextManager[None]:
    """Reload the mock when its files change, for the length of the block."""
    from .watch import watch_files

    return watch_files(lambda: mock.files, lambda: _reload(mock, webhooks))


def _reload(mock: ReloadingMock, webhooks: ServedWebhooks) -> None:
    """Reload the mock, and print the effect or the error."""
    before = mock.document
    try:
        removed = mock.reload()
    except Exception as error:  # must not end the thread that watches the files
        click.echo(f"Not reloaded: {error}", err=True)
        return
    if mock.document is before:
        click.echo("Reloaded.")
        return
    click.echo("Reloaded, with a new journal.")
    if removed:
        click.echo(f"{count_of(removed, 'job')} removed, which the new document does not declare.")
    if webhooks.note(mock.document) != webhooks.note(before):
        _print_note(webhooks, mock.document)
    if mock.document.warnings != before.warnings:
        _print_left_out(mock)


def print_banner(mock: ReloadingMock, listener: socket.socket, webhooks: ServedWebhooks) -> None:
    """Print the URLs of the mock, and how to stop it."""
    document = mock.document
    url = base_url(listener, document)
    click.echo(f"{document.title or 'A mock'} at {url}")
    _print_operations(document)
    _print_left_out(mock)
    control = url.removesuffix(document.base_path) + ADMIN_PREFIX
    click.echo(f"Control API at {control}/, documented in {control}/openapi.json.")
    address = listener.getsockname()[0]
    if not mock.options.admin_token and not ipaddress.ip_address(address).is_loopback:
        click.echo(
            f"Warning: every client of {address} can use the control API without --admin-token.",
            err=True,
        )
    _print_note(webhooks, document)
    click.echo("Ctrl-C stops the server.")


def _print_note(webhooks: ServedWebhooks, document: Document) -> None:
    """Print where webhooks go, if there are any."""
    if note := webhooks.note(document):
        click.echo(note)


def _print_left_out(mock: ReloadingMock) -> None:
    """Print how much of the document is left out, if anything is."""
    warnings, arguments = mock.document.warnings, mock.document_files.arguments
    if warnings:
        verb = "is" if len(warnings) == 1 else "are"
        click.echo(
            f"{count_of(len(warnings), 'thing')} {verb} left out:"
            f" aisa-testkit document {arguments} --validate lists them."
        )


def _print_operations(document: Document) -> None:
    """Print the operations about jobs, then those that are answered from the document alone."""
    with_role = [o for o in document.operations.values() if o.id in document.roles]
    alone = [o for o in document.operations.values() if o.id not in document.roles]
    for operation in with_role:
        click.echo(_line_about(document, operation))
    if not document.kinds:
        click.echo("It declares no jobs, so every request is answered from the document alone.")
        click.echo("docs/x-jobs.md shows how to declare them.")
    elif alone:
        click.echo("Answered from the document alone:")
    for operation in alone[:_MAX_SHOWN_OPERATIONS]:
        click.echo(_line_about(document, operation))
    if len(alone) > _MAX_SHOWN_OPERATIONS:
        click.echo(f"  … and {len(alone) - _MAX_SHOWN_OPERATIONS} more")


def _line_about(document: Document, operation: Operation) -> str:
    return f"  {operation.method:<7}{document.base_path}{operation.path:<30} {operation.id}"


def write_line(line: str) -> None:
    """Write a line to stdout, in colours only on a terminal. Raises OSError if it is closed.

    It bypasses the buffer of Python, which a thread must not hold at the end of the process.
    """
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        line = click.unstyle(line)
    encoding = sys.stdout.encoding
    os.write(sys.stdout.fileno(), f"{line}\n".encode(encoding, "backslashreplace"))


_MAX_SHOWN_OPERATIONS = 30
