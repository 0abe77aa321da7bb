"""Watching files for changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

STEP_SECONDS = 0.1
# A file on a broken network drive can block its reader endlessly; the stop does not wait for it.
STOP_SECONDS = 1.0


@contextmanager
def watch_files(
    files: Callable[[], tuple[Path, ...]], on_change: Callable[[], None]
) -> Iterator[None]:
    """Call `on_change` in a thread of its own whenever one of the files has changed.

    `files` is called again and again, as a change of one file can add others. A new file is a
    change, because it may have changed since it was read.

    The files behind links are watched, so a link to another file is a change. A file that is
    being written is a change once it has not changed for STEP_SECONDS.
    """
    stopped = Event()

    def run() -> None:
        known = current = _versions(files())
        while not stopped.wait(STEP_SECONDS):
            before, current = current, _versions(files())
            if current == before != known:
                known = current
                on_change()

    thread = Thread(target=run, name="watcher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(STOP_SECONDS)


def _versions(files: tuple[Path, ...]) -> dict[Path, tuple[int, ...]]:
    return {file: _version(file) for file in files}


def _version(file: Path) -> tuple[int, ...]:
    """Return values that differ between two versions of a file; () if it cannot be read."""
    try:
        status = file.stat()
    except OSError:
        return ()
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
