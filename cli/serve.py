"""`aisa-testkit serve`: the mock on a socket until it is stopped."""

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
import yaml

from ..mock_server.clock import SystemClock
from ..mock_server.http.app import ADMIN_PREFIX
from ..mock_server.http.server import base_url, listen, run
from ..mock_server.service import UnknownIds
from ..mock_server.webhooks.signature import new_secret
from ..mock_server.webhooks.webhooks import Webhooks
from ..mock_server.webhooks.worker import WebhookWorker
from ..openapi import Document
from ..openapi.json import Json
from ..openapi.text import quote
from .options import LINES, document_argument, fail, option
from .reloading_mock import ReloadingMock, ServeOptions

Words = Mapping[str, Json]


def _words(
    context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> tuple[Words, ...]:
    return tuple(_mapping(text, str(parameter.opts[0])) for text in texts)


def _limits(context: click.Context, parameter: click.Parameter, text: str | None) -> Json:
    return text if text is None or ":" not in text else _mapping(text, "--limits")


def _mapping(text: str, option: str) -> Words:
    """Words such as `operation: create, lost: true`, which YAML reads between braces."""
    try:
        words = yaml.safe_load(text if text.lstrip().startswith("{") else f"{{{text}}}")
    except yaml.YAMLError:
        words = None
    if not isinstance(words, dict) or None in words.values():
        fail(f"{option} must be words such as 'operation: create, status: 503', not {quote(text)}")
    return words


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
@option("--seed", type=int, metavar="N", help="Makes ids and chance the same in every run.")
@option("--scenario", metavar="NAME", help="What becomes of the jobs (usually: completes).")
@option("--list-scenarios", is_flag=True, help="List the scenarios, and stop.")
@option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="What goes wrong: scenarios, faults, limits and keys, in YAML, JSON or TOML.",
)
@option(
    "--fault",
    "faults",
    multiple=True,
    type=LINES,
    metavar="WORDS",
    callback=_words,
    help="Something that goes wrong, such as 'operation: create, lost: true, times: 1'; can be"
    " given several times.",
)
@option(
    "--limits",
    metavar="TIER",
    callback=_limits,
    help="How much a key may ask for: none, a tier of the document (free, starter, growth), or"
    " numbers such as 'requests_per_minute: 60, in_flight: 3, spend: 5'.",
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
@option(
    "--idempotency-keys",
    is_flag=True,
    help="Make one job only of creates that are sent again with the same Idempotency-Key.",
)
@option("--webhook-url", metavar="URL", help="Where the events of jobs are sent.")
@option(
    "--webhook-secret",
    metavar="SECRET",
    help="What events are signed with, whsec_ and a key in base64; usually a new one, which is"
    " printed.",
)
@option("--admin-token", metavar="TOKEN", help="Open the control API to this token alone.")
@option("--watch", is_flag=True, help="Read the document and the config again when they change.")
@option("--strict", is_flag=True, help="Check every reply against the document before it leaves.")
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
    faults: tuple[Words, ...],
    limits: Json,
    api_keys: tuple[str, ...],
    unknown_ids: UnknownIds,
    idempotency_keys: bool,
    webhook_url: str | None,
    webhook_secret: str | None,
    admin_token: str | None,
    watch: bool,
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
    setting = ServeOptions(
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
        stage = ReloadingMock(document, clock=clock, setting=setting, webhooks=webhooks)
    except ValueError as error:
        fail(str(error))
    if watch and not stage.files:
        fail("--watch: there is no file to watch; name a DOCUMENT or a --config")
    if list_scenarios:
        for each in stage.service.scenarios.to_json():
            click.echo(f"{each['name']:<14} {each['about']}")
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    with _listen(host, port) as listener, ExitStack() as stack:
        if webhooks:
            stack.enter_context(WebhookWorker(webhooks, clock=clock))
        if watch:
            from .watch import watch_files

            stack.enter_context(watch_files(stage.files, lambda: _reload(stage)))
        gc.freeze()
        gc.enable()

        def greet() -> None:
            _greet(stage, listener)
            if webhooks:
                told = "" if webhook_secret else f", signed with {secret}"
                click.echo(f"Events go to {webhook_url}{told}.")
            click.echo("Ctrl-C stops the server.")

        run(stage.app, listener, on_started=greet, log_requests=verbose)


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


def _webhooks(
    document: Document, clock: SystemClock, url: str | None, secret: str
) -> Webhooks | None:
    """Those that are asked for; raises ValueError for a URL or a secret that is none."""
    if url is None:
        return None
    if not document.events:
        raise ValueError(f"--webhook-url: {document.title} declares no webhooks")
    from ..mock_server.webhooks.http_receiver import HttpReceiver  # a fifth of the time of a start

    return Webhooks(document, clock=clock, receiver=HttpReceiver(url), secret=secret)


def _reload(stage: ReloadingMock) -> None:
    """Makes it anew and says so, or why it stays as it was."""
    try:
        anew = stage.reload()
    except ValueError as error:
        click.echo(f"Not read again: {error}", err=True)
    else:
        click.echo("Read again; the journal begins anew." if anew else "Read again.")


def _greet(stage: ReloadingMock, listener: socket.socket) -> None:
    document = stage.document
    url = base_url(listener, document)
    click.echo(f"{document.title} at {url}")
    for operation in document.operations.values():
        click.echo(
            f"  {operation.method:<7}{document.base_path}{operation.path:<30} {operation.id}"
        )
    control = url.removesuffix(document.base_path) + ADMIN_PREFIX
    click.echo(f"Control API at {control}/, described by {control}/openapi.json.")
    address = listener.getsockname()[0]
    if not stage.setting.admin_token and not ipaddress.ip_address(address).is_loopback:
        click.echo(
            f"Warning: whoever reaches {address} can use the control API; --admin-token closes it.",
            err=True,
        )
