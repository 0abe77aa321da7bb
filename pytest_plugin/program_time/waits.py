"""The waits of threads and event loops, by the clock of the program."""

from __future__ import annotations

import asyncio
import selectors
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread, get_ident
from typing import Any, Final

from . import real
from .caller import run_of_caller
from .errors import RealTimeError
from .run import MEMBERS, ProgramRun, run_of_thread


class ProgramLock:
    """A lock at which a thread of the program waits by its clock."""

    def __init__(self) -> None:
        self._lock = real.new_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self._lock.acquire(False):
            return True
        run = run_of_thread()
        if run is None or not blocking:
            return self._lock.acquire(blocking, timeout)
        seconds = None if timeout < 0 else timeout
        return bool(run.wait(seconds, lambda _: self._lock.acquire(False)))

    def release(self) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def _new_lock() -> Any:
    return real.new_lock() if run_of_thread() is None else ProgramLock()


def _program_start(real_start: Callable[[Thread], None]) -> Callable[[Thread], None]:
    def start(self: Thread) -> None:
        """Start a thread; one that the program starts belongs to the program."""
        run = run_of_caller(1)
        # A thread that has an identity cannot be started again.
        if run is None or self.ident is not None or run.has(self):
            real_start(self)
            return
        work = self.run

        def work_in_run() -> None:
            if not run.closed:
                MEMBERS[self] = run
            try:
                work()
            except BaseException:
                if not run.is_stopped:  # what ends a thread of a killed program is of no interest
                    raise
            finally:
                MEMBERS.pop(self, None)
                self.__dict__.pop("run", None)

        self.run = work_in_run  # type: ignore[method-assign]
        run.add(self)
        try:
            real_start(self)
        except BaseException:
            run.remove(self)
            raise

    return start


def _join(thread: Thread, timeout: float | None = None) -> None:
    run = run_of_thread()
    if run is not None and thread.ident is not None and thread.ident != get_ident():
        run.wait(timeout, lambda _: not thread.is_alive())
        timeout = 0 if thread.is_alive() else timeout
    real.join_thread(thread, timeout)


def _virtual_select(real_select: Callable[..., Any]) -> Callable[..., Any]:
    def select(self: Any, timeout: float | None = None) -> Any:
        run = run_of_caller(1)
        events = [] if run is None else real_select(self, 0)
        if run is None:
            return real_select(self, timeout)
        if events or (timeout is not None and timeout <= 0):
            return events
        # An event loop has a socket of its own, by which other threads wake it.
        own = sys._getframe(1).f_code is _RUN_ONCE  # pyright: ignore[reportPrivateUsage]
        outside = len(self.get_map()) > own
        return _wait_for_events(run, timeout, lambda s: real_select(self, s), outside)

    return select


def _wait_for_events(
    run: ProgramRun, timeout: float | None, poll: Callable[[float], Any], outside: bool
) -> Any:
    endless = timeout is None or timeout >= _ENDLESS_SECONDS
    seconds = None if endless else timeout
    return run.wait(seconds, poll, outside=outside, of_loop=True) or []


def cover_trio(seed: int | None = None) -> None:
    """Replace the waits of trio, once it is imported and not replaced yet.

    Args:
        seed: of the order of its tasks, if it was not imported when the run began.
    """
    module: Any = sys.modules.get("trio._core._run")
    io_manager: Any = getattr(module, "TheIOManager", None)
    if io_manager is not None and not _TRIO:
        _TRIO.append((io_manager, io_manager.get_events))
        io_manager.get_events = _trio_events(io_manager.get_events)
        if seed is not None:
            module._r.seed(seed)
            module._ALLOW_DETERMINISTIC_SCHEDULING = True


def _trio_events(real_events: Callable[..., Any]) -> Callable[..., Any]:
    def get_events(self: Any, timeout: float) -> Any:
        run = run_of_thread()
        if run is None:
            return real_events(self, timeout)
        events = real_events(self, 0)
        if events or timeout <= 0:
            return events
        outside = len(getattr(self, "_registered", ())) > 1
        return _wait_for_events(run, timeout, lambda s: real_events(self, s), outside)

    return get_events


def _run_in_loop(runner: asyncio.Runner, *args: Any, **options: Any) -> Any:
    """Run a coroutine; raises RealTimeError for a loop whose waits are not Python's."""
    __tracebackhide__ = True
    if run_of_caller(1) is not None:
        loop = runner.get_loop()
        if not isinstance(loop, asyncio.SelectorEventLoop):
            for coroutine in args:
                coroutine.close()
            name = f"{type(loop).__module__}.{type(loop).__qualname__}"
            raise RealTimeError(
                f"the event loop {name} waits in real time, which a program's clock cannot replace:"
                " run this test on the loop of asyncio"
            )
    return _RUN(runner, *args, **options)


@contextmanager
def replace_waits() -> Iterator[None]:
    """Replace the waits of threads and of asyncio's loops."""
    kinds = ("EpollSelector", "PollSelector", "SelectSelector", "KqueueSelector", "DevpollSelector")
    classes = [getattr(selectors, name) for name in kinds if hasattr(selectors, name)]
    replaced: list[tuple[Any, str, Any]] = [
        (threading, "_allocate_lock", _new_lock),
        (Thread, "start", _program_start(Thread.start)),
        (Thread, "join", _join),
        (asyncio.Runner, "run", _run_in_loop),
        *((cls, "select", _virtual_select(cls.select)) for cls in classes),
    ]
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in replaced]
    for owner, name, new in replaced:
        setattr(owner, name, new)
    try:
        yield
    finally:
        for (owner, name, old), (*_, new) in zip(before, replaced, strict=True):
            if vars(owner)[name] is not new:
                continue  # others have wrapped it since then, and it passes all on without a run
            delattr(owner, name) if old is None else setattr(owner, name, old)
        while _TRIO:
            io_manager, real_events = _TRIO.pop()
            io_manager.get_events = real_events


_RUN: Final = asyncio.Runner.run
_RUN_ONCE: Final = asyncio.BaseEventLoop._run_once.__code__  # type: ignore[attr-defined]
_ENDLESS_SECONDS = 24 * 3600  # what trio and asyncio wait for at most, if nothing is planned
_TRIO: Final = list[tuple[Any, Callable[..., Any]]]()  # its class, and the method before
