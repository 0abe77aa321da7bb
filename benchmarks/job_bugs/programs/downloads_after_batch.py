"""The clips of a batch are downloaded when all jobs have ended; by then the first have expired."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..careful_async import AsyncApi
from ..clips import Note

PROMPTS = ("A lighthouse", "A harbour")


async def _at_the_end(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        ids = [
            await api.create(Note(folder, f"clip-{number}"), prompt)
            for number, prompt in enumerate(PROMPTS)
        ]
        for job_id in ids:
            await api.wait(job_id)
        for number, job_id in enumerate(ids):
            await api.download(job_id, folder / f"clip-{number}.mp4")


async def _at_once(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        clips = [api.make(folder, prompt, f"clip-{n}") for n, prompt in enumerate(PROMPTS)]
        for result in await asyncio.gather(*clips, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result


def buggy(folder: Path) -> None:
    """Wait for all, then download all."""
    asyncio.run(_at_the_end(folder))


def mended(folder: Path) -> None:
    """Download each clip when its job has ended."""
    asyncio.run(_at_once(folder))
