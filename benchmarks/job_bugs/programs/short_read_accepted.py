"""A connection that closes early ends the copy of a clip without an error: half of it is kept."""

from __future__ import annotations

import http.client
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note, base_url, headers, is_transient, whole, write_whole


def _open(job_id: str) -> http.client.HTTPResponse:
    url = f"{base_url()}/videos/{job_id}/content"
    response = urllib.request.urlopen(urllib.request.Request(url, headers=headers()), timeout=30)
    assert isinstance(response, http.client.HTTPResponse)
    return response


def _job(folder: Path) -> str:
    with Api() as api:
        job_id = api.create(Note(folder))
        api.wait(job_id)
    return job_id


def buggy(folder: Path) -> None:
    """Copy the response to the file, piece by piece."""
    try:
        with _open(_job(folder)) as response, (folder / "clip.mp4").open("wb") as file:
            shutil.copyfileobj(response, file)
    except (OSError, http.client.HTTPException) as error:
        raise ClipFailed(str(error)) from error


def mended(folder: Path) -> None:
    """Check that the file is whole, and repeat the download if it is not."""
    if (folder / "clip.mp4").exists():
        return
    job_id = _job(folder)
    for attempt in range(5):
        try:
            with _open(job_id) as response:
                return write_whole(folder / "clip.mp4", whole(response.read()))
        except urllib.error.HTTPError as error:
            if not is_transient(error.code):
                raise ClipFailed(str(error)) from error
        except (OSError, ValueError, http.client.HTTPException):
            pass
        time.sleep(2.0**attempt)
    raise ClipFailed("no whole clip")
