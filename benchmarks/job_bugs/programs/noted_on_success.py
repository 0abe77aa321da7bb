"""The id of the job is noted when its clip is there; a program that dies before that pays again."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import PROMPT, Note


class _NotesLate(Api):
    def make(self, folder: Path, prompt: str = PROMPT, name: str = "clip") -> None:
        note = Note(folder, name)
        if "id" in note.read():
            return
        job_id = self.create(Note(folder, f"{name}-draft"), prompt)
        (folder / f"{name}-draft.json").unlink()
        self.wait(job_id)
        self.download(job_id, folder / f"{name}.mp4")
        note.write(id=job_id)


def buggy(folder: Path) -> None:
    """Write the note at the end."""
    with _NotesLate() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Write the note before the first poll."""
    with Api() as api:
        api.make(folder)
