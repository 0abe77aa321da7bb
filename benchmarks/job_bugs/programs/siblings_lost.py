"""Clips are made side by side and saved at the end; one failure throws the others away."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..careful_async import AsyncApi
from ..clips import ClipFailed, Note

PROMPTS = ("A lighthouse", "A harbour", "A ferry")


async def _gather(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:

        async def finish(number: int) -> str:
            job_id = await api.create(Note(folder, f"clip-{number}"), PROMPTS[number])
            await api.wait(job_id)
            return job_id

        done = await asyncio.gather(*map(finish, range(len(PROMPTS))))
        for number, job_id in enumerate(done):
            await api.download(job_id, folder / f"clip-{number}.mp4")


async def _gather_all(folder: Path) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        makers = [api.make(folder, prompt, f"clip-{n}") for n, prompt in enumerate(PROMPTS)]
        results = await asyncio.gather(*makers, return_exceptions=True)
    errors = [result for result in results if result is not None]
    for error in errors:
        if not isinstance(error, ClipFailed):
            raise error
    if errors:
        raise ClipFailed("; ".join(map(str, errors)))


def buggy(folder: Path) -> None:
    """Gather, and stop at the first error."""
    asyncio.run(_gather(folder))


def mended(folder: Path) -> None:
    """Let each finish, then report the errors."""
    asyncio.run(_gather_all(folder))
