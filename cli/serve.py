"""`aisa-testkit serve`: the mock on a socket until it is stopped."""

from __future__ import annotations

import errno
import gc
import signal
import socket
import sys

import click

from ..mock_server.app import CONTROL_PREFIX, create_app
from ..mock_server.clock import SystemClock
from ..mock_server.ids import RandomIds
from ..mock_server.server import base_url, listen, run
from ..mock_server.service import JobService, UnknownIds
from ..openapi import Document
from .options import document_argument, fail, option


@click.command(short_help="Serve the mock on a socket.")
@document_argument
@option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on.")
@option("--port", default=4010, type=click.IntRange(0, 65535), help="The port; 0 takes a free one.")
@option(
    "--speed",
    default=1.0,
    metavar="N",
    help="How many seconds pass for the jobs in one real second.",
)
@option("--seed", type=int, metavar="N", help="Makes the ids the same in every run.")
@option(
    "--scenario",
    default="completes",
    metavar="NAME",
    help="What becomes of the jobs: completes or fails.",
)
@option(
    "--api-key",
    "api_keys",
    multiple=True,
    metavar="KEY",
    help="A key that is let in; can be given several times. Without it every key is, but for one"
    " with the word invalid in it.",
)
@option(
    "--unknown-ids",
    default="refuse",
    type=click.Choice(["refuse", "synthesize"]),
    help="Whether an id that nobody made is refused or answered as a finished job.",
)
@option("--strict", is_flag=True, help="Check every reply against the document before it leaves.")
@option("-v", "--verbose", is_flag=True, help="Print a line for every request.")
def serve(
    document: Document,
    *,
    host: str,
    port: int,
    speed: float,
    seed: int | None,
    scenario: str,
    api_keys: tuple[str, ...],
    unknown_ids: UnknownIds,
    strict: bool,
    verbose: bool,
) -> None:
    """Serve the API of DOCUMENT, an OpenAPI document that declares the life of its jobs.

    Without DOCUMENT it is the video API of AIsa. The first line printed holds the base URL that
    clients are to be pointed at. Ctrl-C stops the server.
    """
    try:
        clock = SystemClock(speed)
    except ValueError as error:
        fail(f"--speed {error}")
    try:
        service = JobService(
            document,
            clock=clock,
            ids=RandomIds(seed),
            api_keys=api_keys,
            unknown_ids=unknown_ids,
            scenario=scenario,
            strict=strict,
        )
    except ValueError as error:
        fail(str(error))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with _listen(host, port) as listener:
        gc.freeze()
        gc.enable()
        run(
            create_app(service=service),
            listener,
            started=lambda: _greet(document, listener),
            log_requests=verbose,
        )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            fail(f"port {port} of {host} is taken; name another with --port, or 0 for a free one")
        # Behind the reason, the standard library may name the address once more.
        reason = getattr(error, "strerror", None) or str(error)
        reason = reason.partition(" (while")[0]
        fail(f"cannot listen on port {port} of {host}: {reason}")


def _greet(document: Document, listener: socket.socket) -> None:
    url = base_url(listener, document)
    click.echo(f"{document.title} at {url}")
    for operation in document.operations.values():
        click.echo(
            f"  {operation.method:<7}{document.base_path}{operation.path:<30} {operation.id}"
        )
    control = url.removesuffix(document.base_path) + CONTROL_PREFIX
    click.echo(f"Control API at {control}/health, /jobs, /clock, /document and /reset.")
    click.echo("Ctrl-C stops the server.")
