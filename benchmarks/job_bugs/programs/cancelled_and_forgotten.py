"""The user cancels, and the task forgets its job, which runs on: the next run pays for another."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ..careful_async import AsyncApi
from ..clips import PROMPT, ClipFailed

LUNCH = 300


async def _make(folder: Path, *, forget: bool) -> None:
    async with AsyncApi(asyncio.sleep) as api:
        try:
            await api.make(folder, PROMPT, "clip")
        except asyncio.CancelledError:
            if forget:
                (folder / "clip.json").unlink()
            raise


async def _make_until_lunch(folder: Path, *, forget: bool) -> None:
    making = asyncio.create_task(_make(folder, forget=forget))

    async def cancel() -> None:
        await asyncio.sleep(LUNCH)
        making.cancel()

    user = asyncio.create_task(cancel())
    try:
        await making
    except asyncio.CancelledError:
        raise ClipFailed("cancelled") from None
    finally:
        user.cancel()


def buggy(folder: Path) -> None:
    """Remove the note of a cancelled task."""
    asyncio.run(_make_until_lunch(folder, forget=True))


def mended(folder: Path) -> None:
    """Keep it, so that the next run picks the clip up."""
    asyncio.run(_make_until_lunch(folder, forget=False))
