"""OpenAI's SDK repeats a request whose answer was lost, also the one for a new job."""

from __future__ import annotations

from pathlib import Path

from .. import sdk
from ..clips import PROMPT, ClipFailed, Note


def buggy(folder: Path) -> None:
    """Leave the retries to the SDK."""
    note = Note(folder)
    with sdk.client() as api:
        try:
            if "id" not in note.read():
                note.write(id=api.videos.create(prompt=PROMPT).id)
        except sdk.FAILURES as error:
            raise ClipFailed(str(error)) from error
        job_id = str(note.read()["id"])
        if not sdk.wait(api, job_id):
            raise ClipFailed("no clip in time")
        sdk.download(api, job_id, folder / "clip.mp4")


def mended(folder: Path) -> None:
    """Send it once, and look in the list before it is sent again."""
    sdk.make(folder)
