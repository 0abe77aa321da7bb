"""The live, paid API in a test, behind a gateway that holds the API key and the budget.

The code under test gets only the gateway's address and a dummy key. So it cannot exceed the budget,
whatever HTTP library it uses and however often it tries.
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
from .environment import client_environment
from .gateway import Gateway
from .live_budget import LiveBudget
from .mock_journal import MockJournal
from .shared_server import SharedServer


class LiveClock(SystemClock):
    """Real time; a test that moves it is skipped."""

    def advance(self, seconds: float) -> None:
        _skip("clock.advance")

    def freeze(self, frozen: bool = True) -> None:
        _skip("clock.freeze")


class LiveApi:
    """The live API behind the gateway.

    Args:
        base_url: the URL of the gateway, which replaces the dummy key by the real one.
        document: the document of the API.
        budget: the budget of the run.
        journal: the journal of the requests.
        contract: the contract of the test.
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
        """The requests of this test, with `operation_id`, `fields`, `files` and `status`."""
        return self._journal.exchanges

    @property
    def jobs(self) -> list[JobFields]:
        """The jobs in the latest responses about them, the oldest first: `jobs[0].id`."""
        views = [view for exchange in self.requests for view in jobs_in(self.document, exchange)]
        return [*{view.job_id: JobFields(view.job) for view in views}.values()]

    @property
    def verdict(self) -> ClientVerdict:
        """All findings about the clients, from the requests of this test."""
        return self._journal.client_verdict()

    def __getattr__(self, name: str) -> NoReturn:
        from .mock import VideoMock

        # A test that controls its jobs cannot run against the live API.
        if name.startswith("_") or not (hasattr(VideoMock, name) or name == "service"):
            raise AttributeError(f"the live video_api has no attribute {name!r}")
        _skip(name)


def _skip(name: str) -> NoReturn:
    pytest.skip(f"{name}: the live API cannot be controlled")


@contextmanager
def live_api(
    document: Document,
    *,
    upstream: str,
    budget: LiveBudget,
    contract: Contract,
    server: SharedServer,
) -> Iterator[LiveApi]:
    """Start a gateway to the live API at `upstream`, for the length of a test.

    Fails the test in a forked process, before it can send a request.
    """
    budget.require_own_process()
    journal = contract.open_journal(document, SystemClock(), live=True)
    url = base_url(server.listener, document)
    gateway = Gateway(document, upstream=upstream, budget=budget, journal=journal)
    with server.mount(gateway), client_environment(url):
        yield LiveApi(url, document, budget=budget, journal=journal, contract=contract)
