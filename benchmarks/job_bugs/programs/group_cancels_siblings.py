"""Clips are made in a task group under trio; the first failure cancels the tasks of the others."""

from __future__ import annotations

from pathlib import Path

import anyio

from ..careful_async import AsyncApi
from ..clips import ClipFailed

PROMPTS = ("A lighthouse", "A harbour", "A ferry")


async def _make_all(folder: Path, *, isolated: bool) -> None:
    errors: list[str] = []
    async with AsyncApi(lambda seconds: anyio.sleep(seconds)) as api:

        async def make(number: int) -> None:
            try:
                await api.make(folder, PROMPTS[number], f"clip-{number}")
            except ClipFailed as error:
                if not isolated:
                    raise
                errors.append(str(error))

        async with anyio.create_task_group() as group:
            for number in range(len(PROMPTS)):
                group.start_soon(make, number)
    if errors:
        raise ClipFailed("; ".join(errors))


def buggy(folder: Path) -> None:
    """Let errors leave their tasks."""
    anyio.run(lambda: _make_all(folder, isolated=False), backend="trio")


def mended(folder: Path) -> None:
    """Catch the error of a clip in its task."""
    anyio.run(lambda: _make_all(folder, isolated=True), backend="trio")
