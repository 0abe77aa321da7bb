"""`aisa-testkit check`: hold any server to the document, with few requests and a budget."""

from __future__ import annotations

import os
import sys
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

import click
import httpx2
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ..contracts.curl import curl_line
from ..contracts.http_server import HttpServer
from ..contracts.ledger import Ledger, amount
from ..contracts.plan import Plan, plan_check
from ..contracts.rule import Severity
from ..contracts.violation import Violation
from ..contracts.walk import CredentialsRefused, Step, Unreachable, Verdict, Walk
from ..openapi import Document, Provenance
from .options import ConfigurationError, document_argument, fail, option

DUMMY_KEY = "sk-aisa-dummy"
VIOLATED, UNREACHABLE, REFUSED, OVER_BUDGET, INTERRUPTED = 1, 3, 4, 5, 130
_LONGEST = 1e6


@click.command(short_help="Hold a server to the document.")
@click.argument("base_url")
@document_argument
@option("--api-key-env", default="AISA_API_KEY", metavar="NAME", help="The variable with the key.")
@option("--max-creates", default=2, type=click.IntRange(1), help="How many jobs may be made.")
@option("--max-spend", metavar="AMOUNT", help="How much may be spent, in the document's currency.")
@option("--dry-run", is_flag=True, help="Show what would be sent and what it would cost, and stop.")
@option(
    "--grade",
    default="inferred",
    type=click.Choice([grade.value for grade in Provenance]),
    help="How well an operation or an answer must be known to be judged.",
)
@option("--resume", metavar="JOB_ID", help="Follow this job instead of making one.")
@option("--keep", is_flag=True, help="Leave the jobs that were made.")
@option("--timeout", default=300.0, metavar="S", help="How many seconds a job may take.")
@option("--poll-interval", default=2.0, metavar="S", help="Seconds between polls without a hint.")
def check(
    base_url: str,
    document: Document,
    *,
    api_key_env: str,
    max_creates: int,
    max_spend: str | None,
    dry_run: bool,
    grade: str,
    resume: str | None,
    keep: bool,
    timeout: float,
    poll_interval: float,
) -> None:
    """Check the server at BASE_URL, such as https://api.aisa.one/v1, against DOCUMENT.

    Requests that a right server refuses come first, then one or two jobs are led through their
    whole life. A create is never repeated once it may have been accepted.

    Exit codes: 0 the server keeps the contract, 1 it breaks it, 2 usage or document, 3 the server
    cannot be reached, 4 it refuses the key, 5 the plan is over the budget.
    """
    console = Console(highlight=False, soft_wrap=True)
    ledger = Ledger(max_spend=_amount(max_spend), max_creates=max_creates)
    key = _key(base_url, api_key_env, needed=not dry_run)
    for name, seconds in (("--timeout", timeout), ("--poll-interval", poll_interval)):
        if not 0 < seconds < _LONGEST:
            fail(f"{name} must be more than 0 seconds and less than {_LONGEST:g}, not {seconds:g}")
    if resume is not None and not resume.strip():
        fail("--resume must be the id of a job, not nothing")
    plan = plan_check(document, key=key, creates=min(2, max_creates), grade=Provenance(grade))
    _show_plan(console, document, base_url, plan, resume)
    _refuse_over_budget(plan, ledger, resume)
    if dry_run:
        return
    with httpx2.Client(timeout=60.0) as client, _progress(console) as bar:
        task = bar.add_task("starts", total=100, state="", spent="")
        walk = Walk(
            document,
            plan,
            HttpServer(document, base_url, client),
            key=key,
            ledger=ledger,
            timeout=timeout,
            poll_interval=poll_interval,
            keep=keep,
            resume=resume,
            tell=lambda step: _tell(bar, task, step, plan),
        )
        code, verdict = _run(walk)
    if not code and not any(exchange.reply for exchange in verdict.history):
        click.echo(f"Error: {base_url} has not answered any request", err=True)
        code = UNREACHABLE
    if verdict.history:
        text = _verdict_text(document, base_url, verdict, ledger, api_key_env)
        # Some servers quote the key that they were sent.
        console.print(text.replace(key, f"${api_key_env}"), markup=False)
    if not code and resume is not None and not _found(verdict, resume):
        code = ConfigurationError.exit_code
    sys.exit(code or (VIOLATED if _errors(verdict) else 0))


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


