"""One run of a program: its threads, who of them waits, and when its clock may move on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from itertools import count
from math import ceil, inf
from threading import Thread, current_thread, get_ident
from types import FrameType
from typing import Final

from ..call_site import owner_of
from . import real
from .clock import ProgramClock
from .errors import RealTimeError
from .escape import leave_program
from .standing import Stillness, describe, is_idle, stands_at_lock
from .wait import Wait


class ProgramRun:
    """A run of a program, from its first thread on.

    Args:
        clock: the clock of the program.
        patience: for how many real seconds the clock may stand still, while threads work or stand
            where the clock does not reach.
        seed: of random numbers; None to leave them as they are.
    """

    def __init__(self, clock: ProgramClock, *, patience: float, seed: int | None = None) -> None:
        self.clock, self.seed, self.closed = clock, seed, False
        self.was_ignored = False
        self._stopped: Callable[[], BaseException] | None = None
        self._ended = 0
        self._patience, self._lock = patience, real.new_lock()
        clock.sleep_by(self._sleep_of_thread)
        # Time that is read inside the run continues that of before. Sums with a whole number are
        # exact, so that programs and tests can compare them.
        self._monotonic_start = ceil(real.monotonic() - clock.client_time())
        self._waits: dict[int, Wait] = {}
        self._threads: dict[Thread, None] = {}
        self._numbers, self._changes, self._reads = count(), 0, 0
        self._progress, self._at_locks = Stillness(), Stillness()

    def monotonic(self) -> float:
        """Return the time of the program, in seconds since any fixed moment."""
        self._count_read()
        return self._monotonic_start + self.clock.client_time()

    def time(self) -> float:
        """Return the time of the program (Unix seconds)."""
        self._count_read()
        return self.clock.now()

    def sleep(self, seconds: float) -> None:
        """Return when so many seconds of the clock have passed."""
        if seconds > 0:
            self.wait(seconds)
        else:
            self._count_read()
            real.sleep(seconds)  # lets other threads work, or raises the error for seconds below 0

    def _sleep_of_thread(self) -> Callable[[float], None] | None:
        return self.sleep if run_of_thread() is self else None

    def add(self, thread: Thread) -> None:
        """Count a thread among those of the program; it may not have started yet."""
        self._threads[thread] = None
        self._changes += 1

    def has(self, thread: Thread) -> bool:
        """Return whether a thread is counted among those of the program."""
        return thread in self._threads

    def remove(self, thread: Thread) -> None:
        """Forget a thread that could not be started, or that has ended."""
        self._threads.pop(thread, None)

    def wait(
        self,
        seconds: float | None,
        poll: Callable[[float], object] | None = None,
        *,
        outside: bool = False,
        of_loop: bool = False,
        turn: int | None = None,
    ) -> object:
        """Wait by the clock until something is ready; return it, or None after the seconds.

        Args:
            seconds: of the clock; None to wait without an end.
            poll: see `Wait`.
            outside: see `Wait`.
            of_loop: True for an event loop, whose tasks can end by themselves after a stop.
            turn: the place among the threads that wait for a turn, None for other waits.

        Raises RealTimeError if the other threads neither work on nor wait by the clock.
        """
        deadline = inf if seconds is None else self.clock.client_time() + max(0.0, seconds)
        number = (1, next(self._numbers)) if turn is None else (0, turn)
        wait = Wait(deadline, poll, outside=outside, number=number)
        outer = self._waits.get(get_ident())  # a signal or a destructor may wait within a wait
        self._enter(wait)
        try:
            pauses = 0
            while True:
                self.require_life(patience=_MAX_IGNORED if of_loop else 0)
                if wait.is_ready():
                    return wait.result
                if self.closed:
                    return self._wait_in_real_time(wait, poll)
                if self._is_next(wait):
                    if self.clock.client_time() >= deadline:
                        return wait.result or None
                    if self._move_clock(wait):
                        pauses = 0
                        continue
                if pauses % 100 == 99:
                    self._require_progress(wait)
                wait.pause(min(0.001, 0.00005 * 2 ** min(pauses, 5)))
                pauses += 1
        finally:
            self._leave(outer)

    def stop(self, error: Callable[[], BaseException]) -> None:
        """End the program: each of its waits raises the error, in any thread.

        Args:
            error: makes the error; it should be one that `except Exception` does not catch.
        """
        self._stopped = error
        for wait in list(self._waits.values()):
            wait.ring()

    def join_threads(self, seconds: float) -> list[str]:
        """Wait for the ends of all threads that the program has started, after a stop.

        Args:
            seconds: the longest time to wait, in real seconds.

        Returns where those stand that have not ended; threads of pools that have no work do not
        count.
        """
        end = real.monotonic() + seconds
        others = [each for each in self._threads if each is not current_thread() and each.ident]
        while left := [each for each in others if each.is_alive() and not _has_no_work(each)]:
            if real.monotonic() > end:
                frames = _frames()
                return sorted(describe(each.name, frames.get(each.ident or 0)) for each in left)
            real.join_thread(left[0], 0.001)
        return []

    def take_turn(self) -> None:
        """Let the threads of the program go on one after the other, in the order of their starts.

        Where each takes its turn, they do the same in each run, however the processor is shared.
        """
        if len(self._threads) > 1:
            self.wait(0, turn=[*self._threads].index(current_thread()))

    def close(self) -> None:
        """Let the threads that still wait go on in real time."""
        self.closed = True
        for thread, run in list(MEMBERS.items()):
            if run is self:
                del MEMBERS[thread]
        for wait in list(self._waits.values()):
            wait.ring()

    @property
    def is_stopped(self) -> bool:
        """True after a stop."""
        return self._stopped is not None

    def require_life(self, *, patience: int = 0) -> None:
        """Raise the error of a program that was stopped, which may ignore it.

        Args:
            patience: raise it only after so many calls.
        """
        if self._stopped is None:
            return
        self._ended += 1
        if self._ended <= patience:
            return
        if self._ended > _MAX_IGNORED + patience:
            self.was_ignored = True
            leave_program(
                self._stopped,
                is_of_program=lambda path: owner_of(path) == "program",
                turn=self._ended,
            )
        raise self._stopped()

    def _enter(self, wait: Wait) -> None:
        self._reads = 0
        with self._lock:
            self._waits[get_ident()] = wait
            self._changes += 1
        if (first := self._first_wait()) is not None and first is not wait:
            first.ring()

    def _leave(self, outer: Wait | None) -> None:
        with self._lock:
            if outer is None:
                del self._waits[get_ident()]
            else:
                self._waits[get_ident()] = outer
            self._changes += 1

    def _first_wait(self) -> Wait | None:
        with self._lock:
            return min(self._waits.values(), key=lambda wait: wait.order, default=None)

    def _is_next(self, wait: Wait) -> bool:
        """Return whether no other thread can go on before this one.

        So threads that wake at the same moment go on one after the other, in the order in which
        they began to wait.
        """
        changes, first = self._changes, self._first_wait()
        if first is not wait:
            if first is not None:
                first.ring()
            return False
        # Dead threads first: a thread that waits for their end is then seen to be ready.
        for thread in [thread for thread in self._threads if thread.ident is not None]:
            if not thread.is_alive():
                self.remove(thread)
        others = [each for each in list(self._waits.values()) if each is not wait]
        if any(each.is_ready() for each in others) or wait.is_ready():
            return False
        waiting = {each.thread for each in others} | {wait.thread}
        at_work = [thread for thread in list(self._threads) if thread not in waiting]
        # A thread that has begun or ended a wait since then may have woken another one.
        return (not at_work or self._stand_still(at_work)) and changes == self._changes

    def _move_clock(self, wait: Wait) -> bool:
        """Move the clock on to the first moment that wakes a thread; return False to keep it."""
        target = min(wait.deadline, self.clock.next_stop())
        if target == inf or any(each.may_end_outside() for each in list(self._waits.values())):
            return False
        self._leave(None)  # the listeners of the clock may wait themselves
        try:
            self.clock.move_to(target)
        finally:
            with self._lock:
                self._waits[get_ident()] = wait
        return True

    def _stand_still(self, threads: list[Thread]) -> bool:
        """Return whether threads that do not wait by the clock cannot go on by themselves."""
        frames = _frames()
        standing = [frames.get(thread.ident or 0) for thread in threads]
        if any(frame is None for frame in standing):
            return False  # it begins, or it ends
        at_locks = [frame for frame in standing if frame is not None and not is_idle(frame)]
        if not all(map(stands_at_lock, at_locks)):
            return False
        places = [self._changes, *((id(frame), frame.f_lasti) for frame in at_locks)]
        return not at_locks or self._at_locks.seconds(places) >= _LOCKED_SECONDS

    def _require_progress(self, wait: Wait) -> None:
        """Raise RealTimeError if no thread has begun or ended a wait for too long.

        A thread without a timeout may wait for as long as others work.
        """
        waiting = {each.thread for each in list(self._waits.values())}
        at_work = [thread for thread in list(self._threads) if thread not in waiting]
        frames = _frames()
        busy = [
            thread
            for thread in at_work
            if (frame := frames.get(thread.ident or 0)) is None or not is_idle(frame)
        ]
        still = self._progress.seconds(self._changes) >= self._patience
        if not still or (wait.deadline == inf and busy):
            return
        places = [describe(each.name, frames.get(each.ident or 0)) for each in busy or waiting]
        raise RealTimeError(
            f"the program's clock has stood still for {self._patience:g} s of real time, because"
            f" {'this does not wait by it' if busy else 'nothing ends these waits'}:"
            f" {'; '.join(sorted(places))}"
        )

    def _wait_in_real_time(self, wait: Wait, poll: Callable[[float], object] | None) -> object:
        """Wait for the rest after the end of the run, when time is real again."""
        end = real.monotonic() + wait.deadline - self.clock.client_time()
        while not wait.is_ready() and (rest := end - real.monotonic()) > 0:
            if poll is None:
                real.sleep(rest)
            else:
                wait.pause(min(rest, 0.01))
        return wait.result

    def _count_read(self) -> None:
        """Move the clock for a program that does not wait, but looks until a moment has come."""
        self._reads += 1
        if self._reads > _READS_WITHOUT_WAIT:
            self.require_life()
            self.clock.move_to(self.clock.client_time() + 0.001)


def _frames() -> dict[int, FrameType]:
    # The documented way to the frames of other threads, in spite of its name.
    return sys._current_frames()  # pyright: ignore[reportPrivateUsage]


def _has_no_work(thread: Thread) -> bool:
    frame = _frames().get(thread.ident or 0)
    return frame is not None and is_idle(frame)


def join(run: ProgramRun) -> None:
    """Make this thread one of the run."""
    run.add(current_thread())
    MEMBERS[current_thread()] = run


def run_of_thread() -> ProgramRun | None:
    """Return the run of this thread, None if it is not one of a program."""
    # current_thread() would make an object for a thread that has none.
    thread = _ACTIVE.get(get_ident())
    return None if thread is None else MEMBERS.get(thread)


# The runs by their threads: the number of one that has ended may be given to another one, which
# is not of the program. All changes are single operations on the dict.
MEMBERS: Final[dict[Thread, ProgramRun]] = {}
_ACTIVE: Final[dict[int, Thread]] = threading._active  # type: ignore[attr-defined]
# A thread at a lock may just have been let through, and not yet have been given the processor.
_LOCKED_SECONDS = 0.01
_READS_WITHOUT_WAIT = 1000
# Threads, and handlers that clean up, meet the error of a stopped program a few times.
_MAX_IGNORED = 200
