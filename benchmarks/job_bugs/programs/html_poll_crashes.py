"""A gateway answers a poll with a page of HTML, and the loop dies in the JSON parser."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from ..careful_requests import RequestsApi
from ..clips import Job


class _Trusting(RequestsApi):
    """Repeats a poll that fails, but reads every 200 as a job."""

    def poll(self, url: str) -> Job:
        response = self.send("GET", url)
        try:
            job: Job = response.json()
        except requests.JSONDecodeError as error:
            raise RuntimeError(f"cannot read {json.dumps(response.text[:40])}") from error
        return job


def buggy(folder: Path) -> None:
    """Take a 200 for a job."""
    _Trusting().make(folder)


def mended(folder: Path) -> None:
    """Poll once more after an answer that cannot be read."""
    RequestsApi().make(folder)
