"""`aisa-testkit serve`: the mock on a socket."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from ..mock_server.clock import SystemClock
from ..mock_server.http.delivery import REQUEST_TIMEOUT
from ..mock_server.http.server import base_url, run
from ..mock_server.service import UnknownIds
from ..mock_server.webhooks.worker import WebhookWorker
from ..openapi.json import Json
from .command_help import command, option
from .document_files import DocumentFiles, document_argument, overlay_option
from .options import (
    MULTILINE,
    fail,
    parse_keys,
    parse_mappings,
    parse_tier,
    parse_token,
)
from .reloading_mock import ReloadingMock, ServeOptions
from .request_printer import RequestPrinter
from .serve_run import (
    open_listener,
    print_banner,
    quiet_invalid_requests,
    require_recordable,
    require_watchable,
    save_recording,
    watch_mock,
    write_line,
)
from .serve_webhooks import ServedWebhooks


@command(
    "Serve the mock on a socket.",
    examples=[
        ("", "the bundled document on port 4010"),
        ("--speed 10 --scenario flaky-polls", "fast jobs, and polls that fail"),
        ("--fault 'operation: create, lost: true, times: 1'", "the first create response is lost"),
        ("--limits free --api-key sk-test", "one API key with the limits of a tier"),
        ("vendor.json --overlay jobs.yaml", "another API, with its jobs in an overlay"),
        ("--config mock.yaml --watch", "scenarios, faults and keys from a file"),
        ("--recording traffic.har", "save the traffic for check --replay"),
    ],
)
@document_argument
@overlay_option
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
@option(
    "--seed",
    command_variable="serve",
    type=int,
    metavar="N",
    help="Make ids and random choices the same in every run.",
)
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
    callback=parse_keys,
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
@option(
    "--admin-token",
    metavar="TOKEN",
    callback=parse_token,
    help="Require this token for the control API.",
)
@option(
    "--recording",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Save the requests of the journal and their responses as HAR at the end, without keys.",
)
@option(
    "--watch",
    is_flag=True,
    help="Reload the document, its overlays and the config file when they change.",
)
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
@option(
    "-v",
    "--verbose",
    command_variable="serve",
    is_flag=True,
    help="Print a line for every request, not only for errors and violations.",
)
def serve(
    document: str | None,
    *,
    overlays: tuple[str, ...],
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
    recording: Path | None,
    watch: bool,
    strict: bool,
    request_timeout: float,
    verbose: bool,
) -> None:
    """Serve a mock of the API of DOCUMENT: an OpenAPI document, or the name of a bundled one.

    The map x-jobs of the document declares the life of its jobs; it may come with an overlay. Other
    operations are answered from the document alone. The default DOCUMENT is aisa-videos.

    The first line of output contains the base URL for clients. A line is printed for each request
    with an error or a violation. Ctrl-C stops the server.
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
    printer = RequestPrinter(write_line, verbose=verbose)
    files = DocumentFiles(document, overlays)
    loaded = files.load_or_fail()
    try:
        webhooks = ServedWebhooks(
            loaded, clock=clock, url=webhook_url, secret=webhook_secret, watch=watch
        )
        mock = ReloadingMock(
            loaded,
            files,
            clock=clock,
            options=options,
            webhooks=webhooks.sender,
            observe=printer.observe,
        )
    except ValueError as error:
        fail(str(error))
    if watch:
        require_watchable(mock.files)
    if recording:
        require_recordable(recording, mock.files)
    if list_scenarios:
        for each in mock.service.scenarios.to_json():
            click.echo(f"{each['name']:<14} {each['about']}")
        return
    with ExitStack() as stack:
        listener = stack.enter_context(open_listener(host, port))
        if recording:
            origin = base_url(listener, loaded).removesuffix(loaded.base_path)
            stack.callback(save_recording, recording, mock, origin)
        stack.enter_context(printer)
        quiet_invalid_requests()
        if webhooks.sender:
            stack.enter_context(WebhookWorker(webhooks.sender, clock=clock))
        if watch:
            stack.enter_context(watch_mock(mock, webhooks))
        gc.freeze()
        gc.enable()
        run(
            mock.app,
            listener,
            on_started=lambda: print_banner(mock, listener, webhooks),
            request_timeout=request_timeout,
        )
