"""The service of an exploration, which each run gets as if it were new."""

from __future__ import annotations

from dataclasses import replace

from ..contracts.explorer.behaviour import Life
from ..mock_server import JobService, MovableClock
from ..mock_server.jobs.ids import RandomIds
from .contract import Contract
from .mock_journal import MockJournal
from .options import MockOptions
from .program_time import ProgramClock


class ExploredService:
    """Opens the service of each run. To make a new one takes as long as some requests.

    Args:
        start: The time at the start of each run (Unix seconds).
    """

    def __init__(self, start: float) -> None:
        self.clock = ProgramClock(start)
        self._ids = _SameIds()
        self._options: MockOptions | None = None
        self._service: JobService[MovableClock] | None = None

    @property
    def service(self) -> JobService[MovableClock]:
        """The service of the last run."""
        assert self._service is not None
        return self._service

    def open(
        self, options: MockOptions, contract: Contract, *, life: Life
    ) -> tuple[JobService[MovableClock], MockJournal]:
        """Return a service without jobs, and the contract's journal of its requests.

        Args:
            options: The options of the mock.
            contract: The contract of its requests.
            life: What becomes of the jobs.

        Raises ValueError for an unknown scenario, and as `MockOptions.create_service`.
        """
        self._ids.restart(options.seed)
        options = replace(options, clock=self.clock, scenario=None)
        if self._service is None or options != self._options or options.recording is not None:
            self._service, journal = options.create_service(contract, ids=self._ids)
            self._options = options
        else:
            self._service.clear()
            journal = contract.open_journal(self._service.document, self.clock, keys=options.keys)
        self._service.scenarios.use(life.scenario)
        if life.first_job:
            self._service.scenarios.use(life.first_job, next=1)
        return self._service, journal


class _SameIds:
    """The same ids in each run."""

    def __init__(self) -> None:
        self._ids = RandomIds(0)

    def restart(self, seed: int) -> None:
        self._ids = RandomIds(seed)

    def new_job_id(self) -> str:
        return self._ids.new_job_id()

    def new_request_id(self) -> str:
        return self._ids.new_request_id()
