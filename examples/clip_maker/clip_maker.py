"""Create a video clip from a prompt and save it: `python clip_maker.py "A lighthouse" clip.mp4`.

A note beside the file keeps the job, so that a second start, after a crash, pays for no second one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from random import uniform
from time import monotonic, sleep
from typing import Any, TypeVar

import httpx

Form = dict[str, tuple[str | None, str | bytes]]
Job = dict[str, Any]
T = TypeVar("T")

MAX_ATTEMPTS = 4
POLL_SECONDS = 5
TIMEOUT_SECONDS = 300


class ClipFailed(Exception):
    """The clip could not be created; the text is the reason."""


def make_clip(prompt: str, path: Path, *, seconds: str = "4", image: Path | None = None) -> None:
    """Create a clip of some seconds and save it; raises ClipFailed if that is not possible.

    If it was stopped before, it goes on with the job that it has created then.
    """
    key = os.environ["AISA_API_KEY"]
    base_url = os.environ.get("OPENAI_BASE_URL", "https://api.aisa.one/v1")
    headers = {"Authorization": f"Bearer {key}"}
    form: Form = {"prompt": (None, prompt), "seconds": (None, seconds)}
    if image:
        form["input_reference"] = (image.name, image.read_bytes())
    note = Note(path.with_suffix(".job"))
    with httpx.Client(base_url=base_url, headers=headers, timeout=60) as client:
        _write(path, ClipMaker(client, note).make(form))
    note.delete()


class Note:
    """The job of a clip, kept in a file: the ids of older jobs, and its own id once it is known."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Job | None:
        """Return what was written; None if the clip was not begun."""
        return json.loads(self._path.read_bytes()) if self._path.exists() else None

    def write(self, older_ids: list[str], job_id: str | None) -> None:
        """Keep the job for a second start."""
        _write(self._path, json.dumps({"older_ids": older_ids, "id": job_id}).encode())

    def delete(self) -> None:
        """Forget the job, which has ended."""
        self._path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is never there with only a part of its content."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


class ClipMaker:
    """Creates one job, polls it and downloads its file, in at most five minutes."""

    def __init__(self, client: httpx.Client, note: Note) -> None:
        self._client, self._note = client, note
        self._deadline = monotonic() + TIMEOUT_SECONDS

    def make(self, form: Form) -> bytes:
        """Return the video file of the job with these form fields."""
        job = self._create(form)
        path = f"/videos/{job['id']}"
        while job["status"] != "completed":
            if job["status"] == "failed":
                self._note.delete()
                raise ClipFailed(job["error"]["message"])
            self._pause(max(POLL_SECONDS, job["poll_after"]))
            job = self._retry(lambda: _job(self._get(path)))
        return self._retry(lambda: self._get(f"{path}/content").content)

    def _create(self, form: Form) -> Job:
        """Create the job, or return the one of an earlier start.

        Before a request is repeated, a job of the first one is looked for in the list.
        """
        noted = self._note.read()
        if noted and noted["id"]:
            return {"id": noted["id"], "status": "unknown", "poll_after": 0}
        older_ids = noted["older_ids"] if noted else self._retry(self._ids)
        self._note.write(older_ids, None)
        sent = noted is not None

        def send() -> Job:
            nonlocal sent
            if sent:
                for job in self._jobs():
                    if job["id"] not in older_ids and job["prompt"] == form["prompt"][1]:
                        return {**job, "poll_after": 0}
            sent = True
            return _job(self._client.post("/videos", files=form).raise_for_status())

        job = self._retry(send)
        self._note.write(older_ids, job["id"])
        return job

    def _ids(self) -> list[str]:
        return [job["id"] for job in self._jobs()]

    def _jobs(self) -> list[Job]:
        jobs: list[Job] = self._get("/videos").json()["data"]
        return jobs

    def _get(self, path: str) -> httpx.Response:
        return self._client.get(path).raise_for_status()

    def _retry(self, send: Callable[[], T]) -> T:
        """Return the result of `send`, after retries with backoff for temporary errors.

        Raises ClipFailed for an error that is not temporary, and after the last attempt.
        """
        reason = ""
        for attempt in range(1, MAX_ATTEMPTS + 1):
            wait = 2 ** (attempt - 1) * uniform(0.75, 1.25)
            try:
                return send()
            except httpx.HTTPStatusError as error:
                response, reason = error.response, f"{error.response.status_code}"
                temporary = response.status_code == 429 or response.status_code >= 500
                if not temporary or response.headers.get("x-should-retry") == "false":
                    raise ClipFailed(response.json()["error"]["message"]) from error
                wait = float(response.headers.get("Retry-After", wait))
            except (httpx.TransportError, KeyError, ValueError) as error:
                reason = repr(error)
            if attempt < MAX_ATTEMPTS:
                self._pause(wait)
        raise ClipFailed(f"no response from the server: {reason}")

    def _pause(self, seconds: float) -> None:
        if monotonic() + seconds > self._deadline:
            raise ClipFailed(f"no clip after {TIMEOUT_SECONDS} seconds")
        sleep(seconds)


def _job(response: httpx.Response) -> Job:
    """Return the job and the seconds until the next poll; KeyError if there is no job."""
    job = response.json()
    wait = float(response.headers.get("openai-poll-after-ms", 0)) / 1000
    return {**job, "id": job["id"], "status": job["status"], "poll_after": wait}


if __name__ == "__main__":
    make_clip(sys.argv[1], Path(sys.argv[2]))
