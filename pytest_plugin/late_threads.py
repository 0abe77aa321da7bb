"""The threads that a test leaves behind, the threads that these start, and work left to a pool."""

from __future__ import annotations

import concurrent.futures.thread
import sys
import threading
from collections.abc import Mapping
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

Owner = TypeVar("Owner")


class LateThreads(Generic[Owner]):
    """Remembers for each thread that outlives its test to whom it belongs."""

    def __init__(self) -> None:
        # By the number of the thread: the thread, its owner, and its work if it is in a pool.
        self._left: dict[int, tuple[threading.Thread, Owner, object]] = {}
        self._started_by_them: WeakKeyDictionary[threading.Thread, Owner] = WeakKeyDictionary()

    def __bool__(self) -> bool:
        return bool(self._left or self._started_by_them)

    def add_all_but(self, before: Mapping[int | None, object], owner: Owner) -> None:
        """Remember the threads and the work of pools that run now and did not run before.

        Args:
            before: what `running_threads` has returned.
            owner: to whom the others belong.
        """
        for ident, (left, *_) in list(self._left.items()):
            if not left.is_alive():
                self._left.pop(ident, None)
        for thread in threading.enumerate():
            work = _pool_work(thread.ident)
            started = (
                thread.ident not in before if work is None else work != before.get(thread.ident)
            )
            if started and work is not _IDLE and thread.ident is not None:
                self._left[thread.ident] = thread, owner, work

    def add_child(self, thread: threading.Thread) -> None:
        """Remember a thread that the current thread starts, if the current thread is late."""
        if (owner := self.owner_of_current()) is not None:
            self._started_by_them[thread] = owner

    def owner_of_current(self) -> Owner | None:
        """Return to whom the current thread belongs, None if it is not late."""
        ident = threading.get_ident()
        if ident not in self._left:
            return self._started_by_them.get(threading.current_thread())
        thread, owner, work = self._left[ident]
        if thread.is_alive() and _pool_work(ident) is work:
            return owner
        del self._left[ident]  # another thread with this number, or the next work of a pool
        return None


def running_threads() -> Mapping[int | None, object]:
    """Return the numbers of all threads, with the work of those that are in a pool."""
    return {thread.ident: _pool_work(thread.ident) for thread in threading.enumerate()}


def _pool_work(ident: int | None) -> object:
    """Return the work of a thread of a ThreadPoolExecutor, None for any other thread.

    `_IDLE` if the thread waits for work: it may serve the next test.
    """
    # The documented way to the frames of other threads, in spite of its name.
    frame = sys._current_frames().get(ident or 0)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if frame.f_code.co_name == "_worker" and frame.f_code.co_filename == _POOL_FILE:
            return frame.f_locals.get("work_item", _IDLE)
        frame = frame.f_back
    return None


_POOL_FILE: Final = concurrent.futures.thread.__file__
_IDLE: Final = object()
