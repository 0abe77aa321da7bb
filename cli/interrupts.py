"""Ctrl-C while modules are imported. This module imports little, because nothing protects it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_after_imports() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end of the block. In the middle of an import some extension
    modules would crash, and Python ignores an exception in the callback that frees its locks.
    """
    received: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    try:
        if handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    except ValueError:  # only the main thread receives signals
        handler = None
    try:
        yield
    finally:
        if handler is signal.default_int_handler:
            signal.signal(signal.SIGINT, handler)
    if received:
        raise KeyboardInterrupt
