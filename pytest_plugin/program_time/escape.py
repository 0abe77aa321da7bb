"""The way out of a program that catches the error by which it should end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def leave_program(
    new_error: Callable[[], BaseException], *, is_of_program: Callable[[str], bool], turn: int
) -> None:
    """Raise an error in the next line of the program in this thread: in the handler that catches.

    `try: … except BaseException: …` in a loop catches everything that is raised within `try`, but
    not what is raised in its own handler.

    Args:
        new_error: Makes the error.
        is_of_program: Returns True for the path of a source file of the program.
        turn: The number of earlier calls: one function of the program after the other is tried.
    """

    def raise_in_line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            raise new_error()  # which also ends the tracing
        return raise_in_line

    frames: list[FrameType] = []
    # The documented way to the frames of this thread, in spite of its name.
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if is_of_program(frame.f_code.co_filename):
            frames.append(frame)
        frame = frame.f_back
    if frames:
        frames[turn % len(frames)].f_trace = raise_in_line
        sys.settrace(lambda frame, event, argument: None)
