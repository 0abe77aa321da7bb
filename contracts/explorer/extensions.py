"""What may be added to a behaviour, except for what would show nothing new."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from .behaviour import Behaviour, FaultKind, Injection, Kill, Life
from .run import End, Run, Step
from .space import Space

MAX_DELAY = 30.0
"""After a longer delay, in seconds, a program may meet another moment of the life of its job."""


class Bounds(NamedTuple):
    """What is explored, and for how long.

    Args:
        faults: The largest number of faults in a behaviour.
        restarts: True to kill and restart the program, too.
        max_runs: The largest number of runs; None for no limit.
        is_over: Returns True once no more run may begin.
        part: The part of the behaviours that is explored here, from 0, and the number of parts.
        prunes: False to try also what is equivalent to behaviours that were tried.
        batch: The number of behaviours that are run at the same time.
    """

    faults: int = 2
    restarts: bool = True
    max_runs: int | None = None
    is_over: Callable[[], bool] = lambda: False
    part: tuple[int, int] = (0, 1)
    prunes: bool = True
    batch: int = 1


class Extensions:
    """The behaviours with one more fault or kill than those that were tried.

    Left out is what is equivalent to behaviours that are tried:

    - After some faults, a program does again what it does without them, to its end: it has
      recovered. From then on, a fault shows what it shows without the earlier ones. Two faults of
      the plainest kind are combined nevertheless, because programs may count their retries.
    - A fault, or a kill, from which a program recovers before the lives of jobs differ, is tried
      in one life.
    - A program that does the same after two kinds of faults is in the same state.
    - A killed program knows only its files: a kill at the same files and jobs shows the same.

    Args:
        space: The faults of operations.
        usual: The run without faults.
        bounds: The largest number of faults, and whether there are kills.
    """

    def __init__(self, space: Space, usual: Run, bounds: Bounds) -> None:
        self._space, self._bounds = space, bounds
        self._usual = usual
        self._bases: dict[Life, Run] = {}
        self._signatures: dict[Hashable, int] = {}
        self._killed = set[Hashable]()
        self._back_at: dict[Hashable, int] = {}

    def is_known(self, behaviour: Behaviour) -> bool:
        """Return True if a behaviour shows nothing new."""
        base = self._bases.get(behaviour.life)
        if base is None or not self._bounds.prunes or behaviour.life == self._usual.behaviour.life:
            return False
        back_at = self._back_at.get(_strikes(behaviour))
        return back_at is not None and back_at <= _common_start(base.steps, self._usual.steps)

    def _base_of(self, run: Run) -> Run:
        """Return the run without faults in which jobs live as in this run."""
        life = run.behaviour.life
        if life not in self._bases:
            self._bases[life] = run
            # A program that is killed before its first request has merely not been started.
            self._killed.add((life, run.steps[0].before))
        return self._bases[life]

    def of(self, run: Run) -> Iterator[Behaviour]:
        """Yield the behaviours with one more fault or kill, after those of a run."""
        behaviour, base = run.behaviour, self._base_of(run)
        common = 0 if run is base else _common_end(base.steps, run.steps[run.struck :])
        late = run.steps[-1].at - base.steps[-1].at > MAX_DELAY
        if behaviour.life == self._usual.behaviour.life and common and not late:
            self._back_at[_strikes(behaviour)] = len(base.steps) - common
        if run.end is End.STUCK or self._is_equivalent(run):
            return
        # The first request after the recovery is often a repetition of the one that failed.
        recovered = len(run.steps) - common + 1 if common else len(run.steps)
        if len(behaviour.injections) < self._bounds.faults:
            yield from self._with_faults(run, recovered)
        if self._bounds.restarts and behaviour.kill is None:
            yield from self._with_kills(run)

    def _is_equivalent(self, run: Run) -> bool:
        """Return True if an earlier run was the same, with the last fault no later."""
        signature = run.behaviour.life, run.signature
        before = self._signatures.get(signature)
        if before is not None and before <= run.struck and self._bounds.prunes:
            return True
        self._signatures[signature] = run.struck
        return False

    def _with_faults(self, run: Run, recovered: int) -> Iterator[Behaviour]:
        behaviour, repeated = run.behaviour, _repeated(run.steps)
        for index in range(run.struck, len(run.steps)):
            step = run.steps[index]
            if index in repeated:
                continue
            for fault in self._faults_of(step, behaviour, plain=index >= recovered):
                injection = Injection(step.operation_id, step.nth, fault)
                yield behaviour._replace(injections=(*behaviour.injections, injection))

    def _with_kills(self, run: Run) -> Iterator[Behaviour]:
        """Yield the kills at and after the last fault of a run."""
        for number in range(max(1, run.struck), len(run.steps) + 1):
            step = run.steps[number - 1]
            if number > run.struck and self._is_new(run, step.before):
                yield run.behaviour._replace(kill=Kill(number, performed=False))
            if self._is_new(run, step.after):
                yield run.behaviour._replace(kill=Kill(number, performed=True))

    def _faults_of(self, step: Step, behaviour: Behaviour, *, plain: bool) -> Sequence[FaultKind]:
        """Return the faults that a request may have.

        Args:
            step: The request.
            behaviour: The faults before it.
            plain: True if the program has recovered from them.
        """
        faults = self._space.faults.get(step.operation_id, ())
        if not plain or not self._bounds.prunes:
            return faults
        plainest = all(
            injection.fault == self._space.faults[injection.operation_id][0]
            for injection in behaviour.injections
        )
        return faults[:1] if plainest and behaviour.kill is None else ()

    def _is_new(self, run: Run, state: Hashable) -> bool:
        """Return True if no program was killed in this state before."""
        state = run.behaviour.life, state
        known = state in self._killed and self._bounds.prunes
        self._killed.add(state)
        return not known


def _strikes(behaviour: Behaviour) -> Hashable:
    """Return the faults and the kill of a behaviour."""
    return tuple(map(str, behaviour.injections)), behaviour.kill


def _repeated(steps: Sequence[Step]) -> set[int]:
    """Return the indexes of the steps before which nothing new has happened since the same step.

    So each of several jobs that are polled in turn is one.
    """
    repeated, last, last_new = set[int](), dict[Hashable, int](), 0
    for index, step in enumerate(steps):
        if step.key not in last:
            last_new = index
        elif last[step.key] >= last_new:
            repeated.add(index)
        last[step.key] = index
    return repeated


def _common_start(one: Sequence[Step], other: Sequence[Step]) -> int:
    """Return with how many equal requests two runs begin."""
    return sum(1 for _ in takewhile(_are_equal, zip(one, other, strict=False)))


def _common_end(one: Sequence[Step], other: Sequence[Step]) -> int:
    """Return with how many equal requests two runs end."""
    return _common_start(one[::-1], other[::-1])


def _are_equal(steps: tuple[Step, Step]) -> bool:
    return steps[0].key == steps[1].key
