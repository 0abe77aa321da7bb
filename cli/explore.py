"""`aisa-testkit explore`: every behaviour of the API towards a program in any language."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from ..contracts.explorer.behaviour import Behaviour
from ..contracts.explorer.extensions import Bounds
from ..contracts.explorer.run import Run
from ..contracts.explorer.search import (
    Exploration,
    NothingToExplore,
    explore_behaviours,
    try_behaviour,
)
from ..contracts.explorer.space import Space, space_of
from ..contracts.reports.exploration_files import FORMATS
from ..contracts.reports.exploration_report import (
    by_behaviour,
    describe_findings,
    exploration_summary,
)
from ..openapi.files import replace_file
from ..openapi.json import Json
from .command_help import command, option
from .document_files import DocumentFiles, overlay_option
from .explored_process import ExploredCommand
from .options import fail, parse_mappings, require_writable
from .process_server import ProcessServer, start_server

FOUND = 1
NOT_EXHAUSTED = 6
LIVES = ("fails", "instant", "jumps")
"""The lives of jobs that a program in real time can be shown."""


@command(
    "Try every behaviour of the API on a program.",
    examples=[
        ("-- node make_clip.js", "explore a program, of which each run has a copy of this folder"),
        ("--faults 1 --no-restarts -- ./clip.sh", "explore quickly"),
        ("--report html=report.html -- python clip.py", "write a report"),
    ],
)
@click.argument("program", metavar="-- COMMAND...", nargs=-1, type=click.UNPROCESSED)
@option("--document", metavar="DOCUMENT", help="The document of the API.  [default: aisa-videos]")
@overlay_option
@option("--faults", default=2, type=click.IntRange(0), metavar="N", help="The most faults at once.")
@option("--no-restarts", is_flag=True, help="Do not kill and restart the program.")
@option(
    "--life",
    "lives",
    multiple=True,
    metavar="SCENARIO",
    help="A scenario in which jobs live, besides `completes`. Can be given several times."
    f"  [default: {', '.join(LIVES)}]",
)
@option(
    "--fails-with",
    multiple=True,
    type=click.IntRange(1, 255),
    metavar="CODE",
    help="An exit code with which the program may end.  [default: all, but that of a crash]",
)
@option(
    "--max-seconds",
    command_variable="explore",
    default=30.0,
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="A program that runs for longer does not end.",
)
@option("--max-runs", type=click.IntRange(1), metavar="N", help="The most runs.")
@option(
    "--max-minutes",
    type=click.FloatRange(0, min_open=True),
    metavar="M",
    help="The longest time of the exploration.",
)
@option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="the number of processors",
    type=click.IntRange(1),
    metavar="N",
    help="The runs at the same time.",
)
@option(
    "--behaviour",
    multiple=True,
    metavar="JSON",
    callback=parse_mappings,
    help="The only behaviour to try, as a finding names it.",
)
@option(
    "--report",
    "reports",
    command_variable="explore",
    multiple=True,
    metavar="FORMAT=PATH",
    help="Write a report: html, json, junit or markdown. Can be given several times.",
)
def explore(
    program: tuple[str, ...],
    *,
    document: str | None,
    overlays: tuple[str, ...],
    faults: int,
    no_restarts: bool,
    lives: tuple[str, ...],
    fails_with: tuple[int, ...],
    max_seconds: float,
    max_runs: int | None,
    max_minutes: float | None,
    jobs: int,
    behaviour: tuple[Json, ...],
    reports: tuple[str, ...],
) -> None:
    """Run COMMAND once for every behaviour of the API, and show what goes wrong.

    A behaviour is a life of the jobs, some faults of single requests, and a kill of the program
    before or after a request, with a restart. Each run has a mock of its own, at OPENAI_BASE_URL
    with the key in AISA_API_KEY, and its own copy of this folder, which a restart keeps
    (node_modules and virtual environments are shared, .git is left out). Polls move the time of
    the mock, and it asks for no waits: only the program's own sleeps take time.

    Exit codes: 0 nothing was found, 1 something goes wrong, 2 usage or document error, or a program
    that cannot be explored, 6 nothing was found, but not all was tried, 130 stopped by a signal.
    """
    files = _report_files(reports)
    _require_program(program)
    explored = ExploredCommand(
        command=program,
        folder=Path.cwd(),
        document=DocumentFiles(document, overlays).load_or_fail(),
        start=float(int(time.time())),
        max_seconds=max_seconds,
        fails_with=fails_with or None,
    )
    end = None if max_minutes is None else time.monotonic() + 60 * max_minutes
    bounds = Bounds(
        faults=faults,
        restarts=not no_restarts,
        max_runs=max_runs,
        is_over=lambda: end is not None and time.monotonic() >= end,
        batch=jobs,
    )
    console = Console(highlight=False, soft_wrap=True)

    def space(_: Run) -> Space:
        return space_of(explored.document, lives=lives or LIVES, delays=False)

    known: list[Exploration] = []
    try:
        with _open_runners(explored, jobs) as run_all, _progress(console) as show:

            def on_run(exploration: Exploration) -> None:
                known[:] = [exploration]
                show(exploration)

            def run(behaviour: Behaviour) -> Run:
                return next(iter(run_all([behaviour])))

            if behaviour:
                known[:] = [try_behaviour(run, space, behaviour[-1])]
            else:
                known[:] = [explore_behaviours(run, space, bounds, run_all=run_all, on_run=on_run)]
    except (NothingToExplore, ValueError) as error:
        fail(str(error))
    finally:
        for exploration in known:
            _show(console, exploration)
            for path, kind in files.items():
                replace_file(path, FORMATS[kind](exploration, " ".join(program)))
    (exploration,) = known
    sys.exit(FOUND if exploration.findings else 0 if exploration.exhausted else NOT_EXHAUSTED)


def _require_program(program: Sequence[str]) -> None:
    if not program:
        fail("a COMMAND is missing, such as: aisa-testkit explore -- python make_clip.py")
    if shutil.which(program[0]) is None:
        fail(f"{program[0]} is not a program that can be run")


def _report_files(reports: Sequence[str]) -> dict[Path, str]:
    files: dict[Path, str] = {}
    for text in reports:
        kind, equals, path = text.partition("=")
        if not equals or not path or kind not in FORMATS:
            fail(f"--report must be FORMAT=PATH with {' or '.join(FORMATS)}, not {text!r}")
        require_writable(Path(path), f"--report {text}")
        files[Path(path).absolute()] = kind
    return files


@contextmanager
def _open_runners(
    explored: ExploredCommand, jobs: int
) -> Iterator[Callable[[Sequence[Behaviour]], Iterator[Run]]]:
    """Start a server for each run at the same time; yield what runs several behaviours."""
    servers = SimpleQueue[ProcessServer]()

    def run(behaviour: Behaviour) -> Run:
        server = servers.get()
        try:
            return explored.run(behaviour, server)
        finally:
            servers.put(server)

    with ExitStack() as stack:
        started = [stack.enter_context(start_server()) for _ in range(jobs)]
        for server in started:
            servers.put(server)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        try:
            yield lambda behaviours: pool.map(run, behaviours)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for server in started:
                server.stop()


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Exploration], None]]:
    """Show the progress on a terminal, for the length of the block."""
    if not console.is_terminal:
        yield lambda exploration: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("behaviours, {task.fields[found]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, found="")

        def show(exploration: Exploration) -> None:
            found = f"{len(exploration.findings)} found"
            total = exploration.runs + exploration.waiting
            progress.update(task, completed=exploration.runs, total=total, found=found)

        yield show


def _show(console: Console, exploration: Exploration) -> None:
    groups = by_behaviour(exploration)
    for number, findings in enumerate(groups, start=1):
        console.print(f"{number} of {len(groups)}: {describe_findings(findings)}\n", markup=False)
    console.print(exploration_summary(exploration), markup=False)
