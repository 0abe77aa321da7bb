"""The program never polls: if a webhook is lost, its clip is never fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note
from ..events import give_up, read_event, wait_for_clip


def buggy(folder: Path) -> None:
    """Wait ten minutes for the webhook."""
    with Api() as api:
        job_id = api.create(Note(folder))
        while not (folder / "clip.mp4").exists():
            api.pause(5)
            state = Note(folder, job_id).read().get("state")
            if state == "failed":
                raise ClipFailed(f"{job_id} failed")
            if state == "completed":
                api.download(job_id, folder / "clip.mp4")


def mended(folder: Path) -> None:
    """Poll now and then as well."""
    with Api() as api:
        job_id = api.create(Note(folder))
        wait_for_clip(api, folder, lambda: job_id, give_up)


def receive(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Note the state of the job."""
    event = read_event(headers, body)
    if event is None:
        return 400
    state = str(event["type"]).removeprefix("video.")
    Note(folder, str(event["data"]["id"])).write(state=state)
    return 200
