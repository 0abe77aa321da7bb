"""One client's dealings with a server: what it asks, what it makes, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Protocol

from ..openapi import Call, Cause, Document, Operation
from .exchange import Exchange
from .ledger import BudgetExceeded, Ledger
from .pacing import Pacing
from .redaction import Redaction
from .sighting import Sighting, found, is_number, json_of
from .writing import job_parameter, write_call


class Unreachable(Exception):
    """Nothing at the server's address has ever answered; nothing was made."""


class NotThisApi(Unreachable):
    """Something answers, but not as this API does; nothing was made."""


class CredentialsRefused(Exception):
    """The server does not let the key in; nothing was made with it."""


class Server(Protocol):
    """Whatever answers calls, and lets time pass."""

    def ask(self, call: Call) -> Exchange:
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

    doing: str
    made: tuple[str, ...]
    job_id: str | None
    state: str | None
    progress: float | None
    spent: Decimal


class Session:
    """Asks a server as one client, and keeps what it answers. A create is never repeated once it
    may have been accepted, and what the ledger does not hold is not sent.

    `history` holds every exchange, without the key; `made` the jobs that were made, `notes` what
    could not be done, and why. `watched` is the job that is followed, as it was seen last.
    """

    def __init__(
        self,
        document: Document,
        server: Server,
        *,
        key: str,
        ledger: Ledger,
        currency: str,
        pacing: Pacing,
        longest_wait: float,
        tell: Callable[[Step], None],
    ) -> None:
        self.history: list[Exchange] = []
        self.made: list[str] = []
        self.notes: list[str] = []
        self.watched: Sighting | None = None
        self._document, self._server, self._tell = document, server, tell
        self._key, self._redaction = key, Redaction(document, keys=[key])
        self._ledger, self._currency = ledger, currency
        self._pacing, self._longest_wait = pacing, longest_wait
        self._refused = document.envelope.answers[Cause.CREDENTIALS_INVALID].status

    def ask(self, call: Call, doing: str, *, keyed: bool = True) -> Exchange:
        """Sends a call, and again as often as the server asks for some patience (429), as none does
        that has accepted it. Raises CredentialsRefused if one with the key is not let in.
        """
        exchange = self._send(call, doing)
        for _ in range(_PATIENCE):
            pause = self._pacing.asked(exchange)
            limited = exchange.status == HTTPStatus.TOO_MANY_REQUESTS
            if not limited or pause is None or pause > self._longest_wait:
                break
            self.wait(pause)
            exchange = self._send(call, doing)
        if keyed and exchange.status == self._refused:
            raise CredentialsRefused(f"the server refuses the key, status {exchange.status}")
        return exchange

    def about(
        self,
        operation: Operation,
        job_id: str,
        doing: str,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Exchange:
        """Asks for one job."""
        parameters = {job_parameter(operation): job_id}
        call = write_call(
            self._document, operation, key=self._key, path_parameters=parameters, headers=headers
        )
        return self.ask(call, doing)

    def page(self, operation: Operation, query: tuple[tuple[str, str], ...]) -> Exchange:
        """Asks for a page of the list."""
        call = write_call(self._document, operation, key=self._key, query=query)
        return self.ask(call, "reads the list")

    def buy(self, call: Call, price: Decimal, doing: str, *, keyed: bool) -> Exchange | None:
        """Sends a create, if the ledger holds its price; the price is given back only if there was
        surely no job made.
        """
        try:
            self._ledger.reserve(price, self._currency)
        except BudgetExceeded as error:
            self.notes.append(f"not sent ({doing}): {error}")
            return None
        try:
            exchange = self.ask(call, doing, keyed=keyed)
        except (Unreachable, CredentialsRefused):
            self._ledger.release(price)
            raise
        if exchange.status is not None and 400 <= exchange.status < 500:
            self._ledger.release(price)
        else:
            self._note_job(exchange)
        return exchange

    def wait(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        self._server.wait(seconds)

    def _note_job(self, exchange: Exchange) -> None:
        """Remembers a job that is paid for, whatever else its answer says."""
        body = json_of(exchange.reply) if exchange.reply else None
        job_id = found(body, self._document.lifecycle.id_at)
        if not isinstance(job_id, str) or not job_id:
            self.notes.append(f"a job may have been made, its id is not known: {outcome(exchange)}")
        elif job_id not in self.made:
            self.made.append(job_id)

    def _send(self, call: Call, doing: str) -> Exchange:
        """Sends a call once, and says so."""
        seen, place = self.watched, self._document.lifecycle.progress_at
        progress = found(seen.job, place) if seen and place else None
        self._tell(
            Step(
                doing=doing,
                made=tuple(self.made),
                job_id=seen.job_id if seen else None,
                state=seen.state.name if seen else None,
                progress=progress if is_number(progress) else None,
                spent=self._ledger.spent,
            )
        )
        exchange = self._redaction.exchange(self._server.ask(call))
        self.history.append(exchange)
        return exchange


def outcome(exchange: Exchange) -> str:
    """How a request ended, in words."""
    return "no answer" if exchange.status is None else f"answered {exchange.status}"


_PATIENCE = 3
