"""The job is tidied away on the way out, also when its clip was not saved."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx

from ..careful import Api
from ..clips import Note


def _delete(api: Api, job_id: str) -> None:
    """Delete the job; it does not matter if that fails."""
    with contextlib.suppress(httpx.HTTPError):
        api.http.delete(f"/videos/{job_id}")


def buggy(folder: Path) -> None:
    """Delete in `finally`."""
    with Api() as api:
        if (folder / "clip.mp4").exists():
            return
        job_id = api.create(Note(folder))
        api.wait(job_id)
        try:
            api.download(job_id, folder / "clip.mp4")
        finally:
            _delete(api, job_id)


def mended(folder: Path) -> None:
    """Delete after the clip is on disk."""
    with Api() as api:
        if (folder / "clip.mp4").exists():
            return
        job_id = api.create(Note(folder))
        api.wait(job_id)
        api.download(job_id, folder / "clip.mp4")
        _delete(api, job_id)