def _key(base_url: str, variable: str, *, needed: bool) -> str:
    """The key from the environment; a server on this machine takes any."""
    host = _host(base_url)
    if host is None:
        fail(f"BASE_URL must be a URL such as https://api.aisa.one/v1, not {base_url!r}")
    key = os.environ.get(variable, "").strip()
    if needed and not key and host not in ("localhost", "127.0.0.1", "::1"):
        fail(f"{base_url} is not on this machine and wants a key: set {variable}")
    if not (key.isascii() and key.isprintable() and " " not in key):
        fail(f"{variable} holds characters that no key can have")
    return key or DUMMY_KEY


def _host(base_url: str) -> str | None:
    try:
        parts = urlsplit(base_url)
        right = parts.scheme in ("http", "https") and (parts.port or 1)
    except ValueError:
        return None
    return parts.hostname if right else None


def _show_plan(
    console: Console, document: Document, base_url: str, plan: Plan, resume: str | None
) -> None:
    console.print(f"Check of {document.title} {document.version} at {base_url}")
    if resume is not None:
        console.print(f"  follows {resume}, and makes no job")
        return
    each = f"{amount(plan.price)} {plan.currency}" if plan.currency else "a price nobody knows"
    jobs = "1 job" if plan.creates == 1 else f"{plan.creates} jobs"
    console.print(f"  {len(plan.probes)} requests that a right server refuses, for nothing")
    console.print(f"  {jobs} at {each} each, {amount(plan.total)} {plan.currency} in all".rstrip())


def _refuse_over_budget(plan: Plan, ledger: Ledger, resume: str | None) -> None:
    if resume is None and ledger.max_spend is not None:
        if not plan.currency:
            _leave(OVER_BUDGET, "the document has no x-price, so nothing can be said of a budget")
        if plan.total > ledger.max_spend:
            costs, limit = f"{amount(plan.total)} {plan.currency}", amount(ledger.max_spend)
            _leave(OVER_BUDGET, f"the plan costs {costs}, and --max-spend allows {limit}")


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TextColumn("{task.fields[spent]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _tell(bar: Progress, task: TaskID, step: Step, plan: Plan) -> None:
    bar.update(
        task,
        description=step.doing,
        completed=step.progress or 0,
        state=step.state or "",
        spent=f"{amount(step.spent)} {plan.currency}",
    )


def _run(walk: Walk) -> tuple[int, Verdict]:
    """Walks, and says with which code to exit if the walk did not come to its end."""
    try:
        return 0, walk.run()
    except Unreachable as error:
        click.echo(f"Error: {error}", err=True)
        return UNREACHABLE, walk.verdict()
    except CredentialsRefused as error:
        click.echo(f"Error: {error}", err=True)
        return REFUSED, walk.verdict()
    except KeyboardInterrupt:
        click.echo("Error: broken off", err=True)
        return INTERRUPTED, walk.verdict()


def _verdict_text(
    document: Document, base_url: str, verdict: Verdict, ledger: Ledger, key_variable: str
) -> str:
    """Every violation with a line that shows it again, notes, and what it all cost."""
    lines: list[str] = []
    for violation in verdict.violations:
        call = verdict.history[violation.numbers[-1] - 1].call
        again = curl_line(document, call, base_url, key_variable=key_variable)
        lines += ["", str(violation), f"  again     {again}"]
    lines += ["", *(f"Note: {note}" for note in verdict.notes)]
    lines += [f"Left: {i}; follow it with --resume {i}" for i in verdict.jobs]
    count = len(_errors(verdict))
    told = "no violation" if not count else "1 violation" if count == 1 else f"{count} violations"
    warned = len(verdict.violations) - count
    warnings = f", {warned} warnings" if warned > 1 else ", 1 warning" if warned else ""
    lines.append(f"{told}{warnings} in {len(verdict.history)} requests; {ledger}")
    return "\n".join(lines)


def _found(verdict: Verdict, job_id: str) -> bool:
    return any(e.accepted for e in verdict.history if e.job_id == job_id)


def _errors(verdict: Verdict) -> list[Violation]:
    return [v for v in verdict.violations if v.severity is Severity.ERROR]


def _leave(code: int, message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
