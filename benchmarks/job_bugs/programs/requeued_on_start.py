"""A queue puts every task that was running back to its start when the program starts."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import PROMPT, Note


def _work(folder: Path, *, requeue: bool) -> None:
    task = Note(folder, "task")
    with Api() as api:
        attempt = task.read().get("attempt", 0)
        if requeue and task.read().get("state") == "running":
            attempt += 1
        task.write(state="running", attempt=attempt)
        api.make(folder, PROMPT, "clip" if attempt == 0 else f"clip-{attempt}")
        task.write(state="done")


def buggy(folder: Path) -> None:
    """Take a task that was running for one that was never begun."""
    _work(folder, requeue=True)


def mended(folder: Path) -> None:
    """Go on with the job of the task."""
    _work(folder, requeue=False)
