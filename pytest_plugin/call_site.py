"""The place in the program that sends a request."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any


def find_call_site() -> str:
    """Return the place in the program that led here, such as "clips/video.py:14 in make_clip".

    A thread that only works for asyncio has no frame of the program. Then the waiting tasks are
    searched; if several may be meant, all are named. "" if there is no such place.
    """
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if _is_program(frame):
            return _place(frame)
        frame = frame.f_back
    return " or ".join(sorted({_place(frame) for frame in _waiting_frames()}))


def _waiting_frames() -> Iterator[FrameType]:
    """Yield the innermost frame of the program in each asyncio task that waits for a library."""
    for frame in sys._current_frames().values():  # pyright: ignore[reportPrivateUsage]
        running: FrameType | None = None
        outer: FrameType | None = frame
        while outer is not None:
            if running is None and _is_program(outer):
                running = outer  # the task that runs, if the event loop is further out
            if outer.f_code is asyncio.BaseEventLoop.run_forever.__code__:
                yield from _task_frames(outer.f_locals["self"])
                if running is not None:
                    yield running
                break
            outer = outer.f_back


def _task_frames(loop: asyncio.AbstractEventLoop) -> Iterator[FrameType]:
    for task in asyncio.all_tasks(loop):
        frames = [*_await_chain(task.get_coro())]
        program = [frame for frame in frames if _is_program(frame)]
        if program and program[-1] is not frames[-1]:
            yield program[-1]


def _await_chain(awaited: Any) -> Iterator[FrameType]:
    """Yield the frames of a coroutine and of everything it awaits, from the outside in."""
    while awaited is not None:
        kind = next((kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), "")
        if not kind:
            return
        frame = getattr(awaited, f"{kind}_frame")
        if frame is not None:
            yield frame
        awaited = getattr(awaited, "gi_yieldfrom" if kind == "gi" else f"{kind}_await")


def _is_program(frame: FrameType) -> bool:
    """Return whether a frame is neither of a library nor of this toolkit."""
    path = frame.f_code.co_filename
    return (
        not path.startswith((_STANDARD_LIBRARY, "<"))
        and not any(folder in path for folder in _INSTALLED)
        and frame.f_globals.get("__name__", "").partition(".")[0] != _OURS
    )


def _place(frame: FrameType) -> str:
    path, here = frame.f_code.co_filename, os.getcwd() + os.sep
    return f"{path.removeprefix(here)}:{frame.f_lineno} in {frame.f_code.co_name}"


_OURS = __name__.partition(".")[0]
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
