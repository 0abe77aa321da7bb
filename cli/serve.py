"""`aisa-testkit serve`: the mock on a socket."""

from __future__ import annotations

import errno
import gc
import ipaddress
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from ..mock_server.clock import SystemClock
from ..mock_server.http.app import ADMIN_PREFIX
from ..mock_server.http.delivery import REQUEST_TIMEOUT
from ..mock_server.http.server import base_url, listen, run
from ..mock_server.service import UnknownIds
from ..mock_server.webhooks.signature import new_secret
from ..mock_server.webhooks.webhooks import Webhooks
from ..mock_server.webhooks.worker import WebhookWorker
from ..openapi import Document
from ..openapi.json import Json
from ..openapi.text import mask_url
from .options import (
    MULTILINE,
    document_argument,
    fail,
    option,
    parse_mappings,
    parse_tier,
)
from .reloading_mock import ReloadingMock, ServeOptions


@click.command(short_help="Serve the mock on a socket.")
@document_argument
@option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on.")
@option(
    "--port",
    default=4010,
    type=click.IntRange(0, 65535),
    help="The port; 0 picks a free one.",
)
@option(
    "--speed",
    default=1.0,
    metavar="N",
    help="The seconds that pass for jobs in one real second.",
)
@option("--seed", type=int, metavar="N", help="Make ids and random choices the same in every run.")
@option(
    "--scenario",
    metavar="NAME",
    help="The scenario of jobs.  [default: completes]",
)
@option("--list-scenarios", is_flag=True, help="List the scenarios and exit.")
@option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A file with scenarios, faults, limits and keys, in YAML, JSON or TOML.",
)
@option(
    "--fault",
    "faults",
    multiple=True,
    type=MULTILINE,
    metavar="OPTIONS",
    callback=parse_mappings,
    help="A fault to inject, such as 'operation: create, lost: true, times: 1'. Can be given"
    " several times.",
)
@option(
    "--limits",
    metavar="TIER",
    callback=parse_tier,
    help="The limits of each API key: none, a tier of the document (free, starter, growth), or"
    " numbers such as 'requests_per_minute: 60, in_flight: 3, spend: 5'.",
)
@option(
    "--api-key",
    "api_keys",
    multiple=True,
    metavar="KEY",
    help="An API key to accept. Can be given several times. By default any key is accepted, except"
    " one containing 'invalid'.",
)
@option(
    "--unknown-ids",
    default="refuse",
    type=click.Choice(["refuse", "synthesize"]),
    help="The response to an unknown job id: an error, or a finished job.",
)
@option(
    "--idempotency-keys",
    is_flag=True,
    help="Create only one job for repeated creates with the same Idempotency-Key.",
)
@option("--webhook-url", metavar="URL", help="The URL that receives the webhook events of jobs.")
@option(
    "--webhook-secret",
    metavar="SECRET",
    help="The secret that signs webhook events: whsec_ and a key in base64.  [default: a new one,"
    " which is printed]",
)
@option("--admin-token", metavar="TOKEN", help="Require this token for the control API.")
@option("--watch", is_flag=True, help="Reload the document and the config file when they change.")
@option(
    "--strict", is_flag=True, help="Check each response against the document before sending it."
)
@option(
    "--request-timeout",
    default=REQUEST_TIMEOUT,
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="The time for a client to send the head of a request; a body has twice as long.",
)
@option("-v", "--verbose", is_flag=True, help="Print a line for every request.")
def serve(
    document: Document,
    *,
    host: str,
    port: int,
    speed: float,
    seed: int | None,
    scenario: str | None,
    list_scenarios: bool,
    config: Path | None,
    faults: tuple[Mapping[str, Json], ...],
    limits: Json,
    api_keys: tuple[str, ...],
    unknown_ids: UnknownIds,
    idempotency_keys: bool,
    webhook_url: str | None,
    webhook_secret: str | None,
    admin_token: str | None,
    watch: bool,
    strict: bool,
    request_timeout: float,
    verbose: bool,
) -> None:
    """Serve a mock of the API of DOCUMENT, an OpenAPI document with a job lifecycle.

    The default DOCUMENT is the video API of AIsa. The first line of output contains the base URL
    for clients. Ctrl-C stops the server.
    """
    try:
        clock = SystemClock(speed)
    except ValueError as error:
        fail(f"--speed {error}")
    options = ServeOptions(
        seed=seed,
        scenario=scenario,
        config=config,
        faults=faults,
        limits=limits,
        api_keys=api_keys,
        unknown_ids=unknown_ids,
        idempotency_keys=idempotency_keys,
        strict=strict,
        admin_token=admin_token,
        host=host,
    )
    secret = webhook_secret or new_secret()
    try:
        webhooks = _webhooks(document, clock, webhook_url, secret)
        mock = ReloadingMock(document, clock=clock, options=options, webhooks=webhooks)
    except ValueError as error:
        fail(str(error))
    if watch and not mock.files:
        fail("--watch: there is no file to watch; give a DOCUMENT or a --config")
    if watch and (file := next((file for file in mock.files if not file.is_file()), None)):
        fail(f"--watch: {file} is not a regular file")
    if list_scenarios:
        for each in mock.service.scenarios.to_json():
            click.echo(f"{each['name']:<14} {each['about']}")
        return
    # Even if they were ignored at the start: shells ignore SIGINT for background commands, and a
    # server without an end must be stoppable there, too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with _listen(host, port) as listener, ExitStack() as stack:
        if webhooks:
            stack.enter_context(WebhookWorker(webhooks, clock=clock))
        if watch:
            from .watch import watch_files

            stack.enter_context(watch_files(mock.files, lambda: _reload(mock)))
        gc.freeze()
        gc.enable()

        def on_started() -> None:
            _print_banner(mock, listener)
            if webhooks:
                signature = "" if webhook_secret else f", signed with {secret}"
                click.echo(f"Webhooks go to {mask_url(webhook_url or '')}{signature}.")
            click.echo("Ctrl-C stops the server.")

        redact_path = mock.redact_path if verbose else None
        run(
            mock.app,
            listener,
            on_started=on_started,
            redact_path=redact_path,
            request_timeout=request_timeout,
        )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            fail(f"port {port} of {host} is in use; choose another --port, or 0 for a free one")
        # The standard library may repeat the address after the reason.
        reason = getattr(error, "strerror", None) or str(error)
        reason = reason.partition(" (while")[0]
        fail(f"cannot listen on port {port} of {host}: {reason}")


