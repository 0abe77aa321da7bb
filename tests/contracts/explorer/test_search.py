"""The search: every behaviour once, the smallest first, and no further where nothing is new."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aisa_testkit.contracts.explorer.behaviour import Behaviour, FaultKind, Life
from aisa_testkit.contracts.explorer.extensions import Bounds
from aisa_testkit.contracts.explorer.run import End, Job, Run, Step
from aisa_testkit.contracts.explorer.search import (
    Exploration,
    NothingToExplore,
    explore_behaviours,
)
from aisa_testkit.contracts.explorer.space import USUAL_LIFE, Space

LOST = FaultKind("its response is lost", {"lost": True}, passes=False)
BUSY = FaultKind("it is answered 429", {"status": 429}, passes=True)
SPACE = Space((USUAL_LIFE,), {"create": (LOST, BUSY), "poll": (BUSY,)})


class Program:
    """A program that creates a job and polls it, and repeats each request that fails.

    Args:
        forgets: True if it creates a second job after a restart.
    """

    def __init__(self, *, forgets: bool = False) -> None:
        self.behaviours: list[Behaviour] = []
        self._forgets = forgets

    def run(self, behaviour: Behaviour) -> Run:
        self.behaviours.append(behaviour)
        faults = {(i.operation_id, i.nth): i.fault for i in behaviour.injections}
        steps, jobs, struck = list[Step](), list[Job](), 0
        calls = {"create": 0, "poll": 0}
        left = ["create", "poll"]
        while left:
            operation = left[0]
            calls[operation] += 1
            fault = faults.get((operation, calls[operation]))
            text = f"{operation} {fault.name if fault else 'good'}"
            before = len(jobs), len(left)
            if operation == "create" and fault is not BUSY:
                jobs.append(Job(f"job_{len(jobs)}", completed=True))
            meaning = "error" if fault else "good"
            number, at, after = calls[operation], float(len(steps)), (len(jobs), len(left))
            steps.append(Step(operation, number, text, at, "", meaning, before, after))
            if fault is not None:
                struck = len(steps)
            else:
                left.pop(0)
            kill = behaviour.kill
            if kill is not None and kill.request == len(steps):
                struck = len(steps)
                if self._forgets:
                    left, behaviour = ["create", "poll"], behaviour._replace(kill=None)
        return Run(
            self.behaviours[-1],
            tuple(steps),
            End.RETURNED,
            jobs=tuple(jobs),
            struck=struck,
        )


def explore(
    program: Program, *, faults: int = 2, restarts: bool = False, max_runs: int | None = None
) -> Exploration:
    bounds = Bounds(faults=faults, restarts=restarts, max_runs=max_runs)
    return explore_behaviours(program.run, lambda usual: SPACE, bounds)


def test_smallest_behaviours_come_first_and_each_once() -> None:
    program = Program()
    found = explore(program)
    sizes = [behaviour.size for behaviour in program.behaviours]
    assert sizes == sorted(sizes)
    assert max(sizes) == 2
    assert program.behaviours[:2] == [Behaviour(USUAL_LIFE)] * 2  # is it the same each time?
    assert len({*map(str, program.behaviours)}) == len(program.behaviours) - 1
    assert found.exhausted
    assert found.runs == len(program.behaviours)


def test_finding_is_reported_once_with_its_smallest_behaviour() -> None:
    found = explore(Program())
    (finding,) = found.findings
    assert finding.kind == "paid again"
    assert [str(i) for i in finding.run.behaviour.injections] == [
        "1st create: its response is lost"
    ]


@pytest.mark.parametrize("faults", [0, 1, 2, 3])
def test_behaviours_have_at_most_so_many_faults(faults: int) -> None:
    program = Program()
    explore(program, faults=faults)
    assert max(len(behaviour.injections) for behaviour in program.behaviours) == faults


def test_program_is_killed_in_each_state() -> None:
    program = Program(forgets=True)
    found = explore(program, faults=0, restarts=True)
    kills = [behaviour.kill for behaviour in program.behaviours if behaviour.kill]
    assert [(kill.request, kill.performed) for kill in kills] == [
        (1, True),  # before the first one, nothing has happened yet
        (2, False),  # after the second one, nothing else has
    ]
    assert [finding.kind for finding in found.findings] == ["paid again"]


def test_search_stops_after_so_many_runs_and_says_so() -> None:
    found = explore(Program(), max_runs=4)
    assert found.runs == 4
    assert not found.exhausted
    assert found.waiting > 0


def test_run_that_shows_nothing_new_is_not_extended() -> None:
    other = Life("jobs live the same", "same")
    program = Program()
    space = Space((USUAL_LIFE, other), {"create": (BUSY,), "poll": (BUSY,)})
    found = explore_behaviours(program.run, lambda usual: space, Bounds(faults=1, restarts=False))
    assert [b for b in program.behaviours if b.life == other] == [Behaviour(other)]
    assert found.pruned == 2  # a fault of create or of poll, in a life that is the same


def _ending(end: End, steps: tuple[Step, ...], exception: str = "") -> Callable[[Behaviour], Run]:
    return lambda behaviour: Run(behaviour, steps, end, exception)


ONE_STEP = (Step("create", 1, "create", 0.0),)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (_ending(End.RETURNED, ()), "the program makes no request to the mock"),
        (
            _ending(End.RAISED, ONE_STEP, "KeyError: 'id'"),
            "without faults, it failed: KeyError: 'id'",
        ),
        (_ending(End.STUCK, ONE_STEP, "after 901 seconds"), "it did not end: after 901 seconds"),
    ],
)
def test_program_that_cannot_be_explored_is_refused(
    run: Callable[[Behaviour], Run], reason: str
) -> None:
    with pytest.raises(NothingToExplore, match=reason):
        explore_behaviours(run, lambda usual: SPACE, Bounds())


def test_program_that_does_something_else_in_its_second_run_is_refused() -> None:
    runs = iter(["a", "b"])

    def run(behaviour: Behaviour) -> Run:
        return Run(behaviour, (Step("create", 1, f"create {next(runs)}", 0.0),), End.RETURNED)

    with pytest.raises(NothingToExplore, match="request 1 of two runs without faults differs"):
        explore_behaviours(run, lambda usual: SPACE, Bounds())
