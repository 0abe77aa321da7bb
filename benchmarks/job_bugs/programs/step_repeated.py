"""The step "make a clip" is repeated as a whole, with its request for a job, after a late error."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..careful_async import AsyncApi
from ..clips import PROMPT, ClipFailed, whole, write_whole


async def _step(api: AsyncApi, folder: Path) -> None:
    """Make a clip; any error of a poll or of the download ends the step."""
    job_id = (await api.post(PROMPT))["id"]
    while (job := await api.poll(job_id))["status"] != "completed":
        if job["status"] == "failed":
            raise ClipFailed(f"{job_id} failed")
        await api.pause(job["wait"])
    response = await api.http.get(f"/videos/{job_id}/content")
    write_whole(folder / "clip.mp4", whole(response.raise_for_status().content))


async def _repeat_the_step(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        await api.retry(lambda: _step(api, folder))


async def _repeat_the_requests(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        await api.make(folder, PROMPT, "clip")


def buggy(folder: Path) -> None:
    """Repeat the step."""
    asyncio.run(_repeat_the_step(folder))


def mended(folder: Path) -> None:
    """Repeat single requests."""
    asyncio.run(_repeat_the_requests(folder))
