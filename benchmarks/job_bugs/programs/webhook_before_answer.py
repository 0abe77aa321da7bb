"""A webhook about a job that is not noted yet is thrown away; it may overtake the job's answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note
from ..events import read_event


def _wait(folder: Path, *, polls: bool) -> None:
    note = Note(folder)
    with Api() as api:
        job_id = api.create(note)
        while not (folder / "clip.mp4").exists():
            state = Note(folder, job_id).read().get("state")
            if state is None and polls:
                state = api.retry(lambda: api.poll(job_id))["status"]
            if state == "failed":
                raise ClipFailed(f"{job_id} failed")
            if state == "completed":
                api.download(job_id, folder / "clip.mp4")
            else:
                api.pause(10)


def _receive(folder: Path, headers: Mapping[str, str], body: bytes, *, known_only: bool) -> int:
    event = read_event(headers, body)
    if event is None:
        return 400
    job_id = str(event["data"]["id"])
    if known_only and Note(folder).read().get("id") != job_id:
        return 200
    Note(folder, job_id).write(state=event["type"].removeprefix("video."))
    return 200


def buggy(folder: Path) -> None:
    """Wait for the webhook alone."""
    _wait(folder, polls=False)


def buggy_receive(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Note the state of a job that is known."""
    return _receive(folder, headers, body, known_only=True)


def mended(folder: Path) -> None:
    """Poll now and then as well."""
    _wait(folder, polls=True)


def mended_receive(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Note the state of any job."""
    return _receive(folder, headers, body, known_only=False)
