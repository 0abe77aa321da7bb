"""The clip is written while it comes; a broken download leaves a part that looks finished."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed


class _Streams(Api):
    def download(self, job_id: str, path: Path) -> None:
        try:
            with (
                self.http.stream("GET", f"/videos/{job_id}/content") as response,
                path.open("wb") as file,
            ):
                for piece in response.raise_for_status().iter_bytes(1024):
                    file.write(piece)
        except httpx.HTTPError as error:
            raise ClipFailed(f"download broke: {error}") from error


def buggy(folder: Path) -> None:
    """Stream to the final path; a second run finds it there."""
    with _Streams() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Write to another path, and rename it when it is whole."""
    with Api() as api:
        api.make(folder)
