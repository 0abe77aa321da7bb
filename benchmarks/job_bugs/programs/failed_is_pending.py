"""The program waits for the one word that means success, so a failed job is waited for forever."""

from __future__ import annotations

import time
from pathlib import Path

from ..careful import Api
from ..clips import Job


class _Hopeful(Api):
    def wait(self, job_id: str) -> Job:
        while (job := self.retry(lambda: self.poll(job_id)))["status"] != "completed":
            time.sleep(job["wait"])
        return job


def buggy(folder: Path) -> None:
    """Poll while the job is not completed."""
    with _Hopeful() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Stop at the failure as well, and after ten minutes."""
    with Api() as api:
        api.make(folder)
