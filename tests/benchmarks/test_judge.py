"""The detection rate of the check: it finds the faulty servers of the catalogue with at most two
jobs, and reports no violation of unusual servers that conform to the document.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

import httpx2
import pytest
from faulty_server import FAULTS, PREFIX, VARIANTS, Family, Fault, Variant, create_app, serve
from judge import CheckOutcome, run_check

from aisa_testkit.contracts.check.http_target import HttpTarget
from aisa_testkit.contracts.check.target import Target
from aisa_testkit.openapi import Document, load_document

MINIMUM_RATE = 0.95
MISSED = {
    "busy-no-retry-after",
    "delete-cut",
    "error-request-id-other",
    "json-types-unchecked",
    "method-no-allow",
    "refused-create-kept",
    "remix-of-itself",
    "remix-of-running",
    "remix-open",
    "remix-other-prompt",
    "remix-other-size",
    "remix-unlinked",
    "unauthorized-no-challenge",
}
"""The faults that the check misses. See benchmarks/README.md for the reasons."""


class Clock:
    """A clock that only moves when the check waits, in Unix seconds."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class InProcess(httpx2.BaseTransport):
    """A synchronous transport for an ASGI app."""

    def __init__(self, app: object) -> None:
        self._loop = asyncio.new_event_loop()
        self._app = httpx2.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]  # any ASGI

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._loop.run_until_complete(self._send(request))

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._app.handle_async_request(request)
        content = await response.aread()
        return httpx2.Response(response.status_code, headers=response.headers, content=content)

    def close(self) -> None:
        self._loop.close()


@contextmanager
def in_process(fault: str | None, variant: str | None) -> Iterator[Target]:
    clock = Clock()
    app = create_app(fault=fault, variant=variant, now=clock)
    with httpx2.Client(transport=InProcess(app)) as client:
        url = f"http://server.test{PREFIX}"
        yield HttpTarget(load_document(), url, client, now=clock, sleep=clock.sleep)


@contextmanager
def over_socket(fault: str | None, variant: str | None) -> Iterator[Target]:
    clock = Clock()
    with serve(fault, variant, now=clock) as url, httpx2.Client(timeout=5) as client:
        yield HttpTarget(load_document(), url, client, now=clock, sleep=clock.sleep)


def check(document: Document, server: Fault | Variant) -> CheckOutcome:
    # Transport faults need real connections.
    connect = over_socket if server.family == "transport" else in_process
    return run_check(document, connect, server)


def test_known_missed_faults_leave_a_detection_rate_of_95_per_cent() -> None:
    assert {fault.name for fault in FAULTS} >= MISSED
    assert len(MISSED) <= (1 - MINIMUM_RATE) * len(FAULTS)


@pytest.mark.parametrize("family", get_args(Family))
def test_faults_are_found_with_at_most_two_creates(document: Document, family: Family) -> None:
    outcomes = [check(document, fault) for fault in FAULTS if fault.family == family]
    assert {outcome.name for outcome in outcomes if not outcome.findings} <= MISSED
    assert max(outcome.creates for outcome in outcomes) <= 2


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_conforming_variant_has_no_violation(document: Document, variant: Variant) -> None:
    assert check(document, variant).findings == ()
