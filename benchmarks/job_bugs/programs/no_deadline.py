"""A job that never ends is polled forever."""

from __future__ import annotations

import time
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Job


class _Patient(Api):
    def wait(self, job_id: str) -> Job:
        job = self.retry(lambda: self.poll(job_id))
        while job["status"] in ("queued", "in_progress"):
            time.sleep(10)
            job = self.retry(lambda: self.poll(job_id))
        if job["status"] != "completed":
            raise ClipFailed(f"{job_id} ended as {job['status']}")
        return job


def buggy(folder: Path) -> None:
    """Poll while the job is pending."""
    with _Patient() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Stop after ten minutes."""
    with Api() as api:
        api.make(folder)
