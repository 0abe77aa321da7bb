"""A webhook is believed without its signature, so anybody can say that a paid job failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..careful import Api
from ..clips import ClipFailed, Note
from ..events import read_event


def run(folder: Path) -> None:
    """Create the job, and wait for its webhook or for a poll."""
    with Api() as api:
        job_id = api.create(Note(folder))
        while not (folder / "clip.mp4").exists():
            api.pause(10)
            state = Note(folder, job_id).read().get("state")
            state = state or api.retry(lambda: api.poll(job_id))["status"]
            if state == "failed":
                raise ClipFailed(f"{job_id} failed")
            if state == "completed":
                api.download(job_id, folder / "clip.mp4")


def _note(folder: Path, event: dict[str, Any]) -> int:
    state = str(event["type"]).removeprefix("video.")
    Note(folder, str(event["data"]["id"])).write(state=state)
    return 200


def buggy(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Parse the body."""
    return _note(folder, json.loads(body))


def mended(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Verify the signature first."""
    event = read_event(headers, body)
    return 400 if event is None else _note(folder, event)
