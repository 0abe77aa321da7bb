"""The controls of a mock in a test: what becomes of jobs, and what goes wrong with calls."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Generic, Unpack

from ..openapi import Document
from ..openapi.jobs import Meaning
from ..openapi.text import count_of, quote
from .clock import ClockT
from .config_types import FaultOptions, RetryDate
from .jobs.job import observe
from .jobs.job_fields import JobFields
from .jobs.progression import JobOutcome
from .listing import Listing
from .media_library import JobFile, MediaLibrary
from .service import JobService
from .webhooks.webhooks import Webhooks


class MockControls(Generic[ClockT]):
    """The controls of one service.

    Args:
        service: The service to control.
    """

    def __init__(self, service: JobService[ClockT]) -> None:
        self.service = service

    @property
    def document(self) -> Document:
        """The document that is served."""
        return self.service.document

    @property
    def clock(self) -> ClockT:
        """The clock of the jobs. A clock that can be moved has `advance(seconds)`."""
        return self.service.clock

    @property
    def jobs(self) -> list[JobFields]:
        """The jobs as a client would see them now, the oldest first: `jobs[0].id`."""
        jobs = [JobFields(fields) for fields in self.service.describe_all()]
        return Listing(jobs, name="jobs", contents=lambda: self._contents(len(jobs)))

    def _contents(self, jobs: int) -> str:
        """Return what the mock has instead of a missing job."""
        return f"the mock has {count_of(jobs, 'job')}"

    @property
    def webhooks(self) -> Webhooks | None:
        """The events of jobs and the attempts to deliver them; None if no events are sent."""
        return self.service.webhooks

    def next_job(
        self,
        *,
        outcome: str | None = None,
        code: str | None = None,
        seconds: float | None = None,
        scenario: str | None = None,
    ) -> None:
        """Set the outcome of the next new job; each further call is for the job after it.

        Args:
            outcome: A final state of the document, such as `failed`.
            code: The reason of a failure.
            seconds: The seconds that the job is pending.
            scenario: The name of a scenario, instead of the other arguments.

        Raises ValueError if an argument is invalid.
        """
        scenarios = self.service.scenarios
        if scenario is None:
            scenarios.set_next(JobOutcome(outcome=outcome, code=code, seconds=seconds))
        elif (outcome, code, seconds) == (None, None, None):
            scenarios.use(scenario, next=1)
        else:
            raise ValueError("scenario: cannot be combined with outcome, code or seconds")

    def fail(
        self,
        operation: str,
        *,
        status: int,
        code: str | None = None,
        times: int = 1,
        retry_after: int | RetryDate | None = None,
    ) -> None:
        """Let the next calls of an operation fail with a documented error.

        Args:
            operation: The id or the role of an operation.
            status: The HTTP status of the error.
            code: The code of the error, if several have this status.
            times: The number of calls that fail.
            retry_after: The seconds that the response asks a client to wait, or
                `{"date": seconds}` for a date.

        Raises ValueError if the document does not declare such an error.
        """
        options: FaultOptions = {"status": status, "times": times}
        if code is not None:
            options["code"] = code
        if retry_after is not None:
            options["retry_after"] = retry_after
        self.fault(operation, **options)

    def fault(self, operation: str | None = None, **options: Unpack[FaultOptions]) -> str:
        """Set a fault for every matching call, or for the next `times`, and return its id.

        Args:
            operation: The id or the role of an operation; None for all operations.
            options: The options of FaultOptions, such as `lost=True`.

        Raises ValueError if an option is invalid.
        """
        given = {"operation": operation, **options}
        return self.service.faults.add(
            {k: value for k, value in given.items() if value is not None}
        )

    def use_scenario(
        self, name: str, *, next: int | None = None, share: float | None = None
    ) -> None:
        """Choose a scenario for all new jobs, or for some of them.

        Args:
            name: The name of the scenario.
            next: The number of next jobs that it is for.
            share: The share of all jobs that it is for, from 0 to 1.

        Raises ValueError if an argument is invalid.
        """
        self.service.scenarios.use(name, next=next, share=share)

    def end_job(self, job_id: str, *, success: bool, code: str | None = None) -> None:
        """End a pending job now.

        Args:
            job_id: The id of the job.
            success: True if the job succeeds, False if it fails.
            code: The reason of a failure.

        Raises KeyError if the job is unknown, ValueError if it has ended or `code` is invalid.
        """
        service = self.service
        job, now = service.store.get(job_id), service.clock.now()
        if job is None:
            known = self._contents(len(service.describe_all()))
            raise KeyError(f"there is no job {quote(job_id)}: {known}")
        snapshot = observe(job, now)
        if snapshot.has_ended:
            raise ValueError(f"{job_id} has ended already")
        meaning = Meaning.SUCCESS if success else Meaning.FAILURE
        states = self.document.kinds[job.kind].lifecycle.named(meaning)
        if not states:
            raise ValueError(f"this document has no {meaning} state")
        scenario = service.scenarios.get(job.scenario)
        outcome = JobOutcome(
            outcome=states[0],
            code=code,
            # A little less, because moments are compared after rounding.
            seconds=max(0.0, now - job.created) * (1 - _ROUNDING),
            expires=scenario.outcome.expires if scenario else None,
            failed_at=snapshot.progress,
        )
        planner = service.kinds[job.kind].planner
        ended = job.with_progression(planner.plan(job.create, job.request, outcome))
        if not service.store.replace(job, ended):  # another thread was faster
            raise ValueError(f"{job_id} has ended already")
        if service.webhooks is not None:
            service.webhooks.schedule(ended, instead_of=job)
            service.webhooks.notify()

    def whose(self, path: str | PathLike[str]) -> JobFile | None:
        """Return the job of a downloaded file, and whether the file is whole.

        Returns None if no mock served the file for a job, for example for the body of an error, or
        if its beginning is missing. The job may be one of another mock. Raises OSError if the file
        cannot be read.
        """
        return MediaLibrary().read_job_file(Path(path).read_bytes())

    def reset(self) -> None:
        """Forget all jobs, and everything that was set for the next jobs and calls."""
        self.service.clear()


_ROUNDING = 1e-12
