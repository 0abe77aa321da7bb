"""A request for a job is repeated after 502 and 504, behind which the job may have been made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

from ..careful_async import AsyncApi
from ..clips import PROMPT, ClipFailed, Note


class _TrustsGateways(AsyncApi):
    """Is careful with time-outs, but takes an error status for a refusal."""

    async def create(self, note: Note, prompt: str) -> str:
        noted = note.read()
        if "id" not in noted:
            try:
                noted = await self.retry(lambda: self._post_or_stop(prompt))
            except httpx.TransportError as error:
                raise ClipFailed("the job may exist: look before you pay again") from error
            note.write(id=noted["id"])
        return str(noted["id"])

    async def _post_or_stop(self, prompt: str) -> dict[str, str]:
        try:
            return await self.post(prompt)
        except httpx.TransportError as error:
            raise ClipFailed("the job may exist: look before you pay again") from error


async def _make(api: AsyncApi, folder: Path) -> None:
    async with api:
        await api.make(folder, PROMPT, "clip")


def buggy(folder: Path) -> None:
    """Repeat after any 5xx."""
    asyncio.run(_make(_TrustsGateways(asyncio.sleep), folder))


def mended(folder: Path) -> None:
    """Look in the list first, whatever the error was."""
    asyncio.run(_make(AsyncApi(asyncio.sleep), folder))
