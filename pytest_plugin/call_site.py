"""The place in the program that sends a request."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any, Final, Literal, cast


def find_call_site() -> str:
    """Return the place in the program that led here, such as "clips/video.py:14 in make_clip".

    A task or a thread that only runs a library has no frame of the program. Then the other tasks
    or threads are searched; if several may be meant, all are named. "" if there is no such place.
    """
    sender: FrameType | None = None
    # Walking frames is the documented use of this function, in spite of its name.
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        owner = owner_of(frame.f_code.co_filename)
        if owner == "program":
            sender = sender or frame
        elif sender is not None:
            if owner != "http":
                break
            sender = None  # a transport of the program, which only passes requests on
        elif (loop := _loop_run_by(frame)) is not None:
            in_library, elsewhere = _waiting_tasks(loop)
            if tasks := [*in_library, *elsewhere]:
                return _list_places(tasks)
        frame = frame.f_back
    return _list_places([sender] if sender is not None else _other_threads())


@cache
def owner_of(path: str) -> Literal["program", "http", "library"]:
    """Return to whom a source file belongs: the program, an HTTP library, or another library."""
    if any(folder in path for folder in _HTTP_LIBRARIES):
        return "http"
    if path.startswith((_STANDARD_LIBRARY, _TOOLKIT, "<")):
        return "library"
    return "library" if any(folder in path for folder in _INSTALLED) else "program"


def _other_threads() -> Iterator[FrameType]:
    """Yield the innermost frame of the program in each thread, and in tasks that may be meant."""
    # The documented way to the frames of other threads, in spite of its name.
    for innermost in sys._current_frames().values():  # pyright: ignore[reportPrivateUsage]
        program: FrameType | None = None
        loop: asyncio.AbstractEventLoop | None = None
        frame: FrameType | None = innermost
        while frame is not None and (loop := _loop_run_by(frame)) is None:
            if program is None and owner_of(frame.f_code.co_filename) == "program":
                program = frame
            frame = frame.f_back
        candidates = [program] if program is not None else []
        if loop is not None:
            in_library, elsewhere = _waiting_tasks(loop)
            candidates += in_library
            candidates = candidates or elsewhere
        yield from candidates


def _loop_run_by(frame: FrameType) -> asyncio.AbstractEventLoop | None:
    """Return the event loop whose callbacks are called below this frame, None for other frames."""
    if frame.f_code is _RUN_FOREVER:
        return cast(asyncio.AbstractEventLoop, frame.f_locals["self"])
    if frame.f_code is _RUN:  # of uvloop, which has no frames of its own
        return cast(asyncio.Runner, frame.f_locals["self"]).get_loop()
    return None


def _waiting_tasks(loop: asyncio.AbstractEventLoop) -> tuple[list[FrameType], list[FrameType]]:
    """Return where tasks of the program wait: in a library, and in the program itself."""
    in_library, elsewhere = list[FrameType](), list[FrameType]()
    for task in asyncio.all_tasks(loop):
        frames = [*_await_chain(task.get_coro())]
        program = [f for f in frames if owner_of(f.f_code.co_filename) == "program"]
        if program:
            (elsewhere if program[-1] is frames[-1] else in_library).append(program[-1])
    return in_library, elsewhere


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


def _list_places(frames: Iterable[FrameType]) -> str:
    return " or ".join(sorted({place_at(frame, frame.f_lineno) for frame in frames}))


def place_at(frame: FrameType, line: int) -> str:
    """Return a line of the program as text, such as "clips/video.py:14 in make_clip"."""
    path = frame.f_code.co_filename
    with suppress(FileNotFoundError):  # the working directory may be deleted
        path = path.removeprefix(os.getcwd() + os.sep)
    return f"{path}:{line} in {frame.f_code.co_name}"


_RUN_FOREVER: Final = asyncio.BaseEventLoop.run_forever.__code__
_RUN: Final = asyncio.Runner.run.__code__
_STANDARD_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep
_TOOLKIT: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_INSTALLED: Final = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_HTTP_LIBRARIES: Final = tuple(
    f"{folder}{name}{os.sep}" for folder in _INSTALLED for name in ("httpx", "httpx2")
)
