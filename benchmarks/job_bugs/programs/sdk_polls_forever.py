"""`create_and_poll` of OpenAI's SDK has no deadline: a job that never ends holds it forever."""

from __future__ import annotations

from pathlib import Path

from .. import sdk
from ..clips import ClipFailed, Note


def buggy(folder: Path) -> None:
    """Wait by the helper of the SDK."""
    with sdk.client() as api:
        job_id = sdk.create(api, Note(folder))
        try:
            video = api.videos.poll(job_id)
        except sdk.FAILURES as error:
            raise ClipFailed(str(error)) from error
        if video.status != "completed":
            raise ClipFailed(f"{job_id} ended as {video.status}")
        sdk.download(api, job_id, folder / "clip.mp4")


def mended(folder: Path) -> None:
    """Poll by hand, for ten minutes."""
    sdk.make(folder)