def _webhooks(
    document: Document, clock: SystemClock, url: str | None, secret: str
) -> Webhooks | None:
    """Return the webhooks, or None without a URL; ValueError if the URL or secret is invalid."""
    if url is None:
        return None
    if not document.events:
        raise ValueError(f"--webhook-url: {document.title} declares no webhooks")
    # This import takes a fifth of the start-up time.
    from ..mock_server.webhooks.http_receiver import HttpReceiver

    return Webhooks(document, clock=clock, receiver=HttpReceiver(url), secret=secret)


def _reload(mock: ReloadingMock) -> None:
    """Reload the mock, and print the effect or the error."""
    try:
        restarted = mock.reload()
    except Exception as error:  # must not end the thread that watches the files
        click.echo(f"Not reloaded: {error}", err=True)
    else:
        click.echo("Reloaded, with a new journal." if restarted else "Reloaded.")


def _print_banner(mock: ReloadingMock, listener: socket.socket) -> None:
    document = mock.document
    url = base_url(listener, document)
    click.echo(f"{document.title} at {url}")
    for operation in document.operations.values():
        click.echo(
            f"  {operation.method:<7}{document.base_path}{operation.path:<30} {operation.id}"
        )
    control = url.removesuffix(document.base_path) + ADMIN_PREFIX
    click.echo(f"Control API at {control}/, documented in {control}/openapi.json.")
    address = listener.getsockname()[0]
    if not mock.options.admin_token and not ipaddress.ip_address(address).is_loopback:
        click.echo(
            f"Warning: every client of {address} can use the control API without --admin-token.",
            err=True,
        )
