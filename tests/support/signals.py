"""Signals that programs ignore, as those that are started by nohup or in the background."""

from __future__ import annotations

import signal
from collections.abc import Sequence

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def use_default_signals_in_children() -> None:
    """Let child processes start with default signals, also if this process ignores some.

    Children inherit an ignored signal. A handler they do not inherit, so one that does nothing
    has the same effect here, but none on children.
    """
    for number in STOPPING:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def ignoring(numbers: Sequence[signal.Signals], command: Sequence[str]) -> list[str]:
    """Return a command that runs another one, which inherits these signals as ignored."""
    names = " ".join(number.name.removeprefix("SIG") for number in numbers)
    return ["sh", "-c", f'trap "" {names}; exec "$@"', "sh", *command]
