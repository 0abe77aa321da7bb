"""The terminal output of a check: its plan, its progress and its result."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..contracts.budget import format_price
from ..contracts.check.plan import CheckPlan
from ..contracts.check.probes import Probe
from ..contracts.check.step import Step
from ..contracts.reports import Report
from ..contracts.reports.rule_results import RuleOutcome, count_outcomes
from ..contracts.rules.rule import Severity
from ..openapi import Call, Document
from ..openapi.messages import media_type_of
from ..openapi.request import read_call
from ..openapi.text import count_of, escape_controls
from .check_config import CheckConfig


class CheckConsole(Console):
    """A console that raises an error for a closed pipe instead of ending the program.

    A paid job may be running, and the check must go on.
    """

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def show_plan(console: Console, config: CheckConfig, *, details: bool) -> None:
    """Print the plan in three lines; with `details`, also each request in its order."""
    for line in _plan_lines(config, details):
        console.print(line, markup=False)


def _plan_lines(config: CheckConfig, details: bool) -> Iterator[str]:
    document, plan = config.document, config.plan_of_jobs
    yield f"Check of {document.title} {document.version} at {config.base_url or config.replay}"
    if config.replay is not None:
        yield f"  checks {config.replay} and sends nothing"
    elif config.resume is not None:
        yield f"  checks job {config.resume} and creates none"
    if plan is None:
        return
    create_probes = plan.create_probes if plan.has_room_for_probes(config.budget) else ()
    count = len(plan.free_probes) + len(create_probes)
    yield f"  {count_of(count, 'invalid request')} (free)"
    total = "" if plan.total is None else f", {format_price(plan.total, plan.currency)} in all"
    each = format_price(plan.price, plan.currency)
    jobs = f"{count_of(len(plan.creates), 'job')} at {each} each{total}"
    yield f"  {jobs if plan.creates else 'creates no job'}"
    unsent = len(plan.create_probes) - len(create_probes)
    if unsent:
        yield (
            f"  {count_of(unsent, 'invalid create')} are not sent:"
            " the server might accept one, and the budget has no room for it"
        )
    if details:
        yield from _ordered_requests(config, plan, create_probes)


def _ordered_requests(
    config: CheckConfig, plan: CheckPlan, create_probes: Sequence[Probe]
) -> Iterator[str]:
    """Yield the requests of the plan in the order in which the check sends them."""
    document = config.document
    first = plan.creates_before_probes(config.budget)
    before, after = plan.creates[:first], plan.creates[first:]
    ordered: list[Probe | Call] = [*plan.free_probes, *before, *create_probes, *after]
    for item in ordered:
        if isinstance(item, Probe):
            operation = document.operations[item.call.operation_id]
            yield f"    {operation.method} {operation.path}: {item.reason}"
        else:
            yield f"    creates a job with {_describe_create(document, item)}"
    if not plan.creates:
        yield "  lists the jobs"
    elif config.keep:
        yield "  polls each job until it ends, downloads its file and lists the jobs"
    else:
        yield "  polls each job until it ends, downloads its file, lists the jobs and deletes them"


def _describe_create(document: Document, call: Call) -> str:
    """Return the names of the fields of a create, and its media type."""
    arguments = read_call(document.operations[call.operation_id], call)
    return f"{', '.join([*arguments.fields, *arguments.files])} ({media_type_of(call.headers)})"


class ProgressDisplay:
    """A progress bar that disappears at the end; the lines about created jobs stay."""

    def __init__(self, console: Console, currency: str) -> None:
        self._currency, self._printed_jobs = currency, 0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TextColumn("{task.fields[spent]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starts", total=100, state="", spent="")

    def __enter__(self) -> ProgressDisplay:
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar.live.is_started:  # a bar that never started would leave an empty line
            self._bar.stop()

    def update(self, step: Step) -> None:
        """Show a step of the check."""
        for job in step.job_ids[self._printed_jobs :]:
            # A user who stops the check must know which jobs were paid for.
            self._print(f"  created {escape_controls(job)}")
        self._printed_jobs = max(self._printed_jobs, len(step.job_ids))
        self._bar.update(
            self._task,
            description=step.action,
            completed=step.progress or 0,
            state=step.state or "",
            spent="" if step.spent == 0 else format_price(step.spent, self._currency),
        )

    def _print(self, line: str) -> None:
        """Print a line above the bar, or on stderr if stdout is closed."""
        try:
            self._bar.console.print(line, markup=False)
        except OSError:
            ignore_broken_stdout()
            click.echo(line, err=True)


def ignore_broken_stdout() -> None:
    """Replace a standard output that cannot be written, such as a closed pipe."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_result(console: Console, report: Report, *, verbose: bool) -> None:
    """Print the violations, each with a command that reproduces it, the notes and the cost.

    The reason for an incomplete check goes to stderr.
    """
    if report.error:
        click.echo(f"Error: {escape_controls(report.error)}", err=True)
    try:
        if report.result.history or report.result.left:
            for text in _result_lines(report, verbose):
                console.print(text)
    except OSError:
        ignore_broken_stdout()
        for job in report.result.left:
            click.echo(f"Left: {escape_controls(job)}", err=True)


def _rule_lines(report: Report, verbose: bool) -> Iterator[Text]:
    results = report.rule_results
    skipped = ", ".join(r.rule.code for r in results if r.outcome is RuleOutcome.SKIPPED)
    why = f" ({skipped}; -v shows why)" if skipped else ""
    if verbose:
        why = ""
        for result in results:
            yield Text(f"  {result}", style="dim")
    elif report.error:  # these rules are the reason why there is no verdict
        why = ""
        for reason in report.unchecked_reasons:
            yield Text(f"Not checked: {reason}", style="dim")
    yield Text(f"{count_outcomes(results)}{why}", style="dim")


def _result_lines(report: Report, verbose: bool) -> Iterator[Text]:
    for group in report.violation_groups:
        heading, _, facts = str(group.first).partition("\n")
        error = group.first.severity is Severity.ERROR
        yield Text("\n" + heading, style="bold red" if error else "bold yellow")
        repeat = report.repeat_lines(group.first)
        yield Text(f"{facts}{report.details(group)}{repeat}")
    if report.result.violations:
        yield Text("")
    for note in report.result.notes:
        yield Text(f"Note: {escape_controls(note)}")
    for job in report.result.left:
        yield Text(f"Left: {escape_controls(job)}", style="bold")
    if not report.has_result:
        yield Text("nothing was checked", style="bold")
        return
    yield from _rule_lines(report, verbose)
    yield Text(str(report.traffic), style="dim")
    cost = f"; {report.budget}" if report.plan else ""
    so_far = " so far" if report.error else ""
    yield Text(
        f"{report.summary}{so_far} in {len(report.result.history)} requests{cost}", style="bold"
    )
