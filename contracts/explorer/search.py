"""The search for what goes wrong: all behaviours of an API, those with the fewest faults first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from ...openapi.json import Json
from .behaviour import Behaviour
from .exploration_coverage import ExplorationCoverage
from .extensions import Bounds, Extensions
from .oracle import Finding, judge
from .run import End, Run
from .space import USUAL_LIFE, Space

Runner = Callable[[Behaviour], Run]
"""Runs the program against a behaviour."""

RunAll = Callable[[Sequence[Behaviour]], Iterable[Run]]
"""Runs the program against several behaviours."""


class NothingToExplore(ValueError):
    """The program cannot be explored; the text says why."""


@dataclass(slots=True)
class Exploration:
    """The result of a search.

    Args:
        usual: The run without faults.
        faults: The largest number of faults in a behaviour.
        restarts: True if the program was killed and restarted, too.
        findings: What goes wrong, each kind once, with the smallest behaviour that shows it.
        runs: The number of runs.
        pruned: The number of behaviours that were left out, because an equivalent one was tried.
        waiting: The number of behaviours that were found but not tried; 0 if all were.
        coverage: Which faults were tried, in which lives of jobs.
    """

    usual: Run
    faults: int
    restarts: bool
    findings: list[Finding] = field(default_factory=list)
    runs: int = 0
    pruned: int = 0
    waiting: int = 0
    coverage: ExplorationCoverage = field(default_factory=ExplorationCoverage)

    @property
    def exhausted(self) -> bool:
        """True if all behaviours were tried."""
        return not self.waiting


def explore_behaviours(
    run: Runner,
    space: Callable[[Run], Space],
    bounds: Bounds,
    *,
    run_all: RunAll | None = None,
    on_run: Callable[[Exploration], None] = lambda exploration: None,
) -> Exploration:
    """Try all behaviours of an API towards a program.

    Args:
        run: Runs the program against a behaviour.
        space: Returns the lives of jobs and the faults of operations, by the run without faults.
        bounds: What is explored, and for how long.
        run_all: Runs the program against several behaviours, perhaps at the same time, and returns
            the runs in their order; one after the other by default.
        on_run: Is called after each run.

    Raises NothingToExplore for a program that makes no request, does not end without faults, or
    does something else in a second run.
    """
    usual = _usual_run(run)
    found = Exploration(usual, bounds.faults, bounds.restarts, runs=2)
    search = _Search(space(usual), run_all or partial(map, run), found, bounds)
    return search.perform(on_run)


def try_behaviour(run: Runner, space: Callable[[Run], Space], data: Json) -> Exploration:
    """Try one behaviour of an API towards a program.

    Args:
        run: Runs the program against a behaviour.
        space: Returns the lives of jobs and the faults of operations, by the run without faults.
        data: The behaviour as JSON.

    Raises NothingToExplore as `explore_behaviours`, and ValueError for a behaviour that is none.
    """
    usual = _usual_run(run)
    behaviour = space(usual).behaviour(data)
    found = Exploration(usual, len(behaviour.injections), behaviour.kill is not None, runs=3)
    found.findings = _one_of_each_kind(judge(run(behaviour), usual))
    return found


def _one_of_each_kind(findings: Iterable[Finding]) -> list[Finding]:
    kinds: dict[str, Finding] = {}
    for finding in findings:
        kinds.setdefault(finding.kind, finding)
    return [*kinds.values()]


def _usual_run(run: Runner) -> Run:
    """Return the run without faults, after a check that a second one is the same."""
    first, second = (run(Behaviour(USUAL_LIFE)) for _ in range(2))
    if first.end is not End.RETURNED:
        raise NothingToExplore(f"without faults, {first.end}: {first.exception or first.place}")
    if not first.steps:
        raise NothingToExplore("the program makes no request to the mock")
    for number, (one, other) in enumerate(zip(first.steps, second.steps, strict=False), start=1):
        if (one.key, one.text) != (other.key, other.text):
            reason = f"request {number} of two runs without faults differs"
            texts = [f"{step.text} ({step.request})" for step in (one, other)]
            raise NothingToExplore(f"{reason}: {', then '.join(texts)}")
    if len(first.steps) != len(second.steps):
        counts = f"{len(first.steps)} and {len(second.steps)} requests"
        raise NothingToExplore(f"two runs without faults differ: {counts}")
    return first


class _Search:
    """A search of the behaviours in order of their size."""

    def __init__(self, space: Space, run_all: RunAll, found: Exploration, bounds: Bounds) -> None:
        self._run_all, self._found, self._bounds = run_all, found, bounds
        self._extensions = Extensions(space, found.usual, bounds)
        part, parts = bounds.part
        roots = [*map(Behaviour, space.lives[1:]), *self._extensions.of(found.usual)]
        self._waiting = deque(roots[part::parts])

    def perform(self, on_run: Callable[[Exploration], None]) -> Exploration:
        """Try the behaviours until there is none left, or a bound is reached."""
        found = self._found
        found.findings = _one_of_each_kind(judge(found.usual, found.usual))
        found.coverage.add(found.usual)
        found.waiting = len(self._waiting)
        while self._waiting and not self._is_over():
            batch = self._next_batch()
            for run in self._run_all(batch):
                self._take(run)
                found.waiting = len(self._waiting) + len(batch) - batch.index(run.behaviour) - 1
                on_run(found)
        found.waiting = len(self._waiting)
        return found

    def _next_batch(self) -> list[Behaviour]:
        """Return the next behaviours of the same size that may show something new."""
        batch: list[Behaviour] = []
        while self._waiting and len(batch) < self._bounds.batch:
            if batch and self._waiting[0].size > batch[0].size:
                break
            behaviour = self._waiting.popleft()
            if self._extensions.is_known(behaviour):
                self._found.pruned += 1
            else:
                batch.append(behaviour)
        return batch

    def _is_over(self) -> bool:
        max_runs = self._bounds.max_runs
        return (max_runs is not None and self._found.runs >= max_runs) or self._bounds.is_over()

    def _take(self, run: Run) -> None:
        """Keep the new findings of a run, and the behaviours with one more fault."""
        found = self._found
        found.runs += 1
        found.coverage.add(run)
        new = [*judge(run, found.usual)]
        found.findings = _one_of_each_kind([*found.findings, *new])
        # What goes wrong with fewer faults may go wrong with more, which shows nothing new.
        if not new or not run.behaviour.size:
            self._waiting.extend(self._extensions.of(run))
