"""Replaces time once, for any number of runs of a program."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import enumerate as all_threads
from typing import Any

from . import real, time_functions, waits
from .clock import ProgramClock
from .references import replace_references
from .run import MEMBERS, ProgramRun, join, run_of_thread
from .standing import is_idle
from .time_functions import KEEP_REAL, TIME_FUNCTIONS, replace_datetime
from .waits import cover_trio, replace_waits


class ProgramTime:
    """Time that is replaced: `with time.run(clock)` makes it virtual for this thread."""

    @contextmanager
    def run(
        self, clock: ProgramClock, *, seed: int | None = None, patience: float = 30.0
    ) -> Iterator[ProgramRun]:
        """Let this thread, and all that it starts, follow a clock for the length of the block.

        Args:
            clock: the clock.
            seed: makes `random` and the order of trio's tasks the same in each run with this seed.
            patience: for how many real seconds the clock waits for threads that stand still.

        Raises RuntimeError if this thread follows a clock already.
        """
        if run_of_thread() is not None:
            raise RuntimeError("this thread already follows the clock of a program")
        cover_trio()
        run = ProgramRun(clock, patience=patience, seed=seed)
        with _seeded(seed):
            join(run)
            _add_idle_threads(run)
            try:
                yield run
            finally:
                run.close()


@contextmanager
def open_program_time() -> Iterator[ProgramTime]:
    """Replace time for the length of the block; it stays real until a run begins.

    This looks through all objects of the process, so it takes some tens of milliseconds; a run
    takes some tens of microseconds. Openings may be nested: only the outermost one looks.
    """
    with _LOCK:
        _OPEN.append(_OPEN[0] if _OPEN else _replace_time())
    try:
        yield ProgramTime()
    finally:
        with _LOCK:
            stack = _OPEN.pop()
            if not _OPEN:
                stack.close()


def _replace_time() -> ExitStack:
    stack = ExitStack()
    kept = [vars(real), vars(time_functions), vars(waits), *KEEP_REAL]
    for undo in replace_references(TIME_FUNCTIONS, except_in=kept):
        stack.callback(undo)
    stack.enter_context(replace_datetime())
    stack.enter_context(replace_waits())
    return stack


def _add_idle_threads(run: ProgramRun) -> None:
    """Add the threads of pools that wait for work: the program is about to give it to them."""
    # The documented way to the frames of other threads, in spite of its name.
    frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
    for thread in all_threads():
        frame = frames.get(thread.ident or 0)
        if frame is not None and thread not in MEMBERS and is_idle(frame):
            run.add(thread)
            MEMBERS[thread] = run


@contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Seed the randomness of the program, and restore it."""
    if seed is None:
        yield
        return
    with _seeded_trio(seed):
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


@contextmanager
def _seeded_trio(seed: int) -> Iterator[None]:
    """Let trio run its tasks in the same order each time, if it is imported."""
    trio: Any = sys.modules.get("trio._core._run")
    if trio is None:
        yield
        return
    state, sorts = trio._r.getstate(), trio._ALLOW_DETERMINISTIC_SCHEDULING
    trio._r.seed(seed)
    # Tasks that wake at the same moment are in the order of their addresses otherwise.
    trio._ALLOW_DETERMINISTIC_SCHEDULING = True
    try:
        yield
    finally:
        trio._ALLOW_DETERMINISTIC_SCHEDULING = sorts
        trio._r.setstate(state)


_LOCK = real.new_lock()
_OPEN: list[ExitStack] = []  # the same one for each opening that lasts
