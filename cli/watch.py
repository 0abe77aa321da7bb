"""Watching files for changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from watchfiles import watch

STEP_MILLISECONDS = 100


@contextmanager
def watch_files(files: tuple[Path, ...], on_change: Callable[[], None]) -> Iterator[None]:
    """Calls `changed` in a thread of its own, for the length of the block, whenever one of the
    files has changed.
    """
    stopped = Event()

    def run() -> None:
        # Many editors save by replacing the file, so its folder is watched.
        for _ in watch(
            *{file.parent for file in files},
            watch_filter=lambda change, path: Path(path) in files,
            recursive=False,
            step=STEP_MILLISECONDS,
            stop_event=stopped,
            raise_interrupt=False,
        ):
            on_change()

    thread = Thread(target=run, name="watcher", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
