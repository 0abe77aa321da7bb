"""One client's requests to a target: retries, progress and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from ...openapi import Call, Cause, Document, JobKind, JobOperation, Operation
from ...openapi.jobs import JobField
from ...openapi.jobs.sources import Progress
from ...openapi.json import Json
from ...openapi.messages import NEAREST_FILE_HEADER
from ..budget import Budget
from ..errors import BudgetExceeded, CredentialsRejected
from ..traffic.exchange import Exchange
from ..traffic.file_read import FileRead
from ..traffic.job_views import JobView
from ..traffic.redaction import Redaction
from .pacing import Pacing, is_retryable
from .paid_jobs import PaidJobs
from .request_maker import RequestMaker
from .step import Step, percent_of
from .target import FileReader, Target, describe_outcome

UNANSWERED_LIMIT = 2
"""After this many requests without any response, the target counts as unreachable."""


class Session:
    """A client that records its exchanges with a target.

    A create is never repeated once it may have been accepted. A create that the budget does not
    allow is not sent.

    history: every exchange, without the API key
    actions: the purpose of each exchange
    files: the files that it read at their addresses
    notes: what could not be done, and why
    followed: the last view of the followed job
    requests: makes its requests
    paid_jobs: the jobs that it created, and their price

    kind: the kind of its jobs
    max_wait: the longest time of all waits before retries, in seconds
    """

    def __init__(
        self,
        document: Document,
        target: Target,
        *,
        kind: JobKind,
        requests: RequestMaker,
        budget: Budget,
        currency: str,
        pacing: Pacing,
        max_wait: float,
        on_step: Callable[[Step], None],
        files: FileReader | None = None,
    ) -> None:
        self.history: list[Exchange] = []
        self.actions: list[str] = []
        self.notes: list[str] = []
        self.files: list[FileRead] = []
        self.followed: JobView | None = None
        self._unsent: dict[str, list[str]] = {}
        self._unretryable: set[str] = set()
        self._key_accepted = False
        self._document, self._target, self._on_step = document, target, on_step
        self._files = files
        self.requests, self._sends_key = requests, requests.sends_keys
        self._redaction = Redaction(document, keys=[requests.key] if requests.key else [])
        self._redaction.add_keys_from(requests.credentials())
        progress = (f for f in requests.create.fields if isinstance(f.source, Progress))
        self._progress: JobField | None = next(progress, None)
        self._pacing, self._max_wait, self._waited = pacing, max_wait, 0.0
        self.paid_jobs = PaidJobs(
            document,
            kind,
            requests,
            budget,
            currency,
            send=self._send,
            read=lambda call, action: self.request(call, action, check_key=False),
        )
        self._rejected_status = document.envelope.responses[Cause.CREDENTIALS_INVALID].status

    def request(self, call: Call, action: str, *, check_key: bool = True) -> Exchange:
        """Send a call that creates nothing, and return its last exchange.

        After a 429, a 5xx or a broken connection the call is sent again.

        Raises CredentialsRejected if `check_key` and the target has never accepted the key.
        """
        exchange = self._with_retries(lambda: self._send(call, action), is_retryable, action)
        if check_key:
            self._check_key(exchange)
        return exchange

    def request_job(
        self,
        operation: JobOperation,
        job_id: str,
        action: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        check_key: bool = True,
    ) -> Exchange:
        """Send a request about one job, with or without the API key."""
        call = self.requests.about_job(
            operation, job_id, key="" if with_key else None, query=query, headers=headers
        )
        return self.request(call, action, check_key=with_key and check_key)

    def request_page(self, operation: Operation, query: tuple[tuple[str, str], ...]) -> Exchange:
        """Request a page of the list."""
        return self.request(self.requests.request(operation, query=query), "reads the list")

    def read_file(self, job_id: str, field: JobField, address: Json) -> None:
        """Read the file of a job at the address in a field, which the last exchange has shown."""
        if not isinstance(address, str) or not address:  # the rules find that in the job itself
            return
        if self._files is None:
            self.note(f"the file at {field.place} was not read")
            return
        self.report_step("reads the file at its address")
        found = self._files.read_file(address, self.requests.credentials())
        self._record_file(FileRead(len(self.history), job_id, field, found))

    def request_address(
        self, job_id: str, field: JobField, address: Json, *, operation: Operation, number: int
    ) -> None:
        """Request an operation at the address in a field, if it is one of the target.

        Args:
            job_id: The id of the job.
            field: The field.
            address: Its value.
            operation: The operation.
            number: The number of the exchange that has shown it.
        """
        if not isinstance(address, str) or not address:
            return
        if self._files is None or not self._files.owns(address):
            self.note(f"the address at {field.place} was not requested: it is of another server")
            return
        self.report_step(f"requests {operation.id} at its address")
        found = self._files.read_file(address, self.requests.request(operation).headers)
        self._record_file(FileRead(number, job_id, field, found))

    def _record_file(self, file: FileRead) -> None:
        problem = self._redaction.redact_text(file.found.problem)
        self.files.append(replace(file, found=replace(file.found, problem=problem)))

    def create(
        self, call: Call, price: Decimal | None, action: str, *, check_key: bool
    ) -> Exchange | None:
        """Send a create, or return None if its price exceeds the budget.

        The price is released only if the create certainly created no job. The create is sent again
        only after a documented 429 and a list without a new job.
        """
        self.paid_jobs.read_known_jobs()
        try:
            exchange = self._with_retries(
                lambda: self.paid_jobs.create(call, price, action),
                self.paid_jobs.may_create_again,
                action,
            )
        except BudgetExceeded as error:
            self._unsent.setdefault(str(error), []).append(action)
            return None
        if check_key:
            self._check_key(exchange)
        return exchange

    def note(self, text: str) -> None:
        """Record something that could not be done, and why."""
        self.notes.append(text)

    def follow(self, view: JobView | None) -> None:
        """Set the current view of the followed job."""
        self.followed = view

    def discard(self) -> None:
        """Release all prices and drop all jobs and notes, because another API responded."""
        self.paid_jobs.discard()
        self.notes.clear()
        self._unsent.clear()

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds of the target's time."""
        self._target.wait(seconds)

    def all_notes(self) -> tuple[str, ...]:
        """Return the notes, with a note for each reason why requests were not sent."""
        unsent = (_describe_unsent(reason, actions) for reason, actions in self._unsent.items())
        found = [file.found.reply for file in self.files]
        replies = [*(exchange.reply for exchange in self.history), *found]
        stood_in = any(reply and NEAREST_FILE_HEADER in reply.headers for reply in replies)
        return (*self.notes, *([_STAND_IN] if stood_in else []), *unsent)

    def has_no_response(self) -> bool:
        """Return True if enough requests were sent and none had a response."""
        return len(self.history) >= UNANSWERED_LIMIT and not any(e.reply for e in self.history)

    def report_step(self, action: str) -> None:
        """Call `on_step` with the current progress."""
        view, field = self.followed, self._progress
        progress = percent_of(view, field) if view and field else None
        self._on_step(
            Step(
                action=action,
                job_ids=tuple(self.paid_jobs.ids),
                job_id=view.job_id if view else None,
                state=view.state.name if view else None,
                progress=progress,
                spent=self.paid_jobs.spent,
            )
        )

    def _with_retries(
        self, send: Callable[[], Exchange], retryable: Callable[[Exchange], bool], action: str
    ) -> Exchange:
        """Send a request, again while it fails and may be retried, and return the last exchange."""
        exchange = send()
        for failures in range(1, _MAX_RETRIES + 1):
            if self.has_no_response() or exchange.operation_id in self._unretryable:
                return exchange
            if not retryable(exchange):
                return exchange
            delay = self._pacing.retry_delay(exchange, failures=failures)
            if self._waited + delay > self._max_wait:
                self.notes.append(
                    f"{action}: not sent again, because the wait of {delay:g} seconds is too long"
                )
                break
            self._waited += delay
            self.wait(delay)
            exchange = send()
        if retryable(exchange):
            self._unretryable.add(exchange.operation_id)
        return exchange

    def _check_key(self, exchange: Exchange) -> None:
        """Raise CredentialsRejected unless the key was accepted before: then the check goes on,
        because its jobs still exist.
        """
        rejected = exchange.status == self._rejected_status
        if rejected and not (self._key_accepted or self.paid_jobs.ids):
            problem = "rejects the API key" if self._sends_key else "requires an API key"
            raise CredentialsRejected(f"the server {problem} with status {exchange.status}")
        self._key_accepted = self._key_accepted or exchange.accepted

    def _send(self, call: Call, action: str) -> Exchange:
        """Report the step, send the call once and record the exchange."""
        self.report_step(action)
        exchange = self._redaction.redact(self._target.send(call))
        self.history.append(exchange)
        self.actions.append(action)
        if not exchange.was_recorded:
            self.note(f"{action}: not checked, {describe_outcome(exchange)}")
        return exchange


def _describe_unsent(reason: str, actions: list[str]) -> str:
    if len(actions) == 1:
        return f"not sent ({actions[0]}): {reason}"
    return f"{len(actions)} requests were not sent (for example: {actions[0]}): {reason}"


_MAX_RETRIES = 3
_STAND_IN = (
    "the server is a mock that has no file of the requested size and length, so that both were"
    " not checked"
)
