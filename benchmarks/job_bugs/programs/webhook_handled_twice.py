"""A webhook says that the job failed, so another one is ordered; the webhook comes twice."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..careful import Api
from ..clips import ClipFailed, Note
from ..events import read_event, wait_for_clip


def run(folder: Path) -> None:
    """Order the clip, then wait for the webhooks, which do the rest."""
    current = Note(folder, "current")
    with Api() as api:
        job_id = api.create(Note(folder, "clip-0"))
        if not current.read():
            current.write(id=job_id, attempt=0)
        wait_for_clip(
            api,
            folder,
            lambda: str(current.read()["id"]),
            lambda failed_id: _order_again(folder, failed_id),
        )


def _order_again(folder: Path, failed_id: str | None) -> None:
    """Order another job if the current one has failed; None stands for whichever it is."""
    current = Note(folder, "current")
    noted = current.read()
    if failed_id not in (None, noted.get("id")):
        return
    if noted["attempt"] == 3:
        raise ClipFailed("four jobs failed")
    attempt = noted["attempt"] + 1
    with Api() as api:
        job_id = api.create(Note(folder, f"clip-{attempt}"))
    current.write(attempt=attempt, id=job_id)


def _receive(folder: Path, headers: Mapping[str, str], body: bytes, *, once: bool) -> int:
    event = read_event(headers, body)
    if event is None:
        return 400
    if event["type"] == "video.failed" and Note(folder, "current").read():
        try:
            _order_again(folder, event["data"]["id"] if once else None)
        except ClipFailed:
            return 503
    return 200


def buggy(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Order another job for each webhook."""
    return _receive(folder, headers, body, once=False)


def mended(folder: Path, headers: Mapping[str, str], body: bytes) -> int:
    """Order one only if the job that failed is the current one."""
    return _receive(folder, headers, body, once=True)
