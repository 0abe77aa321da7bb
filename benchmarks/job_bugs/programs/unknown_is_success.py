"""What is not pending is taken for success, so a state that is new to the program is downloaded."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Job


class _Trusting(Api):
    def wait(self, job_id: str) -> Job:
        job = self.retry(lambda: self.poll(job_id))
        while job["status"] in ("queued", "in_progress"):
            self.pause(job["wait"])
            job = self.retry(lambda: self.poll(job_id))
        if job["status"] == "failed":
            raise ClipFailed(f"{job_id} failed")
        return job


def buggy(folder: Path) -> None:
    """Leave the loop at any state but two."""
    with _Trusting() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Take only the one word for success, and wait at a word that is unknown."""
    with Api() as api:
        api.make(folder)
