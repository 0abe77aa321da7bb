"""How good the judge is: it finds the faulty servers of the catalogue with two jobs at most, and
blames none that only looks unusual.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from faulty_server import FAULTS, PREFIX, VARIANTS, Fault, Variant, create_app
from judge import Run, over_a_socket, walked

from aisa_testkit.contracts.check.http_target import HttpTarget
from aisa_testkit.contracts.check.target import Target
from aisa_testkit.openapi import Document, load_document

# What speaks of connections needs one, and what takes time needs the real one.
OVER_A_SOCKET = {"transport"}
SLOW = {"slow"}
REACH = 0.95


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class InProcess(httpx2.BaseTransport):
    """An application for clients that wait for their answers."""

    def __init__(self, app: object) -> None:
        self._loop = asyncio.new_event_loop()
        self._app = httpx2.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # any ASGI

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._loop.run_until_complete(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._app.handle_async_request(request)
        content = await answer.aread()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=content)

    def close(self) -> None:
        self._loop.close()


@contextmanager
def in_process(fault: str | None, variant: str | None) -> Iterator[Target]:
    clock = Clock()
    app = create_app(fault=fault, variant=variant, now=clock)
    with httpx2.Client(transport=InProcess(app)) as client:
        url = f"http://server.test{PREFIX}"
        yield HttpTarget(load_document(), url, client, now=clock, sleep=clock.sleep)


def find(document: Document, server: Fault | Variant) -> Run:
    real = server.family in OVER_A_SOCKET or server.name in SLOW
    return walked(document, over_a_socket if real else in_process, server)


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    document = load_document()
    return [find(document, fault) for fault in FAULTS]


def test_at_least_95_of_100_faults_are_found(runs: list[Run]) -> None:
    missed = [run.name for run in runs if not run.told]
    assert len(missed) <= (1 - REACH) * len(FAULTS), missed


def test_lifecycle_faults_are_found_but_for_those_of_remixes(runs: list[Run]) -> None:
    # What a remix costs the document does not say, so that the walk makes none.
    missed = {run.name for run in runs if run.family == "lifecycle" and not run.told}
    assert {name for name in missed if not name.startswith("remix-")} == set()


def test_no_run_makes_more_than_two_jobs(runs: list[Run]) -> None:
    assert {run.name: run.creates for run in runs if run.creates > 2} == {}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_server_that_is_only_unusual_is_not_blamed(document: Document, variant: Variant) -> None:
    assert find(document, variant).told == ()
