"""The run of a caller, unless it is part of the test runner, which keeps real time."""

from __future__ import annotations

import sys
from typing import Final

from .run import ProgramRun, run_of_thread


def run_of_caller(depth: int) -> ProgramRun | None:
    """Return the run of this thread, None if the caller is part of the test runner.

    Args:
        depth: how many frames lie between this function and the caller's.
    """
    run = run_of_thread()
    if run is None:
        return None
    # Walking frames is the documented use of this function, in spite of its name.
    frame = sys._getframe(depth + 1)  # pyright: ignore[reportPrivateUsage]
    while frame.f_globals.get("__name__") in _PASS_ON and frame.f_back is not None:
        frame = frame.f_back
    package: str = frame.f_globals.get("__name__", "").partition(".")[0]
    return None if package in _REAL else run


# These pass each start of a thread on. An opening may have left its own under that of a guard.
_PASS_ON: Final = {
    f"{(__package__ or '').rpartition('.')[0]}.network_guard",
    f"{__package__}.waits",
}
# These measure the test itself, or wait for other processes, which work in real time.
_REAL: Final = {
    *("_pytest", "pytest", "pluggy", "pytest_timeout", "xdist", "execnet", "coverage"),
    *("hypothesis", "subprocess", "multiprocessing"),
}
