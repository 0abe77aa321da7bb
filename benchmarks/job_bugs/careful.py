"""The parts of a careful program with httpx: create, wait, download, each right at every fault.

A program of the corpus replaces one part by its own, which is the bug.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

import httpx

from .clips import (
    PATIENCE,
    PROMPT,
    ClipFailed,
    Job,
    Note,
    base_url,
    checked,
    headers,
    is_transient,
    retry_after,
    whole,
    write_whole,
)

T = TypeVar("T")

ATTEMPTS = 5


class Api:
    """The API, with retries and a deadline. Usage: `with Api() as api: api.make(folder)`."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self.http = httpx.Client(base_url=base_url(), headers=headers(), timeout=30)
        self._deadline = monotonic() + patience

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *error: object) -> None:
        self.http.close()

    def make(self, folder: Path, prompt: str = PROMPT, name: str = "clip") -> None:
        """Make the clip of the prompt, or go on where an earlier run stopped."""
        if (folder / f"{name}.mp4").exists():
            return
        job_id = self.create(Note(folder, name), prompt)
        self.wait(job_id)
        self.download(job_id, folder / f"{name}.mp4")

    def create(self, note: Note, prompt: str = PROMPT) -> str:
        """Return the id of the noted job; create it, unless a lost request did.

        The note says before the request which jobs there were, so that a restarted program, too,
        finds the job of a request whose response was lost.
        """
        noted = note.read()
        if "id" in noted:
            return str(noted["id"])
        sent = "known" in noted
        if not sent:
            noted["known"] = [job["id"] for job in self.retry(self.list)]
            note.write(known=noted["known"])

        def send() -> Job:
            nonlocal sent
            if sent:
                for job in self.list():
                    if job["id"] not in noted["known"] and job["prompt"] == prompt:
                        return job
            sent = True
            return self.post(prompt)

        job_id = str(self.retry(send)["id"])
        note.write(id=job_id)
        return job_id

    def post(self, prompt: str = PROMPT) -> Job:
        """Send one request for a new job."""
        return checked(self._sent("POST", "/videos", files={"prompt": (None, prompt)}).json())

    def list(self) -> list[Job]:
        """Return the newest jobs of the key."""
        return [checked(job) for job in self._sent("GET", "/videos?limit=100").json()["data"]]

    def poll(self, job_id: str) -> Job:
        """Return the job as it is now, with the seconds until the next poll."""
        response = self._sent("GET", f"/videos/{job_id}")
        wait = float(response.headers.get("openai-poll-after-ms", 0)) / 1000
        return {**checked(response.json()), "wait": min(max(wait, 5), 30)}

    def wait(self, job_id: str) -> Job:
        """Poll until the job is completed."""
        while (job := self.retry(lambda: self.poll(job_id)))["status"] != "completed":
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            self.pause(job["wait"])
        return job

    def download(self, job_id: str, path: Path) -> None:
        """Save the clip of the job."""
        url = f"/videos/{job_id}/content"
        write_whole(path, self.retry(lambda: whole(self._sent("GET", url).content)))

    def retry(self, send: Callable[[], T]) -> T:
        """Return the result of the request; repeat it after errors that pass."""
        for attempt in range(ATTEMPTS):
            wait = 2.0**attempt
            try:
                return send()
            except httpx.HTTPStatusError as error:
                if not is_transient(error.response.status_code):
                    raise ClipFailed(str(error)) from error
                wait = retry_after(error.response.headers, wait)
            except (httpx.TransportError, LookupError, TypeError, ValueError):
                pass
            self.pause(wait)
        raise ClipFailed(f"no answer in {ATTEMPTS} attempts")

    def pause(self, seconds: float) -> None:
        """Sleep, if the clip may still come in time."""
        if monotonic() + seconds > self._deadline:
            raise ClipFailed("no clip in time")
        time.sleep(seconds)

    def _sent(
        self, method: str, url: str, files: dict[str, tuple[None, str]] | None = None
    ) -> httpx.Response:
        return self.http.request(method, url, files=files).raise_for_status()
