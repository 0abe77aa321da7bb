"""A mock in a test, with its requests and their verdict."""

from __future__ import annotations

from ..contracts import ClientVerdict, Exchange
from ..contracts.journal.entry import LoggedRequest
from ..mock_server import JobService, MockControls, MovableClock
from ..mock_server.listing import Listing
from ..openapi.text import count_of
from .contract import Contract
from .mock_journal import MockJournal


class ObservedMock(MockControls[MovableClock]):
    """A mock that records its requests.

    Args:
        service: the mocked API.
        base_url: the URL of the API for clients, such as "http://127.0.0.1:4010/v1".
        journal: the journal of its requests.
        contract: the contract of the test.
        initial_plans: True to report the faults of the config if they are never used.
    """

    def __init__(
        self,
        service: JobService[MovableClock],
        *,
        base_url: str,
        journal: MockJournal,
        contract: Contract,
        initial_plans: bool = False,
    ) -> None:
        super().__init__(service)
        self._initial_plans = initial_plans
        self._forgotten_plans: list[str] = []
        contract.watch_plans(lambda: [*self._forgotten_plans, *self._unused_plans()])
        self.base_url, self.contract = base_url, contract
        self._journal = journal

    @property
    def requests(self) -> list[Exchange]:
        """The requests since the last reset, with `operation_id`, `fields`, `files`, `status`."""
        return Listing(
            self._journal.exchanges,
            name="requests",
            contents=lambda: f"the mock received {self._describe_requests()}",
        )

    @property
    def verdict(self) -> ClientVerdict:
        """All findings about the clients since the last reset, including advice and allowed ones.

        `verdict.clean` is True if there are none, `verdict.findings` lists them, and
        `str(verdict)` describes them.
        """
        return self._journal.client_verdict()

    def note_restart(self) -> None:
        """Note that the program starts again: it may repeat polls and downloads of before."""
        self._journal.note_restart()

    def _contents(self, jobs: int) -> str:
        return f"{super()._contents(jobs)} and received {self._describe_requests()}"

    def _describe_requests(self) -> str:
        """Return the latest requests with their statuses."""
        if not (requests := self._journal.log.requests):
            return "no request" if self._journal.unused else "no request since its reset"
        latest = ", ".join(map(_describe_request, requests[-_MAX_LISTED:]))
        earlier = "…, " if len(requests) > _MAX_LISTED else ""
        return f"{count_of(len(requests), 'request')}: {earlier}{latest}"

    def reset(self) -> None:
        """Forget all jobs and requests, and the plans for the next ones."""
        self._forgotten_plans += self._unused_plans()
        super().reset()
        self._journal.clear()

    def _unused_plans(self) -> list[str]:
        """Return the faults that affected no request, and what was set for jobs that never came."""
        faults = self.service.faults.unused(initial=self._initial_plans)
        return [*faults, *self.service.scenarios.unused()]


def _describe_request(request: LoggedRequest) -> str:
    if isinstance(request, Exchange):
        return f"{request.operation_id} ({request.status or 'no response'})"
    return f"{request.method} {request.path} ({request.kind})"


_MAX_LISTED = 5
