"""`aisa-testkit check`: hold any server to the document, with few requests and a budget."""

from __future__ import annotations

import os
import platform
import sys
import time
from decimal import Decimal, InvalidOperation
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from ..contracts.budget import Budget
from ..contracts.check.plan import plan_check
from ..contracts.check.result import CheckPolicy, select_codes
from ..contracts.reports import Report
from ..openapi import Document, Provenance
from ..openapi.credentials import DUMMY_KEY
from .check_config import VIOLATED, CheckConfig
from .check_display import CheckConsole, ignore_broken_stdout, show_plan, show_verdict
from .check_run import Outcome, judge, refused, walk
from .options import ConfigurationError, document_argument, fail, load, option
from .report_files import report_files, tell_github, write_reports

_LONGEST = 1e6


@click.command(short_help="Hold a server to the document.")
@click.argument("base_url", required=False)
@document_argument
@option("--api-key-env", default="AISA_API_KEY", metavar="NAME", help="The variable with the key.")
@option("--max-creates", default=2, type=click.IntRange(0), help="How many jobs may be made.")
@option("--max-spend", metavar="AMOUNT", help="How much may be spent, in the document's currency.")
@option("--dry-run", is_flag=True, help="Show what would be sent and what it would cost, and stop.")
@option(
    "--grade",
    default="inferred",
    type=click.Choice([grade.value for grade in Provenance]),
    help="How well an operation or an answer must be known to be judged.",
)
@option("--only", multiple=True, metavar="CHECK", help="Judge these rules alone: AV203, or AV2.")
@option("--exclude", multiple=True, metavar="CHECK", help="Leave these rules out.")
@option("--resume", metavar="JOB_ID", help="Follow this job instead of making one.")
@option("--keep", is_flag=True, help="Leave the jobs that were made.")
@option("--timeout", default=300.0, metavar="S", help="How many seconds a job may take.")
@option(
    "--poll-interval",
    type=float,
    metavar="S",
    help="The longest wait between polls, in seconds.  [default: as the server hints, or 2]",
)
@option("--seed", default=0, metavar="N", help="Varies what is sent, at equal cost.")
@option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=PATH",
    help="Write a report: har, html, json, junit or markdown. May be given several times.",
)
@option(
    "--record",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Keep all requests and answers, without the key, as HAR.",
)
@option(
    "--replay",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="Judge a recording or any HAR file, and send nothing.",
)
def check(
    base_url: str | None,
    document: Document,
    *,
    api_key_env: str,
    max_creates: int,
    max_spend: str | None,
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
) -> None:
    """Check the server at BASE_URL, such as https://api.aisa.one/v1, against DOCUMENT.

    Requests that a right server refuses come first, then one or two jobs are led through their
    whole life. A create is never repeated once it may have been accepted.

    With --replay, BASE_URL says which of the recorded requests are meant, and may be left out.

    Exit codes: 0 the server keeps the contract, 1 it breaks it, 2 usage or document, 3 the server
    cannot be reached or is another one, 4 it refuses the key, 5 the plan is over the budget, 130
    stopped by a signal.
    """
    console = CheckConsole(highlight=False, soft_wrap=True)
    if replay is not None and base_url and "://" not in base_url:
        base_url, document = None, load(base_url)  # all that is given is a document
    for name, value in (("--resume", resume), ("--keep", keep), ("--dry-run", dry_run)):
        if replay is not None and value:
            fail(f"{name} is about a server, and --replay asks none")
    policy = _policy(grade, timeout, only, exclude)
    key = _key(base_url, api_key_env, needed=not dry_run) if replay is None else ""
    key = key or os.environ.get(api_key_env, "").strip()
    # A plan has at least one job, so that a limit of none refuses it.
    creates = max(1, min(2, max_creates))
    plan = plan_check(document, key=key, creates=creates, grade=policy.grade, seed=seed)
    order = CheckConfig(
        document=document,
        base_url=_base_url(base_url, needed=replay is None),
        key=key,
        policy=policy,
        budget=Budget(
            max_spend=_amount(max_spend), max_creates=max_creates, currency=plan.currency
        ),
        plan=plan,
        resume=_job(resume),
        replay=replay,
        keep=keep,
        poll_interval=None if poll_interval is None else _seconds("--poll-interval", poll_interval),
        key_variable=api_key_env,
    )
    files = report_files(reports, record, replay)
    began = time.time()
    try:
        show_plan(console, order, whole=dry_run)
    except OSError as error:
        ignore_broken_stdout()
        fail(f"standard output cannot be written: {error.strerror}")
    outcome = _outcome(console, order, dry_run=dry_run)
    if outcome is None:
        return
    report = Report(
        document=document,
        base_url=outcome.base_url,
        result=outcome.result,
        policy=policy,
        budget=order.budget,
        plan=order.plan if order.makes_jobs else None,
        exit_code=outcome.exit_code or (VIOLATED if outcome.result.errors else 0),
        error=outcome.error,
        began=began,
        seconds=time.time() - began,
        seed=seed,
        key_variable=api_key_env,
        versions=_versions(),
    )
    written = write_reports(report, files)
    show_verdict(console, report)
    tell_github(report)
    sys.exit(report.exit_code or (0 if written else ConfigurationError.exit_code))


