"""The id is noted as soon as it is known, but a program may die before it knows it."""

from __future__ import annotations

from pathlib import Path

from ..careful import Api
from ..clips import PROMPT, Job, Note


class _Unannounced(Api):
    def create(self, note: Note, prompt: str = PROMPT) -> str:
        noted = note.read()
        if "id" in noted:
            return str(noted["id"])
        known, sent = {job["id"] for job in self.retry(self.list)}, False

        def send() -> Job:
            nonlocal sent
            if sent:
                for job in self.list():
                    if job["id"] not in known and job["prompt"] == prompt:
                        return job
            sent = True
            return self.post(prompt)

        job_id = str(self.retry(send)["id"])
        note.write(id=job_id)
        return job_id


def buggy(folder: Path) -> None:
    """Keep in memory that a request was sent."""
    with _Unannounced() as api:
        api.make(folder)


def mended(folder: Path) -> None:
    """Write down that a request will be sent, and which jobs there were before it."""
    with Api() as api:
        api.make(folder)
