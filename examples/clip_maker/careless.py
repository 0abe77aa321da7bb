"""The same clip maker as one writes it on the first evening. Do not copy it: its test shows why."""

from __future__ import annotations

import os
from pathlib import Path
from time import sleep

import httpx


def make_clip(prompt: str, path: Path) -> None:
    """Makes a clip and saves it."""
    headers = {"Authorization": f"Bearer {os.environ['AISA_API_KEY']}"}
    with httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers) as client:
        job = _ask(client, "POST", "/videos", {"prompt": (None, prompt)}).json()
        while job["status"] in ("queued", "in_progress"):
            sleep(0.4)
            job = _ask(client, "GET", f"/videos/{job['id']}").json()
        path.write_bytes(_ask(client, "GET", f"/videos/{job['id']}/content").content)


def _ask(
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