def _outcome(console: Console, order: CheckConfig, *, dry_run: bool) -> Outcome | None:
    """What came of an order, None if there was only to be shown what it is."""
    reason = order.over_budget()
    if reason is not None:
        return refused(order, reason)
    if dry_run:
        return None
    return walk(order, console) if order.replay is None else judge(order, order.replay)


def _policy(
    grade: str, timeout: float, only: tuple[str, ...], exclude: tuple[str, ...]
) -> CheckPolicy:
    try:
        codes = select_codes(only=_listed(only), exclude=_listed(exclude))
    except ValueError as error:
        fail(f"--only or --exclude: {error}; aisa-testkit explain lists all")
    return CheckPolicy(Provenance(grade), _seconds("--timeout", timeout), codes)


def _listed(texts: tuple[str, ...]) -> list[str]:
    """The single names of options that may be given several times, or with commas."""
    return [name for text in texts for name in text.replace(",", " ").split()]


def _seconds(name: str, value: float) -> float:
    if not 0 < value < _LONGEST:
        fail(f"{name} must be more than 0 seconds and less than {_LONGEST:g}, not {value:g}")
    return value


def _job(job_id: str | None) -> str | None:
    if job_id is not None and job_id.strip() in ("", ".", ".."):
        fail(f"--resume must be the id of a job, not {job_id!r}")
    return job_id


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        fail(f"--max-spend must be an amount such as 1.50, not {text!r}")
    return value


def _base_url(url: str | None, *, needed: bool) -> str:
    """The base URL, empty if there is none and none is needed."""
    if url is None and not needed:
        return ""
    try:
        parts = urlsplit(url or "")
        port = parts.port or 1
    except ValueError:
        parts, port = urlsplit(""), 0
    if url is None:
        fail("give the BASE_URL of a server, or --replay PATH")
    if not (parts.scheme in ("http", "https") and parts.hostname and port):
        fail(f"BASE_URL must be a URL such as https://api.aisa.one/v1, not {url!r}")
    if parts.username is not None or parts.query or parts.fragment:
        # It may hold a password, and stands in every report.
        fail("BASE_URL must have no user, no query and no fragment; the key is in --api-key-env")
    return url


def _key(base_url: str | None, variable: str, *, needed: bool) -> str:
    """The key from the environment; a server on this machine takes any."""
    host = urlsplit(_base_url(base_url, needed=True)).hostname
    key = os.environ.get(variable, "").strip()
    if needed and not key and host not in ("localhost", "127.0.0.1", "::1"):
        fail(f"{base_url} is not on this machine and wants a key: set {variable}")
    if not (key.isascii() and key.isprintable() and " " not in key):
        fail(f"{variable} holds characters that no key can have")
    return key or DUMMY_KEY


def _versions() -> dict[str, str]:
    return {
        "aisa-testkit": version("aisa-testkit"),
        "python": platform.python_version(),
        "httpx2": version("httpx2"),
    }
