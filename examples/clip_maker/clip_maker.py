"""Makes a video clip from a prompt and saves it: `python clip_maker.py "A lighthouse" clip.mp4`."""

from __future__ import annotations

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

ATTEMPTS = 4
POLL_SECONDS = 5
PATIENCE_SECONDS = 300


class ClipFailed(Exception):
    """There will be no clip; the text says why."""


def make_clip(prompt: str, path: Path, *, seconds: str = "4", image: Path | None = None) -> None:
    """Makes a clip of some seconds and saves it; raises ClipFailed if there will be none."""
    key = os.environ["AISA_API_KEY"]
    base_url = os.environ.get("OPENAI_BASE_URL", "https://api.aisa.one/v1")
    headers = {"Authorization": f"Bearer {key}"}
    form: Form = {"prompt": (None, prompt), "seconds": (None, seconds)}
    if image:
        form["input_reference"] = (image.name, image.read_bytes())
    with httpx.Client(base_url=base_url, headers=headers, timeout=60) as client:
        path.write_bytes(ClipMaker(client).make(form))


class ClipMaker:
    """Follows one job to its end, for five minutes at most."""

    def __init__(self, client: httpx.Client) -> None:
        self._client, self._deadline = client, monotonic() + PATIENCE_SECONDS

    def make(self, form: Form) -> bytes:
        """The file of the job that this form asks for."""
        job = self._create(form)
        path = f"/videos/{job['id']}"
        while job["status"] != "completed":
            if job["status"] == "failed":
                raise ClipFailed(job["error"]["message"])
            self._pause(max(POLL_SECONDS, job["poll_after"]))
            job = self._again(lambda: _job(self._get(path)))
        return self._again(lambda: self._get(f"{path}/content").content)

    def _create(self, form: Form) -> Job:
        """Asks for the job; after a failure it looks whether there is one already."""
        before = {job["id"] for job in self._again(self._jobs)}
        sent = False

        def send() -> Job:
            nonlocal sent
            if sent:
                for job in self._jobs():
                    if job["id"] not in before and job["prompt"] == form["prompt"][1]:
                        return {**job, "poll_after": 0}
            sent = True
            return _job(self._client.post("/videos", files=form).raise_for_status())

        return self._again(send)

    def _jobs(self) -> list[Job]:
        jobs: list[Job] = self._get("/videos").json()["data"]
        return jobs

    def _get(self, path: str) -> httpx.Response:
        return self._client.get(path).raise_for_status()

    def _again(self, send: Callable[[], T]) -> T:
        """What `send` gives, tried again with backoff if the server is busy or the answer lost;
        raises ClipFailed if it is refused.
        """
        why = ""
        for attempt in range(1, ATTEMPTS + 1):
            wait = 2 ** (attempt - 1) * uniform(0.75, 1.25)
            try:
                return send()
            except httpx.HTTPStatusError as error:
                answer, why = error.response, f"{error.response.status_code}"
                busy = answer.status_code == 429 or answer.status_code >= 500
                if not busy or answer.headers.get("x-should-retry") == "false":
                    raise ClipFailed(answer.json()["error"]["message"]) from error
                wait = float(answer.headers.get("Retry-After", wait))
            except (httpx.TransportError, KeyError, ValueError) as error:
                why = repr(error)
            if attempt < ATTEMPTS:
                self._pause(wait)
        raise ClipFailed(f"the server does not answer: {why}")

    def _pause(self, seconds: float) -> None:
        if monotonic() + seconds > self._deadline:
            raise ClipFailed(f"there is no clip after {PATIENCE_SECONDS} seconds")
        sleep(seconds)


def _job(answer: httpx.Response) -> Job:
    """A job, and the seconds that the server asks to wait for it; KeyError if it is none."""
    job, wait = answer.json(), float(answer.headers.get("openai-poll-after-ms", 0)) / 1000
    return {**job, "id": job["id"], "status": job["status"], "poll_after": wait}


if __name__ == "__main__":
    make_clip(sys.argv[1], Path(sys.argv[2]))
