"""A request for a new job is repeated after a time-out, although the first one was accepted."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import PROMPT, Note


class _Repeats(Api):
    def create(self, note: Note, prompt: str = PROMPT) -> str:
        noted = note.read()
        if "id" not in noted:
            noted = self.retry(lambda: self.post(prompt))
            note.write(id=noted["id"])
        return str(noted["id"])


def buggy(folder: Path) -> None:
    """Repeat the request whatever became of the last one."""
    with _Repeats() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Look in the list of jobs before the request is repeated."""
    with Api() as api:
        api.make(folder)
