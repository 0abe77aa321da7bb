"""Makes a video clip from a prompt and saves it: `python clip_maker.py "A lighthouse" clip.mp4`."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import httpx

Form = dict[str, tuple[str | None, str | bytes]]

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
    with httpx.Client(base_url=base_url, headers=headers, timeout=60) as client:
        form: Form = {"prompt": (None, prompt), "seconds": (None, seconds)}
        if image:
            form["input_reference"] = (image.name, image.read_bytes())
        job = _ask(client, "POST", "/videos", form).json()
        _wait(client, job["id"])
        content = _ask(client, "GET", f"/videos/{job['id']}/content").content
    path.write_bytes(content)


def _wait(client: httpx.Client, job_id: str) -> None:
    """Polls until the job has completed."""
    for _ in range(PATIENCE_SECONDS // POLL_SECONDS):
        job = _ask(client, "GET", f"/videos/{job_id}").json()
        if job["status"] == "completed":
            return
        if job["status"] == "failed":
            raise ClipFailed(job["error"]["message"])
        time.sleep(POLL_SECONDS)
    raise ClipFailed(f"{job_id} takes longer than {PATIENCE_SECONDS} seconds")


def _ask(client: httpx.Client, method: str, path: str, files: Form | None = None) -> httpx.Response:
    """Sends a request, again if the server is busy; raises ClipFailed if it is refused."""
    attempt = 0
    while True:
        attempt += 1
        response = client.request(method, path, files=files)
        if response.is_success:
            return response
        busy = response.status_code == 429 or response.status_code >= 500
        if not busy or attempt == ATTEMPTS:
            raise ClipFailed(response.json()["error"]["message"])
        time.sleep(float(response.headers.get("Retry-After", 2**attempt)))


if __name__ == "__main__":
    make_clip(sys.argv[1], Path(sys.argv[2]))
