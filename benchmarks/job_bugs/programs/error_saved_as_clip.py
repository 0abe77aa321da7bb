"""The body of the response is saved, whatever the status: the clip is an error in JSON."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed


class _Unchecked(Api):
    def download(self, job_id: str, path: Path) -> None:
        try:
            path.write_bytes(self.http.get(f"/videos/{job_id}/content").content)
        except httpx.TransportError as error:
            raise ClipFailed(str(error)) from error


def buggy(folder: Path) -> None:
    """Save what came."""
    with _Unchecked() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Check the status, and that the bytes are a clip."""
    with Api() as api:
        api.make(folder)
