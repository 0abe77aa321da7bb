"""The words in which a test steers a mock, whatever door its requests come through."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Unpack, cast

from ..openapi import Document
from ..openapi.json import Json
from .clock import MovableClock
from .config_types import FaultOptions
from .service import JobService
from .webhooks.webhooks import Webhooks


class MockControls:
    """A mock in the hands of a test."""

    def __init__(self, service: JobService) -> None:
        self.service = service

    @property
    def document(self) -> Document:
        """The document that is served."""
        return self.service.document

    @property
    def clock(self) -> MovableClock:
        """The clock that the jobs go by."""
        return cast(MovableClock, self.service.clock)

    @property
    def jobs(self) -> list[SimpleNamespace]:
        """The jobs as a client would see them now, the oldest first: `jobs[0].id`."""
        return [namespace(job) for job in self.service.jobs()]

    @property
    def webhooks(self) -> Webhooks | None:
        """The events of jobs: what was tried, and what came of it; None if none are sent."""
        return self.service.webhooks

    def next_job(
        self,
        *,
        outcome: str | None = None,
        code: str | None = None,
        seconds: float | None = None,
        scenario: str | None = None,
    ) -> None:
        """What is to become of the next job that is made; several calls are for several jobs.

        `outcome` is a final state of the document, `code` the reason of a failure, `seconds` how
        long the job is pending; or else it takes part in a `scenario`. Raises ValueError for what
        cannot be.
        """
        self.service.next_job(outcome=outcome, code=code, seconds=seconds, scenario=scenario)

    def fail(
        self,
        operation: str,
        *,
        status: int,
        code: str | None = None,
        times: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Answers the next `times` calls of an operation with its documented error of this status.

        `code` chooses among the errors of one status, `retry_after` is the seconds that the answer
        asks a client to wait. Raises ValueError for what the document does not declare.
        """
        self.service.fail(operation, status=status, code=code, times=times, retry_after=retry_after)

    def fault(self, operation: str | None = None, **options: Unpack[FaultOptions]) -> str:
        """Set a fault and return its id.

        Without an `operation`, which is an operation id or a job role, it applies to all
        operations. It affects every matching call, or the next `times` of them. `options` are
        those of FaultOptions, for example `lost=True`. Raises ValueError if they are invalid.
        """
        return self.service.fault(operation, **options)

    def use_scenario(
        self, name: str, *, next: int | None = None, share: float | None = None
    ) -> None:
        """Chooses a scenario: for every job, for the next jobs, or for a share of all jobs (from 0
        to 1). Raises ValueError for what cannot be.
        """
        self.service.scenarios.use(name, next=next, share=share)

    def reset(self) -> None:
        """Forgets every job, and what was set for the next jobs and calls."""
        self.service.reset()


def namespace(data: dict[str, Json]) -> SimpleNamespace:
    """JSON data whose fields are attributes, those of objects in it, too."""
    return SimpleNamespace(
        **{
            name: namespace(value) if isinstance(value, dict) else value
            for name, value in data.items()
        }
    )
