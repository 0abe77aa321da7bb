"""The note is opened for writing before the request: a program that dies leaves an empty note."""

from __future__ import annotations

import json
from pathlib import Path

from ..careful import Api
from ..clips import PROMPT, ClipFailed, Note


def buggy(folder: Path) -> None:
    """Truncate the note, then send the request that fills it."""
    path = folder / "job.json"
    with Api() as api:
        if path.exists():
            job_id = json.loads(path.read_text("utf-8"))["id"]
        else:
            with path.open("w", encoding="utf-8") as file:
                job_id = api.create(Note(folder, "draft"), PROMPT)
                json.dump({"id": job_id}, file)
        api.wait(job_id)
        api.download(job_id, folder / "clip.mp4")


def mended(folder: Path) -> None:
    """Write a new file and put it in the place of the old one."""
    path = folder / "job.json"
    with Api() as api:
        job_id = api.create(Note(folder, "draft"), PROMPT)
        if not path.exists():
            part = folder / "job.part"
            part.write_text(json.dumps({"id": job_id}), "utf-8")
            part.replace(path)
        if json.loads(path.read_text("utf-8"))["id"] != job_id:
            raise ClipFailed("the notes disagree")
        api.wait(job_id)
        api.download(job_id, folder / "clip.mp4")
