"""What a check shows in a terminal: its plan, how far it is, and what it has found."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..contracts.budget import format_amount
from ..contracts.check.session import Step
from ..contracts.reports import Report
from ..contracts.reports.report import occurrences
from ..contracts.rules.rule import Severity
from ..openapi.text import count_of, escape_controls
from .check_config import CheckConfig


class CheckConsole(Console):
    """A console that does not end the program when nobody reads it any more: a job may be under
    way that was paid for.
    """

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def show_plan(console: Console, order: CheckConfig, *, whole: bool) -> None:
    """The plan in three lines, or with every request that is to be refused."""
    for line in _plan(order, whole):
        console.print(line, markup=False)


def _plan(order: CheckConfig, whole: bool) -> Iterator[str]:
    document, plan = order.document, order.plan
    yield f"Check of {document.title} {document.version} at {order.base_url or order.replay}"
    if order.replay is not None:
        yield f"  judges {order.replay}, and sends nothing"
    elif order.resume is not None:
        yield f"  follows {order.resume}, and makes no job"
    if not order.makes_jobs:
        return
    yield f"  {len(plan.probes)} requests that a right server refuses, which cost nothing"
    for probe in plan.probes if whole else ():
        operation = document.operations[probe.call.operation_id]
        yield f"    {operation.method} {operation.path}: {probe.reason}"
    each = (
        f"{format_amount(plan.price)} {plan.currency}" if plan.currency else "a price nobody knows"
    )
    jobs = count_of(len(plan.creates), "job")
    yield f"  {jobs} at {each} each, {format_amount(plan.total)} {plan.currency} in all".rstrip()
    if whole:
        yield "  polls until each job has ended, then its file, the list, and its deletion"


class Display:
    """The progress of a walk, as a bar that is gone when it ends. Jobs that are made stay told."""

    def __init__(self, console: Console, currency: str) -> None:
        self._currency, self._told = currency, 0
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

    def __enter__(self) -> Display:
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar.live.is_started:  # else it would leave an empty line
            self._bar.stop()

    def tell(self, step: Step) -> None:
        """Shows where the walk stands."""
        for job in step.job_ids[self._told :]:
            # Whoever stops the check must know what was paid for.
            self._say(f"  made {escape_controls(job)}")
        self._told = max(self._told, len(step.job_ids))
        self._bar.update(
            self._task,
            description=step.action,
            completed=step.progress or 0,
            state=step.state or "",
            spent=f"{format_amount(step.spent)} {self._currency}".rstrip(),
        )

    def _say(self, line: str) -> None:
        """Prints a line above the bar; where nobody listens any more, on stderr."""
        try:
            self._bar.console.print(line, markup=False)
        except OSError:
            ignore_broken_stdout()
            click.echo(line, err=True)


def ignore_broken_stdout() -> None:
    """Lets go of a standard output that cannot be written, such as a pipe that was closed."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_verdict(console: Console, report: Report) -> None:
    """Every violation with a line that shows it again, notes, and what it all cost; and on stderr
    why the check did not come to its end.
    """
    if report.error:
        click.echo(f"Error: {report.error}", err=True)
    try:
        for text in _verdict(report) if report.result.history else ():
            console.print(text)
    except OSError:
        ignore_broken_stdout()
        for job in report.result.jobs:
            click.echo(f"Left: {escape_controls(job)}", err=True)


def _verdict(report: Report) -> Iterator[Text]:
    for kind in report.violation_groups:
        heading, _, facts = str(kind.first).partition("\n")
        error = kind.first.severity is Severity.ERROR
        yield Text("\n" + heading, style="bold red" if error else "bold yellow")
        seen = f"\n  seen      {occurrences(kind)}" if kind.more else ""
        yield Text(f"{facts}{seen}\n  again     {report.curl_command(kind.first)}")
    if report.result.violations:
        yield Text("")
    for note in report.result.notes:
        yield Text(f"Note: {escape_controls(note)}")
    for job in report.result.jobs:
        yield Text(f"Left: {escape_controls(job)}; follow it with --resume {escape_controls(job)}")
    if not report.has_result:
        yield Text("nothing was judged", style="bold")
        return
    cost = f"; {report.budget}" if report.plan else ""
    yield Text(f"{report.summary} in {len(report.result.history)} requests{cost}", style="bold")
