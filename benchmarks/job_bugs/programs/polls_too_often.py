"""Twenty polls a second use up the rate limit, and the job is lost to it."""

from __future__ import annotations

import time
from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed, Job, checked


class _Impatient(Api):
    def wait(self, job_id: str) -> Job:
        while True:
            try:
                response = self.http.get(f"/videos/{job_id}").raise_for_status()
                job = checked(response.json())
            except (httpx.HTTPError, ValueError) as error:
                raise ClipFailed(str(error)) from error
            if job["status"] == "completed":
                return job
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            time.sleep(0.05)


def buggy(folder: Path) -> None:
    """Poll every 50 ms."""
    with _Impatient() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Poll when the server says so, at most every five seconds."""
    with Api() as api:
        api.make(folder)
