"""Requests of a client with the facts that the rules over time need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from ....openapi import JobKind, JobRole, State
from ....openapi.json import Json
from ...traffic.exchange import Exchange
from .fingerprint import Fingerprint
from .vendor_limits import CLOCK_TOLERANCE

JobKey = tuple[str, str]
"""The name of a kind of job, and the id of a job of this kind."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job as a response shows it.

    Args:
        number: the number of the request.
        exchange: the request and its response.
        job_id: the id of the job.
        kind: its kind.
        value: the state as the response writes it, None if it shows none.
        state: the state of the document, None if the document has no such state.
        job: the JSON of the job.
    """

    number: int
    exchange: Exchange
    job_id: str
    kind: JobKind
    value: Json
    state: State | None
    job: Json

    @property
    def key(self) -> JobKey:
        """The kind and the id."""
        return self.kind.name, self.job_id

    @property
    def status(self) -> str:
        """The state as text; "accepted" if the response to a create or a list shows none."""
        if self.value is None:
            return "accepted"
        return self.value if isinstance(self.value, str) else orjson.dumps(self.value).decode()

    @property
    def has_unknown_status(self) -> bool:
        """True if the response shows a state that the document does not have."""
        return self.state is None and self.value is not None

    @property
    def pending(self) -> bool:
        """True if the job is not known to have ended, and its status is not unknown."""
        return not self.ended and not self.has_unknown_status

    @property
    def ended(self) -> bool:
        """True if the state is final."""
        return self.state is not None and self.state.meaning.is_terminal


@dataclass(frozen=True, slots=True)
class RequestedWait:
    """The waits in seconds that a response asks for.

    Args:
        waits: the wait that counts comes first; 0 for an unreadable one, empty without
            any.
    """

    waits: tuple[float, ...] = ()

    @property
    def wait(self) -> float | None:
        """The wait that counts, None if there is none."""
        return self.waits[0] if self.waits else None

    def wait_before(self, retry: RequestRecord, waited: float) -> float | None:
        """Return the wait that this response asks for before a request, None if there is none.

        A mock whose clock clients do not use asks for a millisecond, so that official clients do
        not really wait. Such a wait counts only for a client that respects it.

        Args:
            retry: the next request.
            waited: the seconds from the response to the next request.
        """
        if not self.wait or self.wait > _PLACEHOLDER_WAIT:
            return self.wait
        if retry.from_sdk or CLOCK_TOLERANCE * self.wait <= waited <= self.wait / CLOCK_TOLERANCE:
            return 0.0
        return self.waits[1] if len(self.waits) > 1 else None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request with its response, and what the rules over time need to know about it.

    Args:
        number: the number of the request in the history, counted from 1.
        run: how often the client was restarted before the request.
        exchange: the request and its response.
        status: the status of the response, None if there is none; of an error that comes with
            2xx, the usual status of such errors.
        fingerprint: equal for requests that ask for the same.
        sender: the header with the API key, None without a key.
        job: the job that the request names, None if it names none.
        job_reports: the jobs in the response.
        undelivered: the jobs in the response that a mock made and the client did not receive.
        retry_after: the wait that the response asks for before a retry.
        poll_after: the wait that the response suggests before the next poll.
        from_sdk: True if an official SDK sent the request.
        quota_exhausted: True if the response says that the credit is used up, so a retry is
            useless.
        unreadable: True if the request succeeded, but no job or list can be read from the response.
        reports_unknown_job: True if the response says in a state that there is no such job.
        job_unknown_to_client: True if a create succeeded, but the client did not get the id of the
            job.
    """

    number: int
    run: int
    exchange: Exchange
    status: int | None
    fingerprint: Fingerprint
    sender: str | None
    job: JobKey | None
    job_reports: tuple[JobReport, ...]
    undelivered: tuple[JobReport, ...]
    retry_after: RequestedWait
    poll_after: RequestedWait
    from_sdk: bool
    quota_exhausted: bool
    unreadable: bool
    reports_unknown_job: bool
    job_unknown_to_client: bool

    @property
    def role(self) -> JobRole | None:
        """The role of the operation."""
        return self.exchange.role

    @property
    def failed_transiently(self) -> bool:
        """True for a broken connection, a 429, a 5xx, and a create without a readable job."""
        status = self.status
        return status is None or status == 429 or status >= 500 or self.job_unknown_to_client

    @property
    def failed_permanently(self) -> bool:
        """True for a 4xx other than 429: the vendor says that a retry fails in the same way."""
        return self.status is not None and 400 <= self.status < 500 and self.status != 429

    @property
    def outcome(self) -> str:
        """The result of the request as a noun: "status 503", "a broken connection"."""
        status = self.exchange.status
        if status is None:
            return "a broken connection"
        text = f"status {status}" + " with an error" * self.exchange.reports_error
        return text + " without a readable job" * self.job_unknown_to_client

    @property
    def sent_at(self) -> float | None:
        """The time of the request in seconds on the clock of the client, None if unknown."""
        client_time = self.exchange.client_time
        return None if client_time is None else client_time - self.exchange.took

    def waited_since(self, earlier: RequestRecord) -> float | None:
        """Return the seconds from an earlier response to this request, None if unknown.

        They are on the clock of the client, which waited no longer than that. A restarted client
        does not know when the last response came.
        """
        if self.run != earlier.run:
            return None
        sent, before = self.sent_at, earlier.exchange.client_time
        # Rounding keeps the error of a float sum from making a wait of zero negative.
        return None if sent is None or before is None else round(sent - before, 6) + 0.0

    def overlaps(self, earlier: RequestRecord) -> bool:
        """Return True if this was surely sent before the response to an earlier request.

        Then it cannot be a reaction to that response.
        """
        sent_at = self.exchange.at - self.exchange.took
        return sent_at < earlier.exchange.at - _UNIX_TIME_PRECISION


def group_by_fingerprint(records: Iterable[RequestRecord]) -> list[list[RequestRecord]]:
    """Return the requests in groups that ask for the same, in their order."""
    groups: dict[Fingerprint, list[RequestRecord]] = {}
    for record in records:
        groups.setdefault(record.fingerprint, []).append(record)
    return [*groups.values()]


def format_seconds(value: float) -> str:
    """Return a duration as text: "0.5 s"."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + " s"


_PLACEHOLDER_WAIT = 0.001
# Seconds: the floats of Unix times are not more precise.
_UNIX_TIME_PRECISION = 1e-6
