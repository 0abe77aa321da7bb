"""The live, paid API in a test, behind a gateway that keeps the key and the budget.

The code under test is given the gateway's address and a dummy key. So it cannot spend what it was
not meant to, whatever HTTP library it uses and however often it tries.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

from ..contracts import ClientVerdict, Exchange
from ..contracts.traffic.job_views import jobs_in
from ..mock_server import JobFields, SystemClock
from ..mock_server.http.server import base_url
from ..openapi import Document
from .contract import Contract
from .environment import environment
from .gateway import Gateway
from .journal import MockJournal
from .live_budget import LiveBudget
from .server import SwitchingServer


class LiveClock(SystemClock):
    """Real time, which no test can move."""

    def advance(self, seconds: float) -> None:
        _skip("clock.advance")

    def freeze(self, frozen: bool = True) -> None:
        _skip("clock.freeze")


class LiveApi:
    """The live API, as the code under test reaches it. `base_url` is the gateway's, which sends a
    dummy key on as the real one.
    """

    def __init__(
        self,
        base_url: str,
        document: Document,
        *,
        budget: LiveBudget,
        journal: MockJournal,
        contract: Contract,
    ) -> None:
        self.base_url, self.document, self.contract = base_url, document, contract
        self.budget, self.clock = budget, LiveClock()
        self._journal = journal

    @property
    def requests(self) -> list[Exchange]:
        """The calls of this test, with `operation_id`, `fields`, `files` and `status`."""
        return self._journal.requests

    @property
    def jobs(self) -> list[JobFields]:
        """The jobs as the code under test last saw them, the oldest first: `jobs[0].id`."""
        seen = [s for exchange in self.requests for s in jobs_in(self.document, exchange)]
        return [*{sighting.job_id: JobFields(sighting.job) for sighting in seen}.values()]

    @property
    def verdict(self) -> ClientVerdict:
        """What is to be said of the clients, by all requests of this test."""
        return self._journal.verdict

    def __getattr__(self, name: str) -> NoReturn:
        from .mock import VideoMock

        # A test that steers its jobs can say nothing of jobs that nobody can steer.
        if name.startswith("_") or not (hasattr(VideoMock, name) or name == "service"):
            raise AttributeError(f"video_api, which is live, has no attribute {name!r}")
        _skip(name)


def _skip(name: str) -> NoReturn:
    pytest.skip(f"{name}: the live API cannot be steered")


@contextmanager
def live_api(
    document: Document,
    *,
    upstream: str,
    budget: LiveBudget,
    contract: Contract,
    server: SwitchingServer,
) -> Iterator[LiveApi]:
    """The live API at `upstream` for the length of a test."""
    journal = contract.open(document, SystemClock(), live=True)
    url = base_url(server.listener, document)
    gateway = Gateway(document, upstream=upstream, budget=budget, journal=journal)
    with server.using(gateway), environment(url):
        yield LiveApi(url, document, budget=budget, journal=journal, contract=contract)
