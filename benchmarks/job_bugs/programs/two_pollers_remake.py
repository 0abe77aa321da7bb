"""Two pollers watch one job; each of them orders another one when it sees the failure."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..careful_async import AsyncApi
from ..clips import PROMPT, ClipFailed, Note


async def _poll(api: AsyncApi, folder: Path, poller: str) -> None:
    """Make the clip; order another job if one fails, up to three in all."""
    path = folder / "clip.mp4"
    for attempt in range(3):
        name = f"clip-{attempt}{poller}" if attempt else "clip-0"
        if path.exists():
            return
        job_id = await api.create(Note(folder, name), PROMPT)
        try:
            await api.wait(job_id)
            return await api.download(job_id, path)
        except ClipFailed as error:
            if str(error) != f"{job_id} failed":
                raise
    raise ClipFailed("three jobs failed")


async def _side_by_side(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        if not (folder / "clip.mp4").exists():
            await api.create(Note(folder, "clip-0"), PROMPT)
        pollers = [_poll(api, folder, f"-{poller}") for poller in ("page", "worker")]
        for result in await asyncio.gather(*pollers, return_exceptions=True):
            if result is not None:
                raise result


async def _one_for_all(folder: Path) -> None:
    lock, failed = asyncio.Lock(), False
    async with AsyncApi(asyncio.sleep) as api:

        async def poll() -> None:
            nonlocal failed
            async with lock:
                if not failed:
                    failed = True
                    await _poll(api, folder, "")
                    failed = False

        for result in await asyncio.gather(poll(), poll(), return_exceptions=True):
            if result is not None:
                raise result


def buggy(folder: Path) -> None:
    """Let each poller look, and keep its own note of what it ordered."""
    asyncio.run(_side_by_side(folder))


def mended(folder: Path) -> None:
    """Let one poller look at a time; the second one finds the clip, or the failure."""
    asyncio.run(_one_for_all(folder))
