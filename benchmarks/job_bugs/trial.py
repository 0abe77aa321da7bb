"""Run a program in one behaviour of the API, and see what its user sees."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from aisa_testkit.pytest_plugin import InfiniteLoop

from .bug import JobBug, Program, Scenario, Symptom
from .clips import is_whole
from .world import NoEnd, World, open_world

A_DAY = 86_000


class Trial(NamedTuple):
    """The result of one run.

    symptoms: what the user sees
    requests: how many requests the program sent
    rules: the codes of the rules that the verdict reports as errors
    error: the exception that ended the program, None if it returned
    """

    symptoms: frozenset[Symptom]
    requests: int
    rules: frozenset[str]
    error: BaseException | None


def try_program(bug: JobBug, program: Program, scenario: Scenario) -> Trial:
    """Run the program of the bug, restart it after a kill, and return what is to be seen."""
    with TemporaryDirectory() as directory:
        folder = Path(directory, "folder")
        folder.mkdir()
        with open_world(bug, scenario, folder) as world:
            world.connect(program)
            error = None
            for _ in range(scenario.runs):
                error = _run(program, world)
            requests, rules = len(world.mock.requests), _rules(world)
            symptoms = frozenset(_symptoms(bug, world, error, scenario))
    return Trial(symptoms, requests, rules, error)


def _run(program: Program, world: World) -> BaseException | None:
    """Return the exception that ended the program, None if it returned."""
    try:
        program.run(world.folder)
        error: BaseException | None = None
    except KeyboardInterrupt:
        raise
    except BaseException as caught:
        error = caught
    if not world.killed:
        return error
    world.restart()
    return _run(program, world)


def _symptoms(
    bug: JobBug, world: World, error: BaseException | None, scenario: Scenario
) -> list[Symptom]:
    files = [path.read_bytes() for path in world.folder.glob("*.mp4")]
    clips = sum(map(is_whole, files))
    paid = sum(job.status != "failed" for job in world.mock.jobs)
    for job in world.mock.jobs:
        if job.status not in ("completed", "failed"):
            world.mock.clock.advance(A_DAY / 2)
    completed = sum(job.status == "completed" for job in world.mock.jobs)
    declared = error is None or _is_declared(error, bug.raises)
    ended = not _contains(error, (NoEnd, InfiniteLoop))
    return [
        symptom
        for symptom, seen in {
            Symptom.PAID_TWICE: paid > bug.clips,
            Symptom.NO_END: not ended,
            Symptom.CRASH: ended and not declared,
            Symptom.WRONG_FILE: clips < len(files),
            Symptom.FALSE_SUCCESS: error is None and clips < bug.clips,
            Symptom.LOST_WORK: completed > clips and not scenario.outage,
            Symptom.GAVE_UP: ended and error is not None and scenario.passes,
        }.items()
        if seen
    ]


def _contains(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    """Return True if the error, or one of the errors in it, is of these kinds."""
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(kinds) is not None
    return isinstance(error, kinds)


def _is_declared(error: BaseException, raises: tuple[type[Exception], ...]) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.split(raises)[1] is None
    return isinstance(error, raises)


def _rules(world: World) -> frozenset[str]:
    return frozenset(
        group.first.rule.code
        for group in world.mock.verdict.findings
        if group.first.severity == "error"
    )
