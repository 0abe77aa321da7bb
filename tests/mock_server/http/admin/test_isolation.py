"""The mocked API and the control API do not wait for each other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
from starlette.types import ASGIApp

from aisa_testkit.contracts.journal.journal import Journal
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds, create_app
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json

KEY = {"authorization": "Bearer sk-test"}


@asynccontextmanager
async def client_of(app: ASGIApp) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://mock", headers=KEY
    ) as client:
        yield client


class BlockingClock(ManualClock):
    """A clock whose delays last until `go` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.go = asyncio.Event(), asyncio.Event()

    async def async_wait_before_response(self, seconds: float) -> None:
        self.waiting.set()
        await self.go.wait()


class BlockingJournal(Journal):
    """A journal whose verdict takes until `go` is set."""

    def __init__(self, document: Document, now: Callable[[], float]) -> None:
        super().__init__(document, now=now)
        self.requested, self.go = threading.Event(), threading.Event()

    def verdict(self) -> Json:
        self.requested.set()
        self.go.wait()
        return super().verdict()


def test_control_api_responds_during_a_delayed_response(
    document: Document,
) -> None:
    clock = BlockingClock()
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)

    async def send_both() -> list[int]:
        async with client_of(create_app(service=service)) as client:
            await client.post("/__admin/faults", json={"latency": 3600})
            slow = asyncio.create_task(client.get("/v1/videos"))
            await clock.waiting.wait()
            cleared = await client.delete("/__admin/faults")
            assert not slow.done()
            clock.go.set()
            return [cleared.status_code, (await slow).status_code]

    assert asyncio.run(send_both()) == [200, 200]


def test_mocked_api_responds_while_a_verdict_is_computed(document: Document) -> None:
    clock = ManualClock(1_780_000_000)
    service = JobService(document, clock=clock, ids=RandomIds(1), strict=True)
    journal = BlockingJournal(document, clock.now)

    async def send_both() -> list[int]:
        async with client_of(create_app(service=service, journal=journal)) as client:
            slow = asyncio.create_task(client.get("/__admin/verdict"))
            await asyncio.to_thread(journal.requested.wait)
            listed = await client.get("/v1/videos")
            assert not slow.done()
            journal.go.set()
            return [listed.status_code, (await slow).status_code]

    assert asyncio.run(send_both()) == [200, 200]
