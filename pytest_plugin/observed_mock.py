"""A mock in the hands of a test, and all that came to it."""

from __future__ import annotations

from ..contracts import ClientVerdict, Exchange
from ..mock_server import JobService, MockControls, MovableClock
from .contract import Contract
from .journal import MockJournal


class ObservedMock(MockControls[MovableClock]):
    """A mock whose requests are written down. `base_url` is what clients are pointed at, `contract`
    what they are judged by.
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
        """The calls since the last reset, with `operation_id`, `fields`, `files` and `status`."""
        return self._journal.requests

    @property
    def verdict(self) -> ClientVerdict:
        """What is to be said of the clients, by their requests since the last reset, advice and
        what is allowed included: `.clean`, `.findings`, and as text all that was found.
        """
        return self._journal.verdict

    def reset(self) -> None:
        """Forgets every job and request, and what was set for the next ones."""
        super().reset()
        self._journal.start_new_history()
