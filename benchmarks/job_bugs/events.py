"""The parts of a careful program that receives webhooks."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from .careful import Api
from .clips import ClipFailed


def read_event(headers: Mapping[str, str], body: bytes) -> dict[str, Any] | None:
    """Return the event; None if it is not signed by the API."""
    try:
        event = Webhook(os.environ["OPENAI_WEBHOOK_SECRET"]).verify(body, dict(headers))
    except (WebhookVerificationError, LookupError, ValueError):
        return None
    return event if isinstance(event, dict) else None


def wait_for_clip(
    api: Api, folder: Path, current: Callable[[], str], on_failure: Callable[[str], None]
) -> None:
    """Save the clip of the current job; a webhook may change which one that is.

    Also polls from time to time, because a webhook may be lost. `on_failure` gets the id of a job
    that failed.
    """
    path = folder / "clip.mp4"
    while not path.exists():
        api.pause(10)
        job_id = current()
        job = api.retry(partial(api.poll, job_id))
        if job["status"] == "completed":
            api.download(job_id, path)
        elif job["status"] == "failed":
            on_failure(job_id)


def give_up(job_id: str) -> None:
    """Raise ClipFailed for the job that failed."""
    raise ClipFailed(f"{job_id} failed")
