"""The parts of a careful program with OpenAI's SDK, which repeats requests automatically."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

import openai
from openai import OpenAI
from openai.types import Video

from .clips import PATIENCE, PROMPT, ClipFailed, Note, is_transient, retry_after, whole, write_whole

T = TypeVar("T")

FAILURES = (openai.OpenAIError, LookupError, TypeError, ValueError)
"""Errors of a request, and responses that cannot be read."""


def client() -> OpenAI:
    """Return a client that repeats a request up to four times."""
    return OpenAI(max_retries=4, timeout=30)


def read(send: Callable[[], T]) -> T:
    """Return the result of a request that changes nothing; repeat it if it cannot be read.

    Raises ClipFailed for an error of the API, which the SDK has repeated already.
    """
    for _ in range(5):
        try:
            return send()
        except (openai.APIStatusError, openai.APIConnectionError) as error:
            raise ClipFailed(str(error)) from error
        except FAILURES:
            time.sleep(2)
    raise ClipFailed("no answer that can be read")


def listed(api: OpenAI) -> list[Video]:
    """Return the newest jobs."""
    return read(lambda: [video for video in api.videos.list(limit=100).data if video.id])


def status(api: OpenAI, job_id: str) -> str:
    """Return the status of the job now; raises ClipFailed if the job failed."""
    now = str(read(lambda: api.videos.retrieve(job_id).status))
    if now == "failed":
        raise ClipFailed(f"{job_id} failed")
    return now


def create(api: OpenAI, note: Note, prompt: str = PROMPT) -> str:
    """Return the id of the noted job; create it, unless a lost request did."""
    noted = note.read()
    if "id" in noted:
        return str(noted["id"])
    if "known" not in noted:
        noted["known"] = [video.id for video in listed(api)]
        note.write(known=noted["known"])
    once = api.with_options(max_retries=0)
    for attempt in range(5):
        found = [v.id for v in listed(api) if v.id not in noted["known"] and v.prompt == prompt]
        try:
            job_id = found[0] if found else str(once.videos.create(prompt=prompt).id)
            note.write(id=job_id)
            return job_id
        except openai.APIStatusError as error:
            if not is_transient(error.status_code):
                raise ClipFailed(str(error)) from error
            time.sleep(retry_after(error.response.headers, 2.0**attempt))
        except FAILURES:
            time.sleep(2.0**attempt)
    raise ClipFailed("no job")


def wait(api: OpenAI, job_id: str, patience: float = PATIENCE) -> bool:
    """Poll until the job is completed; return False if it takes longer than this."""
    deadline = monotonic() + patience
    while status(api, job_id) != "completed":
        if monotonic() + 5 > deadline:
            return False
        time.sleep(5)
    return True


def download(api: OpenAI, job_id: str, path: Path) -> None:
    """Save the clip of the job."""
    write_whole(path, read(lambda: whole(api.videos.download_content(job_id).content)))


def make(folder: Path) -> None:
    """Make the clip, or go on where an earlier run stopped."""
    if (folder / "clip.mp4").exists():
        return
    with client() as api:
        job_id = create(api, Note(folder))
        if not wait(api, job_id):
            raise ClipFailed("no clip in time")
        download(api, job_id, folder / "clip.mp4")
