"""`aisa-testkit check`: check any server against the document, with few requests and a budget."""

from __future__ import annotations

import os
import platform
import secrets
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console

from ..contracts.budget import Budget
from ..contracts.check.plan import CheckPlan, plan_check
from ..contracts.reports import Report
from ..openapi import Provenance
from .check_config import (
    VIOLATED,
    CheckConfig,
    read_amount,
    read_base_url,
    read_fields,
    read_headers,
    read_job_id,
    read_key,
    read_policy,
    read_poll_interval,
)
from .check_display import CheckConsole, ignore_broken_stdout, show_plan, show_result
from .check_run import Outcome, over_budget_outcome, replay_check, run_check
from .command_help import command, option
from .document_files import DocumentFiles, document_argument, overlay_option
from .options import MULTILINE, ConfigurationError, fail
from .report_files import report_files, report_to_github, request_files_prefix, write_reports


@command(
    "Check a server against the document.",
    examples=[
        ("https://api.aisa.one/v1 --dry-run", "print the requests and their price"),
        ("https://api.aisa.one/v1 --max-spend 1", "check the server for at most 1 USD"),
        ("http://127.0.0.1:4010/v1 --report html=report.html", "write a report"),
        (
            "https://api.example.com vendor.json --overlay jobs.yaml",
            "check a server of another API",
        ),
        ("http://127.0.0.1:4000 openai-videos --set model=m-1", "with a value that it demands"),
        ("--replay traffic.har", "check recorded traffic, and send nothing"),
    ],
)
@click.argument("base_url", required=False)
@document_argument
@overlay_option
@option(
    "--kind",
    metavar="NAME",
    help="The kind of job of x-jobs to check.  [default: the first one]",
)
@option(
    "--set",
    "fields",
    multiple=True,
    type=MULTILINE,
    metavar="FIELD=VALUE",
    help="The value of a field of creates, by name or place: model=m-1, /input/style=flat,"
    " query.tier=low. VALUE is JSON where the document allows no text. Can be given several times.",
)
@option(
    "--header",
    "headers",
    multiple=True,
    type=MULTILINE,
    metavar="NAME:VALUE",
    help="A header of every request, such as X-Project:p-7. Can be given several times.",
)
@option("--no-key", is_flag=True, help="Send no API key.")
@option(
    "--api-key-env",
    default="AISA_API_KEY",
    metavar="NAME",
    help="The variable with the API key.",
)
@option(
    "--max-creates",
    default=2,
    type=click.IntRange(0),
    help="The highest number of jobs to create.",
)
@option(
    "--max-spend",
    metavar="AMOUNT",
    help="The highest total price, in the document's currency.",
)
@option(
    "--free",
    is_flag=True,
    help="Create no job, and send no invalid creates, which a server might accept and bill.",
)
@option("--dry-run", is_flag=True, help="Print the requests and their price, and send nothing.")
@option(
    "--grade",
    default="inferred",
    type=click.Choice([grade.value for grade in Provenance]),
    help="Skip operations and responses that are documented less reliably than this.",
)
@option(
    "--only",
    multiple=True,
    metavar="CHECK",
    help="Check only these rules: AV203, or AV2.",
)
@option("--exclude", multiple=True, metavar="CHECK", help="Skip these rules.")
@option("--resume", metavar="JOB_ID", help="Check this job instead of a new one.")
@option("--keep", is_flag=True, help="Do not delete the jobs at the end.")
@option(
    "--timeout",
    default=300.0,
    metavar="S",
    help="The longest time for a job and for a response, in seconds; three times that for all.",
)
@option(
    "--poll-interval",
    type=float,
    metavar="S",
    help="The longest time between polls, in seconds.  [default: the hint (at least 0.5), or 2]",
)
@option(
    "--seed",
    command_variable="check",
    default=0,
    metavar="N",
    help="Vary the requests; the price stays the same.",
)
@option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=PATH",
    help="Write a report: har, html, json, junit or markdown. Can be given several times.",
)
@option(
    "--record",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Save all requests and responses as HAR, without the API key.",
)
@option(
    "--replay",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Check a recording or any HAR file, and send nothing.",
)
@option(
    "-v",
    "--verbose",
    command_variable="check",
    is_flag=True,
    help="List the result of every rule.",
)
def check(
    base_url: str | None,
    document: str | None,
    *,
    overlays: tuple[str, ...],
    kind: str | None,
    fields: tuple[str, ...],
    headers: tuple[str, ...],
    no_key: bool,
    api_key_env: str,
    max_creates: int,
    max_spend: str | None,
    free: bool,
    dry_run: bool,
    grade: str,
    only: tuple[str, ...],
    exclude: tuple[str, ...],
    resume: str | None,
    keep: bool,
    timeout: float,
    poll_interval: float | None,
    seed: int,
    reports: tuple[str, ...],
    record: Path | None,
    replay: Path | None,
    verbose: bool,
) -> None:
    """Check the server at BASE_URL, such as https://api.aisa.one/v1, against DOCUMENT.

    The check follows one or two jobs from creation to deletion, and sends invalid requests, which
    a conforming server rejects. It never repeats a create that may have been accepted.

    With --replay, BASE_URL selects the recorded requests to check; it is optional.

    Exit codes: 0 no violation, 1 violations, 2 usage or document error, 3 server unreachable or not
    this API, 4 API key rejected, 5 plan over the budget, 6 nothing was checked, no job completed or
    the time is over, 130 stopped by a signal.
    """
    console = CheckConsole(highlight=False, soft_wrap=True)
    if replay is not None and base_url and "://" not in base_url:
        base_url, document = None, base_url  # the only argument is a document
    loaded = DocumentFiles(document, overlays).load_or_fail()
    if replay is not None:
        _refuse_what_is_sent(
            {
                "--resume": resume,
                "--keep": keep,
                "--free": free,
                "--dry-run": dry_run,
                "--kind": kind,
                "--set": fields,
                "--header": headers,
                "--no-key": no_key,
            }
        )
    policy = read_policy(grade, timeout, only, exclude)
    sends_key = replay is None and not no_key
    key = read_key(loaded, base_url, api_key_env, needed=not dry_run) if sends_key else ""
    key = key or os.environ.get(api_key_env, "").strip()
    max_creates = 0 if free else max_creates
    # Without --free a plan creates at least one job, so that --max-creates 0 rejects it.
    creates = 0 if free else max(1, min(2, max_creates))
    run_id = secrets.token_hex(4)
    plan: CheckPlan | None = None
    try:
        if replay is None:
            plan = plan_check(
                loaded,
                key=None if no_key else key,
                kind=kind,
                creates=creates,
                grade=policy.grade,
                seed=seed,
                run_id=run_id,
                fields=read_fields(fields),
                headers=read_headers(headers),
            )
    except ValueError as error:
        without = "" if loaded.kinds else "; --replay checks recorded traffic without it"
        fail(f"{error}{without}")
    config = CheckConfig(
        document=loaded,
        base_url=read_base_url(base_url, needed=replay is None),
        key=key,
        policy=policy,
        budget=Budget(
            max_spend=read_amount(max_spend),
            max_creates=max_creates,
            currency=plan.currency if plan else "",
        ),
        plan=plan,
        resume=read_job_id(resume),
        replay=replay,
        keep=keep,
        poll_interval=read_poll_interval(poll_interval),
        key_variable=api_key_env,
    )
    files = report_files(reports, record, replay)
    began = time.time()
    _show_plan(console, config, details=dry_run)
    outcome = _outcome(console, config, dry_run=dry_run)
    if outcome is None:
        return
    report = Report(
        document=loaded,
        base_url=outcome.base_url,
        result=outcome.result,
        policy=policy,
        budget=config.budget,
        plan=config.plan_of_jobs,
        exit_code=outcome.exit_code or (VIOLATED if outcome.result.errors else 0),
        error=outcome.error,
        began=began,
        seconds=time.time() - began,
        seed=seed,
        key_variable=api_key_env,
        files_prefix=str(request_files_prefix(files, run_id)),
        versions=_versions(),
    )
    written = write_reports(report, files)
    show_result(console, report, verbose=verbose)
    report_to_github(report)
    sys.exit(report.exit_code or (0 if written else ConfigurationError.exit_code))


def _refuse_what_is_sent(options: Mapping[str, object]) -> None:
    """Fail if an option is set that says something of requests; a replay sends none."""
    for name, value in options.items():
        if value:
            fail(f"{name} cannot be combined with --replay, which sends nothing")


def _show_plan(console: Console, config: CheckConfig, *, details: bool) -> None:
    try:
        show_plan(console, config, details=details)
    except OSError as error:
        ignore_broken_stdout()
        fail(f"standard output cannot be written: {error.strerror}")


def _outcome(console: Console, config: CheckConfig, *, dry_run: bool) -> Outcome | None:
    """Return the outcome of the check, or None for a dry run."""
    reason = config.over_budget()
    if reason is not None:
        return over_budget_outcome(config, reason)
    if dry_run:
        return None
    if config.plan is not None:
        return run_check(config, config.plan, console)
    return replay_check(config)


def _versions() -> dict[str, str]:
    return {
        "aisa-testkit": version("aisa-testkit"),
        "python": platform.python_version(),
        "httpx2": version("httpx2"),
    }
