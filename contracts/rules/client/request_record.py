"""The requests of a client as the rules over time look at them: what each was told, what was asked
of it, and how long it was waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from ....openapi import Cause, Document, JobRole, Reply, State
from ....openapi.json import Json
from ....openapi.operation import MAKING
from ...traffic.exchange import Exchange
from ...traffic.job_views import found, json_of
from .fingerprint import Identity, identity
from .vendor_limits import ENOUGH


@dataclass(frozen=True, slots=True)
class Telling:
    """A job as an answer showed it, by the number of the request. `state` is None where `word` is
    no state of the document.
    """

    number: int
    exchange: Exchange
    job_id: str
    word: str
    state: State | None
    job: Json

    @property
    def pending(self) -> bool:
        """Whether the job was said to go on."""
        return self.state is not None and self.state.ends is None


@dataclass(frozen=True, slots=True)
class Asked:
    """The waits that an answer asks for, in seconds, the one first that counts first; none if it
    does not ask for any, 0 for what cannot be read.
    """

    waits: tuple[float, ...] = ()

    @property
    def wait(self) -> float | None:
        """The wait that counts, None if there is none."""
        return self.waits[0] if self.waits else None

    def of(self, again: Attempt, waited: float) -> float | None:
        """What was asked of a client that has waited for so many seconds until its next request.

        A mock whose clock nobody lives by asks for a millisecond, so that official clients do not
        wait for real. That binds only those who heed it.
        """
        if not self.wait or self.wait > _NO_TIME:
            return self.wait
        if again.official or ENOUGH * self.wait <= waited <= self.wait / ENOUGH:
            return 0.0
        return self.waits[1] if len(self.waits) > 1 else None


@dataclass(frozen=True, slots=True)
class Attempt:
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
    same: Identity
    sender: str | None
    tells: tuple[Telling, ...]
    retry_after: Asked
    poll_after: Asked
    official: bool
    spent: bool
    unread: bool
    untold: bool

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
        return status is None or status == 429 or status >= 500 or self.untold

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
        return f"was answered {status}" + " with no job to be read" * self.untold

    @property
    def sent(self) -> float | None:
        """The moment of the request, in the seconds that the client lives in; None if nobody
        knows.
        """
        lived = self.exchange.lived
        return None if lived is None else lived - self.exchange.took

    def waited(self, since: Attempt) -> float | None:
        """The seconds in the life of the client from an earlier answer to this request, None if
        nobody knows. It has waited for that long at most.
        """
        sent, before = self.sent, since.exchange.lived
        # What floats make of sums is no time: a wait of none must not be less than none.
        return None if sent is None or before is None else round(sent - before, 6) + 0.0

    def overlaps(self, other: Attempt) -> bool:
        """Whether it was surely sent before an earlier one was answered, so that it cannot be what
        came of that answer.
        """
        return self.exchange.at - self.exchange.took < other.exchange.at - _TOO_FINE


class Reading:
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

    def attempt(self, exchange: Exchange, number: int) -> Attempt:
        """The exchange with this number, as the rules look at it."""
        tells = tuple(self.tellings(exchange, exchange.reply, number))
        unread = exchange.accepted and not tells and self._is_unread(exchange)
        hidden = exchange.accepted and bool(self.hidden(exchange))
        return Attempt(
            number=number,
            exchange=exchange,
            same=identity(exchange, key_header=self._key_header),
            sender=exchange.headers.get(self._key_header),
            tells=tells,
            retry_after=_asked(exchange.reply, self._retry),
            poll_after=_asked(exchange.reply, self._poll),
            official=_SDK in exchange.headers,
            spent=self._is_spent(exchange.reply),
            unread=unread,
            untold=exchange.operation.role in MAKING and (unread or hidden),
        )

    def tellings(self, exchange: Exchange, reply: Reply | None, number: int) -> Iterator[Telling]:
        """The jobs that an answer to this exchange shows, also those in states that there are
        not.
        """
        if reply is None or not 200 <= reply.status < 300 or exchange.operation.role not in SHOWING:
            return
        body, page = json_of(reply), exchange.operation.page
        jobs = [body] if page is None else found(body, page.places.get("items", ()))
        for job in jobs if isinstance(jobs, list) else ():
            job_id, word = found(job, self._lifecycle.id_at), found(job, self._lifecycle.state_at)
            if isinstance(job_id, str) and isinstance(word, str):
                state = self._lifecycle.states.get(word)
                yield Telling(number, exchange, job_id, word, state, job)

    def hidden(self, exchange: Exchange) -> tuple[str, ...]:
        """The jobs, by their ids, that were made by this exchange and that its answer does not
        show.
        """
        if exchange.unseen is None:
            return ()
        told = {telling.job_id for telling in self.tellings(exchange, exchange.reply, 0)}
        made = (telling.job_id for telling in self.tellings(exchange, exchange.unseen, 0))
        return tuple(job_id for job_id in made if job_id not in told)

    def _is_unread(self, exchange: Exchange) -> bool:
        """Whether an answer that shows no job should show one, or the list that it was in."""
        page, reply = exchange.operation.page, exchange.reply
        if exchange.operation.role not in SHOWING or reply is None:
            return False
        return page is None or not isinstance(
            found(json_of(reply), page.places.get("items", ())), list
        )

    def _is_spent(self, reply: Reply | None) -> bool:
        answer, code_at = self._envelope.answers.get(Cause.QUOTA_EXCEEDED), self._envelope.code_at
        if reply is None or answer is None or code_at is None or reply.status != answer.status:
            return False
        return bool(found(json_of(reply), code_at) == answer.code)


def alike(attempts: Iterable[Attempt]) -> list[list[Attempt]]:
    """The attempts that ask for the same together, in their order."""
    groups: dict[Identity, list[Attempt]] = {}
    for attempt in attempts:
        groups.setdefault(attempt.same, []).append(attempt)
    return [*groups.values()]


def seconds(value: float) -> str:
    """A time in words."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + " s"


def _asked(reply: Reply | None, headers: tuple[tuple[str, int], ...]) -> Asked:
    """What these headers say; each with how many of its units make a second."""
    said = [(reply.headers[n], units) for n, units in headers if reply and n in reply.headers]
    waits = [wait for each in said if (wait := _seconds(*each)) is not None]
    return Asked(tuple(waits) if waits else (0.0,) * bool(said))


def _seconds(text: str, units: int) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value / units if 0 <= value < inf else None


SHOWING = (*MAKING, JobRole.RETRIEVE, JobRole.LIST)
_NO_TIME = 0.001
# Seconds: of Unix times, floats do not tell what is much finer.
_TOO_FINE = 1e-6
# Every official SDK sends it: they are all made by the same generator.
_SDK = "x-stainless-lang"
