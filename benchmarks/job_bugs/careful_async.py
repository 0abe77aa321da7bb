"""The parts of a careful program with httpx's AsyncClient, under asyncio or, by anyio, trio.

The caller gives the sleep of its event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import TypeVar

import httpx

from .clips import (
    PATIENCE,
    ClipFailed,
    Job,
    Note,
    base_url,
    checked,
    headers,
    is_transient,
    retry_after,
    whole,
    write_whole,
)

T = TypeVar("T")

ATTEMPTS = 5


class AsyncApi:
    """The API, with retries and a deadline for each clip."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        self.http = httpx.AsyncClient(base_url=base_url(), headers=headers(), timeout=30)
        self.sleep, self._deadline = sleep, monotonic() + PATIENCE

    async def __aenter__(self) -> AsyncApi:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.http.aclose()

    async def make(self, folder: Path, prompt: str, name: str) -> None:
        """Make the clip of the prompt, or go on where an earlier run stopped."""
        if not (folder / f"{name}.mp4").exists():
            job_id = await self.create(Note(folder, name), prompt)
            await self.wait(job_id)
            await self.download(job_id, folder / f"{name}.mp4")

    async def create(self, note: Note, prompt: str) -> str:
        """Return the id of the noted job; create it, unless a lost request did."""
        noted = note.read()
        if "id" in noted:
            return str(noted["id"])
        sent = "known" in noted
        if not sent:
            noted["known"] = [job["id"] for job in await self.retry(self.list)]
            note.write(known=noted["known"])

        async def send() -> Job:
            nonlocal sent
            if sent:
                for job in await self.list():
                    if job["id"] not in noted["known"] and job["prompt"] == prompt:
                        return job
            sent = True
            return await self.post(prompt)

        job_id = str((await self.retry(send))["id"])
        note.write(id=job_id)
        return job_id

    async def post(self, prompt: str) -> Job:
        """Send one request for a new job."""
        response = await self.http.post("/videos", files={"prompt": (None, prompt)})
        return checked(response.raise_for_status().json())

    async def list(self) -> list[Job]:
        """Return the newest jobs of the key."""
        jobs = (await self._get("/videos?limit=100")).json()["data"]
        return [checked(job) for job in jobs]

    async def poll(self, job_id: str) -> Job:
        """Return the job as it is now, with the seconds until the next poll."""
        response = await self._get(f"/videos/{job_id}")
        wait = float(response.headers.get("openai-poll-after-ms", 0)) / 1000
        return {**checked(response.json()), "wait": min(max(wait, 5), 30)}

    async def wait(self, job_id: str) -> Job:
        """Poll until the job is completed."""
        while (job := await self.retry(lambda: self.poll(job_id)))["status"] != "completed":
            if job["status"] == "failed":
                raise ClipFailed(f"{job_id} failed")
            await self.pause(job["wait"])
        return job

    async def download(self, job_id: str, path: Path) -> None:
        """Save the clip of the job."""

        async def send() -> bytes:
            return whole((await self._get(f"/videos/{job_id}/content")).content)

        write_whole(path, await self.retry(send))

    async def retry(self, send: Callable[[], Awaitable[T]]) -> T:
        """Return the result of the request; repeat it after errors that pass."""
        for attempt in range(ATTEMPTS):
            wait = 2.0**attempt
            try:
                return await send()
            except httpx.HTTPStatusError as error:
                if not is_transient(error.response.status_code):
                    raise ClipFailed(str(error)) from error
                wait = retry_after(error.response.headers, wait)
            except (httpx.TransportError, LookupError, TypeError, ValueError):
                pass
            await self.pause(wait)
        raise ClipFailed(f"no answer in {ATTEMPTS} attempts")

    async def pause(self, seconds: float) -> None:
        """Sleep, if the clip may still come in time."""
        if monotonic() + seconds > self._deadline:
            raise ClipFailed("no clip in time")
        await self.sleep(seconds)

    async def _get(self, url: str) -> httpx.Response:
        return (await self.http.get(url)).raise_for_status()
