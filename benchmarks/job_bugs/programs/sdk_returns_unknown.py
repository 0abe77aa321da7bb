"""The SDK's helper returns at a status that it does not know; the clip is asked for too early."""

from __future__ import annotations

from pathlib import Path

from .. import sdk
from ..clips import ClipFailed, Note


def buggy(folder: Path) -> None:
    """Take the return of the helper for the end of the job."""
    with sdk.client() as api:
        job_id = sdk.create(api, Note(folder))
        try:
            video = api.videos.poll(job_id)
        except sdk.FAILURES as error:
            raise ClipFailed(str(error)) from error
        if video.status == "failed":
            raise ClipFailed(f"{job_id} failed")
        sdk.download(api, job_id, folder / "clip.mp4")


def mended(folder: Path) -> None:
    """Take one word for success, and poll on at any other that is not a failure."""
    sdk.make(folder)
