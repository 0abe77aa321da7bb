"""One client's dealings with a server: what it asks, what it makes, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Protocol

from ...openapi import Call, Cause, Document, Operation
from ..budget import Budget
from ..errors import BudgetExceeded, CredentialsRejected, ServerUnreachable
from ..rules.server.availability import IDEMPOTENT_METHODS
from ..traffic.exchange import Exchange
from ..traffic.job_views import JobView, get_or_none, is_number, json_body
from ..traffic.redaction import Redaction
from ..traffic.request_builder import build_call, job_id_parameter
from .pacing import Pacing


class Target(Protocol):
    """Whatever answers calls, and lets time pass."""

    def send(self, call: Call) -> Exchange:
        """Sends a call; an exchange without a reply is one of which nobody knows how it ended.

        Raises Unreachable if there never was an answer to any.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Lets so many seconds of the server's time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """Where a walk stands: what it does, the job's state and progress if there is one yet, which
    jobs it has made, and what is spent.
    """

    action: str
    made: tuple[str, ...]
    job_id: str | None
    state: str | None
    progress: float | None
    spent: Decimal


class Session:
    """Asks a server as one client, and keeps what it answers. A create is never repeated once it
    may have been accepted, and what the ledger does not hold is not sent.

    `history` holds every exchange, without the key, and `purposes` what each was for; `made` the
    jobs that were made, `notes` what could not be done, and why. `watched` is the job that is
    followed, as it was seen last.
    """

    def __init__(
        self,
        document: Document,
        server: Target,
        *,
        key: str,
        ledger: Budget,
        currency: str,
        pacing: Pacing,
        longest_wait: float,
        tell: Callable[[Step], None],
    ) -> None:
        self.history: list[Exchange] = []
        self.purposes: list[str] = []
        self.made: list[str] = []
        self.notes: list[str] = []
        self.followed: JobView | None = None
        self._unsent: dict[str, list[str]] = {}
        self._hopeless: set[str] = set()
        self._let_in = False
        self._paid: list[Decimal] = []
        self._document, self._server, self._tell = document, server, tell
        self._key, self._redaction = key, Redaction(document, keys=[key])
        self._ledger, self._currency = ledger, currency
        self._pacing, self._longest_wait = pacing, longest_wait
        self._refused = document.envelope.answers[Cause.CREDENTIALS_INVALID].status

    def request(self, call: Call, doing: str, *, proves_key: bool = True) -> Exchange:
        """Sends a call, and again as long as the server asks for some patience (429), as none does
        that has accepted it. What makes nothing is also sent again if the server fails to answer.

        Raises CredentialsRefused if the first one with the key is not let in.
        """
        exchange, waited = self._send(call, doing), 0.0
        for failures in range(1, _PATIENCE + 1):
            pause = self._pause(exchange, failures)
            if pause is None:
                break
            if waited + pause > self._longest_wait:
                self.notes.append(f"{doing}: asked to wait {pause:g} seconds, more than there are")
                break
            waited += pause
            self.wait(pause)
            exchange = self._send(call, doing)
        if self._pause(exchange, 1) is not None:
            self._hopeless.add(exchange.operation_id)
        if proves_key:
            self._look_at_the_key(exchange)
        return exchange

    def request_job(
        self,
        operation: Operation,
        job_id: str,
        doing: str,
        *,
        with_key: bool = True,
        query: tuple[tuple[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
        proves_key: bool = True,
    ) -> Exchange:
        """Asks for one job. What is asked out of curiosity proves nothing of the key."""
        call = build_call(
            self._document,
            operation,
            key=self._key if with_key else None,
            path_parameters={job_id_parameter(operation): job_id},
            query=query,
            headers=headers,
        )
        return self.request(call, doing, proves_key=with_key and proves_key)

    def request_page(self, operation: Operation, query: tuple[tuple[str, str], ...]) -> Exchange:
        """Asks for a page of the list."""
        call = build_call(self._document, operation, key=self._key, query=query)
        return self.request(call, "reads the list")

    def create(
        self, call: Call, price: Decimal, doing: str, *, proves_key: bool
    ) -> Exchange | None:
        """Sends a create, if the ledger holds its price; the price is given back only if there was
        surely no job made.
        """
        try:
            self._ledger.reserve(price, self._currency)
        except BudgetExceeded as error:
            self._unsent.setdefault(str(error), []).append(doing)
            return None
        try:
            exchange = self.request(call, doing, proves_key=proves_key)
        except (ServerUnreachable, CredentialsRejected):
            self._ledger.release(price)
            raise
        except KeyboardInterrupt:
            self.notes.append("a job may have been made, its id is not known: broken off")
            raise
        if exchange.status is not None and 400 <= exchange.status < 500:
            self._ledger.release(price)
        else:
            self._paid.append(price)
            self._note_job(exchange)
        return exchange

    def note(self, text: str) -> None:
        """Keeps what could not be done, and why."""
        self.notes.append(text)

    def follow(self, seen: JobView | None) -> None:
        """Takes this for the job that is followed, as it stands."""
        self.followed = seen

    def forget(self, job_id: str) -> None:
        """Takes a job for gone."""
        self.made.remove(job_id)

    def discard(self) -> None:
        """Takes back all that was noted of jobs, since it was not this API that answered."""
        for price in self._paid:
            self._ledger.release(price)
        for noted in (self._paid, self.made, self.notes, self._unsent):
            noted.clear()

    def wait(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        self._server.wait(seconds)

    def all_notes(self) -> tuple[str, ...]:
        """The notes, and what was not sent since it could have cost too much."""
        unsent = (_unsent(why, what) for why, what in self._unsent.items())
        return (*self.notes, *unsent)

    def _pause(self, exchange: Exchange, failures: int) -> float | None:
        """How long to wait before the same is sent again, None if it is not to be."""
        limited = exchange.status == HTTPStatus.TOO_MANY_REQUESTS
        failed = exchange.status is None or exchange.status >= 500
        makes_nothing = exchange.operation.method in IDEMPOTENT_METHODS
        if (
            self._is_silent()
            or exchange.operation_id in self._hopeless
            or not (limited or (failed and makes_nothing))
        ):
            return None
        return self._pacing.next_try(exchange, failures=failures)

    def _is_silent(self) -> bool:
        """Whether nothing was ever answered, so that patience is in vain."""
        return len(self.history) >= _SILENT and not any(e.reply for e in self.history)

    def _look_at_the_key(self, exchange: Exchange) -> None:
        """Raises CredentialsRefused, unless the key was let in before: then it is the server that
        breaks off, and whatever was made is still there.
        """
        if exchange.status == self._refused and not (self._let_in or self.made):
            raise CredentialsRejected(f"the server refuses the key, status {exchange.status}")
        self._let_in = self._let_in or exchange.accepted

    def _note_job(self, exchange: Exchange) -> None:
        """Remembers a job that is paid for, whatever else its answer says."""
        body = json_body(exchange.reply) if exchange.reply else None
        job_id = get_or_none(body, self._document.lifecycle.id_at)
        # Dots would lead to another path of the server.
        if not isinstance(job_id, str) or job_id in ("", ".", ".."):
            self.notes.append(f"a job may have been made, its id is not known: {outcome(exchange)}")
        elif job_id not in self.made:
            self.made.append(job_id)

    def _send(self, call: Call, doing: str) -> Exchange:
        """Sends a call once, and says so."""
        self.show(doing)
        exchange = self._redaction.redact(self._server.send(call))
        self.history.append(exchange)
        self.purposes.append(doing)
        return exchange

    def show(self, doing: str) -> None:
        """Tells whoever watches where this stands."""
        seen, place = self.followed, self._document.lifecycle.progress_at
        progress = get_or_none(seen.job, place) if seen and place else None
        self._tell(
            Step(
                action=doing,
                made=tuple(self.made),
                job_id=seen.job_id if seen else None,
                state=seen.state.name if seen else None,
                progress=progress if is_number(progress) else None,
                spent=self._ledger.spent,
            )
        )


def outcome(exchange: Exchange) -> str:
    """How a request ended, in words."""
    return "no answer" if exchange.status is None else f"answered {exchange.status}"


def _unsent(why: str, what: list[str]) -> str:
    if len(what) == 1:
        return f"not sent ({what[0]}): {why}"
    return f"{len(what)} requests were not sent (such as: {what[0]}): {why}"


_PATIENCE = 3
_SILENT = 2
