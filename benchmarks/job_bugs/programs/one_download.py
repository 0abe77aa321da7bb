"""The download is the only request that is not repeated."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed, whole, write_whole


class _OneAttempt(Api):
    def download(self, job_id: str, path: Path) -> None:
        try:
            response = self.http.get(f"/videos/{job_id}/content").raise_for_status()
            write_whole(path, whole(response.content))
        except (httpx.HTTPError, ValueError) as error:
            raise ClipFailed(f"download failed: {error}") from error


def buggy(folder: Path) -> None:
    """Download once."""
    with _OneAttempt() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Repeat the download."""
    with Api() as api:
        api.make(folder)
