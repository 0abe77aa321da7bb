"""What every program shares: its exception, its notes on disk, and its clips."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import time
from typing import Any

Job = dict[str, Any]

PROMPT = "A lighthouse in a storm"
PATIENCE = 600
"""The seconds that a program waits for its clip."""


class ClipFailed(Exception):
    """There is no clip; the text is the reason. The only exception that most programs declare."""


class Note:
    """What a program knows of its job, in a JSON file that is either old or new, never half."""

    def __init__(self, folder: Path, name: str = "clip") -> None:
        self._path = folder / f"{name}.json"

    def read(self) -> Job:
        """Return what was noted last, {} if nothing was."""
        return json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}

    def write(self, **values: Any) -> None:
        """Add these values to the note."""
        write_whole(self._path, json.dumps({**self.read(), **values}).encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write the file so that a part of it is never seen."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def headers() -> dict[str, str]:
    """Return the headers with the API key."""
    return {"Authorization": f"Bearer {os.environ['AISA_API_KEY']}"}


def base_url() -> str:
    """Return the URL of the API."""
    return os.environ["OPENAI_BASE_URL"]


def is_whole(data: bytes) -> bool:
    """Return True if the data is exactly one MP4 file, from its first box to its last."""
    at, kinds = 0, []
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        kinds.append(kind)
        at += max(size, 8)
    return at == len(data) and kinds[:1] == [b"ftyp"] and kinds.count(b"moov") == 1


def whole(data: bytes) -> bytes:
    """Return the file; raises ValueError if it is not a whole clip."""
    if not is_whole(data):
        raise ValueError(f"{len(data)} bytes that are not a whole MP4 file")
    return data


def checked(job: Job) -> Job:
    """Return the job; raises ValueError if the response is not one."""
    if not isinstance(job, dict) or not isinstance(job.get("id"), str) or "status" not in job:
        raise ValueError("the response is not a job")
    return job


def retry_after(response_headers: Mapping[str, str], default: float) -> float:
    """Return the seconds that the server asks to wait, in either form of the header."""
    value = response_headers.get("retry-after", "")
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return default


def is_transient(status: int) -> bool:
    """Return True for a status that may be another one in a moment."""
    return status in (408, 429) or status >= 500
