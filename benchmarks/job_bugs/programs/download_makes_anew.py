"""A download that fails is answered by a new job, although the old one has its clip."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed, Note, whole, write_whole


class _Regenerates(Api):
    def download(self, job_id: str, path: Path) -> None:
        try:
            response = self.http.get(f"/videos/{job_id}/content").raise_for_status()
            write_whole(path, whole(response.content))
        except (httpx.HTTPError, ValueError) as error:
            raise ClipFailed("no clip") from error


def buggy(folder: Path) -> None:
    """Start from the beginning, twice at most."""
    with _Regenerates() as api:
        for number in range(3):
            try:
                job_id = api.create(Note(folder, f"clip-{number}"))
                api.wait(job_id)
                return api.download(job_id, folder / "clip.mp4")
            except ClipFailed:
                continue
        raise ClipFailed("no clip in three jobs")


def mended(folder: Path) -> None:
    """Repeat the download."""
    with Api() as api:
        api.make(folder)
