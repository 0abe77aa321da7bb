"""The first draft of a clip maker. Do not copy it: its test shows its mistakes."""

from __future__ import annotations

import os
from pathlib import Path
from time import sleep

import httpx


def make_clip(prompt: str, path: Path) -> None:
    """Create a clip and save it."""
    headers = {"Authorization": f"Bearer {os.environ['AISA_API_KEY']}"}
    with httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers) as client:
        job = _request(client, "POST", "/videos", {"prompt": (None, prompt)}).json()
        while job["status"] in ("queued", "in_progress"):
            sleep(0.4)
            job = _request(client, "GET", f"/videos/{job['id']}").json()
        path.write_bytes(_request(client, "GET", f"/videos/{job['id']}/content").content)


def _request(
    client: httpx.Client,
    method: str,
    path: str,
    files: dict[str, tuple[None, str]] | None = None,
) -> httpx.Response:
    while True:
        try:
            return client.request(method, path, files=files).raise_for_status()
        except httpx.HTTPError:
            sleep(0.1)
