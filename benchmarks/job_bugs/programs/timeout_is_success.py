"""The loop of polls ends after a while, and what comes after it says success."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note


def buggy(folder: Path) -> None:
    """Leave the loop after sixty polls, and return as if all were well."""
    with Api() as api:
        job_id = api.create(Note(folder))
        for _ in range(60):
            job = api.retry(lambda: api.poll(job_id))
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            if job["status"] == "completed":
                api.download(job_id, folder / "clip.mp4")
                break
            api.pause(3)


def mended(folder: Path) -> None:
    """Say after sixty polls that there is no clip."""
    with Api() as api:
        job_id = api.create(Note(folder))
        for _ in range(60):
            job = api.retry(lambda: api.poll(job_id))
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            if job["status"] == "completed":
                api.download(job_id, folder / "clip.mp4")
                return
            api.pause(3)
        raise ClipFailed("no clip in three minutes; a later run goes on")
