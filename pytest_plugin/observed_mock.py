"""A mock in a test, with its requests and their verdict."""

from __future__ import annotations

from ..contracts import ClientVerdict, Exchange
from ..mock_server import JobService, MockControls, MovableClock
from .contract import Contract
from .mock_journal import MockJournal


class ObservedMock(MockControls[MovableClock]):
    """A mock that records its requests.

    Args:
        service: the mocked API.
        base_url: the URL of the API for clients, such as "http://127.0.0.1:4010/v1".
        journal: the journal of its requests.
        contract: the contract of the test.
    """

    def __init__(
        self,
        service: JobService[MovableClock],
        *,
        base_url: str,
        journal: MockJournal,
        contract: Contract,
    ) -> None:
        super().__init__(service)
        self.base_url, self.contract = base_url, contract
        self._journal = journal

    @property
    def requests(self) -> list[Exchange]:
        """The requests since the last reset, with `operation_id`, `fields`, `files`, `status`."""
        return self._journal.exchanges

    @property
    def verdict(self) -> ClientVerdict:
        """All findings about the clients since the last reset, including advice and allowed ones.

        `verdict.clean` is True if there are none, `verdict.findings` lists them, and
        `str(verdict)` describes them.
        """
        return self._journal.client_verdict()

    def reset(self) -> None:
        """Forget all jobs and requests, and the plans for the next ones."""
        super().reset()
        self._journal.clear()
