"""Where threads stand that do not wait by the clock: idle in a pool, at a lock, or at work."""

from __future__ import annotations

import dis
import os
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

from . import real


class Stillness:
    """For how long a thing has been the same."""

    def __init__(self) -> None:
        self._seen: object = None
        self._since = 0.0

    def seconds(self, seen: object) -> float:
        """Return the real seconds since it was first seen as it is now."""
        now = real.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since


def is_idle(frame: FrameType) -> bool:
    """Return whether a thread of a pool has no work: ThreadPoolExecutor, or trio's threads.

    Args:
        frame: the innermost frame of the thread.
    """
    name, path = frame.f_code.co_name, frame.f_code.co_filename
    if name == "_worker" and path.endswith(os.path.join("concurrent", "futures", "thread.py")):
        queue = frame.f_locals.get("work_queue")
        return queue is not None and queue.empty() and "work_item" not in frame.f_locals
    if name == "_work" and path.endswith(os.path.join("trio", "_core", "_thread_cache.py")):
        worker: Any = frame.f_locals["self"]
        # The lock is free between the moment when work comes and the moment when it begins.
        return worker._job is None and worker._worker_lock.locked()
    return False


def stands_at_lock(frame: FrameType) -> bool:
    """Return whether a thread calls what waits for another thread: a lock, a queue, a `with`.

    Args:
        frame: the innermost frame of the thread.
    """
    return _waits_at(frame.f_code, frame.f_lasti)


def describe(name: str, frame: FrameType | None) -> str:
    """Return the name of a thread, and where it stands in code that is not Python's own."""
    places = [f"{f.f_code.co_filename}:{f.f_lineno} in {f.f_code.co_name}" for f in _callers(frame)]
    program = [place for place in places if not place.startswith((_HERE, _STANDARD_LIBRARY))]
    program = program or [place for place in places if not place.startswith(_HERE)]
    return f"thread {name!r} at {program[0] if program else 'its start'}"


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


@lru_cache(maxsize=1024)
def _waits_at(code: CodeType, offset: int) -> bool:
    here = next((i for i in dis.get_instructions(code) if i.offset == offset), None)
    if here is None or here.positions is None:
        return False
    if here.opname in ("BEFORE_WITH", "LOAD_SPECIAL"):
        return True
    start = here.positions.lineno, here.positions.col_offset
    called = [
        str(i.argval)
        for i in dis.get_instructions(code)
        if i.opname in ("LOAD_METHOD", "LOAD_ATTR")
        and i.positions is not None
        and i.offset < offset
        and (i.positions.lineno, i.positions.col_offset) == start
    ]
    return bool(called) and called[-1].split(" ")[0] in _WAITING_METHODS


_WAITING_METHODS = {"acquire", "get", "put", "join", "wait"}
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
