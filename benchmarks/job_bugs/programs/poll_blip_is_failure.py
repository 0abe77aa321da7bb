"""One error of one poll is taken for the failure of the job, which is paid and goes on."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed, Job


class _Nervous(Api):
    def wait(self, job_id: str) -> Job:
        while True:
            try:
                job = self.poll(job_id)
            except httpx.HTTPError as error:
                raise ClipFailed(f"{job_id} failed: {error}") from error
            if job["status"] == "completed":
                return job
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            self.pause(job["wait"])


def buggy(folder: Path) -> None:
    """Poll without a second attempt."""
    with _Nervous() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Repeat the polls that fail."""
    with Api() as api:
        api.make(folder)
