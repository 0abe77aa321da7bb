"""The parts of a careful program with the requests library."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

import requests

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


class _Refused(requests.RequestException):
    """The API answered with an error."""

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"{answer.status_code} {answer.text[:200]}")
        self.answer = answer


class RequestsApi:
    """The API, by one session."""

    def __init__(self) -> None:
        self.session = requests.Session()
        self.session.headers.update(headers())
        self._deadline = monotonic() + PATIENCE

    def make(self, folder: Path) -> None:
        """Make the clip, or go on where an earlier run stopped."""
        path = folder / "clip.mp4"
        if path.exists():
            return
        url = f"/videos/{self._create(Note(folder))}"
        while (job := self._repeat(lambda: self.poll(url)))["status"] != "completed":
            if job["status"] == "failed":
                raise ClipFailed(f"{job['id']} failed")
            self._sleep(5)
        write_whole(path, self._repeat(lambda: whole(self.send("GET", f"{url}/content").content)))

    def poll(self, url: str) -> Job:
        """Return the job; raises ValueError if the response cannot be read."""
        return checked(self.send("GET", url).json())

    def wait_as_told(self, response: requests.Response, default: float) -> float:
        """Return the seconds of Retry-After."""
        return retry_after(response.headers, default)

    def send(self, method: str, url: str, prompt: str | None = None) -> requests.Response:
        """Send one request; raises an exception for an error of the API."""
        files = {"prompt": (None, prompt)} if prompt else None
        response = self.session.request(method, f"{base_url()}{url}", files=files, timeout=30)
        if not response.ok:
            raise _Refused(response)
        return response

    def _create(self, note: Note) -> str:
        noted = note.read()
        if "id" not in noted:
            fresh = "known" not in noted
            if fresh:
                note.write(known=[job["id"] for job in self._repeat(self._list)])
            note.write(id=self._repeat(lambda: self._create_or_find(note))["id"])
        return str(note.read()["id"])

    def _create_or_find(self, note: Note) -> Job:
        """Send the request, unless one was sent before and made a job."""
        noted = note.read()
        if noted.get("sent"):
            for job in self._list():
                if job["id"] not in noted["known"] and job["prompt"] == PROMPT:
                    return job
        note.write(sent=True)
        return checked(self.send("POST", "/videos", PROMPT).json())

    def _list(self) -> list[Job]:
        return [checked(job) for job in self.send("GET", "/videos?limit=100").json()["data"]]

    def _repeat(self, send: Callable[[], T]) -> T:
        for attempt in range(5):
            wait = 2.0**attempt
            try:
                return send()
            except _Refused as error:
                if not is_transient(error.answer.status_code):
                    raise ClipFailed(str(error)) from error
                wait = self.wait_as_told(error.answer, wait)
            except (requests.RequestException, LookupError, TypeError, ValueError):
                pass
            self._sleep(wait)
        raise ClipFailed("no answer in five attempts")

    def _sleep(self, seconds: float) -> None:
        if monotonic() + seconds > self._deadline:
            raise ClipFailed("no clip in time")
        time.sleep(seconds)
