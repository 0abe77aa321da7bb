"""A download is continued by Range; the whole file comes, and is appended to the part."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..careful import Api
from ..clips import ClipFailed, is_transient, is_whole, retry_after, write_whole


class _Resumes(Api):
    """Downloads in pieces: each attempt asks for the bytes that are missing."""

    checks = True

    def download(self, job_id: str, path: Path) -> None:
        data = b""
        for attempt in range(5):
            wait = 2.0**attempt
            try:
                data = self._continue(job_id, data)
                break
            except httpx.HTTPStatusError as error:
                if not is_transient(error.response.status_code):
                    raise ClipFailed(str(error)) from error
                wait = retry_after(error.response.headers, wait)
            except _Broken as broken:
                data = broken.data
            self.pause(wait)
        if self.checks and not is_whole(data):
            raise ClipFailed("no whole clip")
        write_whole(path, data)

    def _continue(self, job_id: str, data: bytes) -> bytes:
        part = {"Range": f"bytes={len(data)}-"} if data else {}
        url = f"/videos/{job_id}/content"
        try:
            with self.http.stream("GET", url, headers=part) as response:
                response.raise_for_status()
                if self.checks and response.status_code != 206:
                    data = b""
                for piece in response.iter_bytes(1024):
                    data += piece
        except httpx.TransportError as error:
            raise _Broken(data) from error
        return data


class _Broken(Exception):
    """The download broke; `data` is what came until then."""

    def __init__(self, data: bytes) -> None:
        super().__init__(len(data))
        self.data = data


class _Appends(_Resumes):
    checks = False


def buggy(folder: Path) -> None:
    """Append what comes."""
    with _Appends() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Begin again unless the status is 206."""
    with _Resumes() as api:
        api.make(folder)
