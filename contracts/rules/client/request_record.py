"""The requests of a client as the rules over time look at them: what each was told, what was asked
of it, and how long it was waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from ....openapi import Cause, Document, JobRole, Reply, State
from ....openapi.json import Json
from ....openapi.operation import CREATING
from ...traffic.exchange import Exchange
from ...traffic.job_views import get_or_none, json_body
from .fingerprint import Fingerprint, fingerprint
from .vendor_limits import CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class JobReport:
    """A job as an answer showed it, by the number of the request. `state` is None where `word` is
    no state of the document.
    """

    number: int
    exchange: Exchange
    job_id: str
    status: str
    state: State | None
    job: Json

    @property
    def pending(self) -> bool:
        """Whether the job was said to go on."""
        return self.state is not None and self.state.ends is None


@dataclass(frozen=True, slots=True)
class RequestedWait:
    """The waits that an answer asks for, in seconds, the one first that counts first; none if it
    does not ask for any, 0 for what cannot be read.
    """

    waits: tuple[float, ...] = ()

    @property
    def wait(self) -> float | None:
        """The wait that counts, None if there is none."""
        return self.waits[0] if self.waits else None

    def of(self, again: RequestRecord, waited: float) -> float | None:
        """What was asked of a client that has waited for so many seconds until its next request.

        A mock whose clock nobody lives by asks for a millisecond, so that official clients do not
        wait for real. That binds only those who heed it.
        """
        if not self.wait or self.wait > _NO_TIME:
            return self.wait
        if again.from_sdk or CLOCK_TOLERANCE * self.wait <= waited <= self.wait / CLOCK_TOLERANCE:
            return 0.0
        return self.waits[1] if len(self.waits) > 1 else None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """An exchange, and its number in the history, counted from 1.

    `same` is equal for requests that ask for the same, `sender` is the key as it was sent. `tells`
    are the jobs in the answer. `retry_after` and `poll_after` are what the answer asks for before
    the next try and before the next poll. `official` says that an official SDK has sent it, `spent`
    that no money is left, so that no other try helps. `unread` says that it went well, and that no
    job, or no list, can be read from its answer; `untold`, that it went well and was to make a job,
    and that the client does not know which.
    """

    number: int
    exchange: Exchange
    fingerprint: Fingerprint
    sender: str | None
    jobs: tuple[JobReport, ...]
    retry_after: RequestedWait
    poll_after: RequestedWait
    from_sdk: bool
    quota_exhausted: bool
    unreadable: bool
    job_unknown_to_client: bool

    @property
    def role(self) -> JobRole | None:
        """What the request does with a job."""
        return self.exchange.operation.role

    @property
    def failed(self) -> bool:
        """Whether it failed in a way that may pass: cut off, answered 429, or 500 and above, or of
        no use to who wants a job.
        """
        status = self.exchange.status
        return status is None or status == 429 or status >= 500 or self.job_unknown_to_client

    @property
    def refused(self) -> bool:
        """Whether the same request would be refused again: every 4xx but 429, as vendors say."""
        status = self.exchange.status
        return status is not None and 400 <= status < 500 and status != 429

    @property
    def outcome(self) -> str:
        """How it was answered, as the end of a sentence."""
        status = self.exchange.status
        if status is None:
            return "was cut off"
        return f"was answered {status}" + " with no job to be read" * self.job_unknown_to_client

    @property
    def sent(self) -> float | None:
        """The moment of the request, in the seconds that the client lives in; None if nobody
        knows.
        """
        client_time = self.exchange.client_time
        return None if client_time is None else client_time - self.exchange.took

    def waited(self, since: RequestRecord) -> float | None:
        """The seconds in the life of the client from an earlier answer to this request, None if
        nobody knows. It has waited for that long at most.
        """
        sent, before = self.sent, since.exchange.client_time
        # What floats make of sums is no time: a wait of none must not be less than none.
        return None if sent is None or before is None else round(sent - before, 6) + 0.0

    def overlaps(self, other: RequestRecord) -> bool:
        """Whether it was surely sent before an earlier one was answered, so that it cannot be what
        came of that answer.
        """
        return self.exchange.at - self.exchange.took < other.exchange.at - _TOO_FINE


class RequestParser:
    """Makes attempts of exchanges, by the words of a document."""

    def __init__(self, document: Document) -> None:
        self._lifecycle = document.lifecycle
        self._key_header = document.credentials.header if document.credentials else ""
        self._envelope = envelope = document.envelope
        hint = document.lifecycle.poll_hint
        # Clients heed the header with the milliseconds first.
        named = ((envelope.retry_milliseconds, 1000), (envelope.retry_seconds, 1))
        self._retry = tuple((name, units) for name, units in named if name)
        self._poll = ((hint.header, hint.per_second),) if hint else ()

    def record(self, exchange: Exchange, number: int) -> RequestRecord:
        """The exchange with this number, as the rules look at it."""
        tells = tuple(self.reports(exchange, exchange.reply, number))
        unread = exchange.accepted and not tells and self._is_unread(exchange)
        hidden = exchange.accepted and bool(self.undelivered_jobs(exchange))
        return RequestRecord(
            number=number,
            exchange=exchange,
            fingerprint=fingerprint(exchange, key_header=self._key_header),
            sender=exchange.headers.get(self._key_header),
            jobs=tells,
            retry_after=_asked(exchange.reply, self._retry),
            poll_after=_asked(exchange.reply, self._poll),
            from_sdk=_SDK in exchange.headers,
            quota_exhausted=self._is_spent(exchange.reply),
            unreadable=unread,
            job_unknown_to_client=exchange.operation.role in CREATING and (unread or hidden),
        )

    def reports(self, exchange: Exchange, reply: Reply | None, number: int) -> Iterator[JobReport]:
        """The jobs that an answer to this exchange shows, also those in states that there are
        not.
        """
        if (
            reply is None
            or not 200 <= reply.status < 300
            or exchange.operation.role not in ROLES_RETURNING_JOBS
        ):
            return
        body, page = json_body(reply), exchange.operation.page
        jobs = [body] if page is None else get_or_none(body, page.places.get("items", ()))
        for job in jobs if isinstance(jobs, list) else ():
            job_id, word = (
                get_or_none(job, self._lifecycle.id_at),
                get_or_none(job, self._lifecycle.state_at),
            )
            if isinstance(job_id, str) and isinstance(word, str):
                state = self._lifecycle.states.get(word)
                yield JobReport(number, exchange, job_id, word, state, job)

    def undelivered_jobs(self, exchange: Exchange) -> tuple[str, ...]:
        """The jobs, by their ids, that were made by this exchange and that its answer does not
        show.
        """
        if exchange.undelivered_reply is None:
            return ()
        told = {telling.job_id for telling in self.reports(exchange, exchange.reply, 0)}
        made = (telling.job_id for telling in self.reports(exchange, exchange.undelivered_reply, 0))
        return tuple(job_id for job_id in made if job_id not in told)

    def _is_unread(self, exchange: Exchange) -> bool:
        """Whether an answer that shows no job should show one, or the list that it was in."""
        page, reply = exchange.operation.page, exchange.reply
        if exchange.operation.role not in ROLES_RETURNING_JOBS or reply is None:
            return False
        return page is None or not isinstance(
            get_or_none(json_body(reply), page.places.get("items", ())), list
        )

    def _is_spent(self, reply: Reply | None) -> bool:
        answer, code_at = self._envelope.answers.get(Cause.QUOTA_EXCEEDED), self._envelope.code_at
        if reply is None or answer is None or code_at is None or reply.status != answer.status:
            return False
        return bool(get_or_none(json_body(reply), code_at) == answer.code)


def group_by_fingerprint(attempts: Iterable[RequestRecord]) -> list[list[RequestRecord]]:
    """The attempts that ask for the same together, in their order."""
    groups: dict[Fingerprint, list[RequestRecord]] = {}
    for attempt in attempts:
        groups.setdefault(attempt.fingerprint, []).append(attempt)
    return [*groups.values()]


def format_seconds(value: float) -> str:
    """A time in words."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + " s"


def _asked(reply: Reply | None, headers: tuple[tuple[str, int], ...]) -> RequestedWait:
    """What these headers say; each with how many of its units make a second."""
    said = [(reply.headers[n], units) for n, units in headers if reply and n in reply.headers]
    waits = [wait for each in said if (wait := _seconds(*each)) is not None]
    return RequestedWait(tuple(waits) if waits else (0.0,) * bool(said))


def _seconds(text: str, units: int) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value / units if 0 <= value < inf else None


ROLES_RETURNING_JOBS = (*CREATING, JobRole.RETRIEVE, JobRole.LIST)
_NO_TIME = 0.001
# Seconds: of Unix times, floats do not tell what is much finer.
_TOO_FINE = 1e-6
# Every official SDK sends it: they are all made by the same generator.
_SDK = "x-stainless-lang"
