"""The jobs that a check creates: the price reserved for each, and their ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus

from ...openapi import Call, Document, JobKind
from ..budget import Budget
from ..errors import CheckTimedOut, ServerUnreachable
from ..traffic.billing import is_documented_error, is_documented_refusal, is_unbilled
from ..traffic.exchange import Exchange
from ..traffic.job_views import created_job_id
from .new_jobs import NewJobs
from .request_maker import RequestMaker
from .target import describe_outcome

Send = Callable[[Call, str], Exchange]


class PaidJobs:
    """The jobs of one check.

    kind: the kind of its jobs
    requests: makes the requests for the list
    send: sends a call once, with the action that it is part of
    read: sends a call that creates nothing, again if it fails
    ids: the jobs that were created and not deleted
    """

    def __init__(
        self,
        document: Document,
        kind: JobKind,
        requests: RequestMaker,
        budget: Budget,
        currency: str,
        *,
        send: Send,
        read: Send,
    ) -> None:
        self.ids: list[str] = []
        self._document, self._budget, self._currency = document, budget, currency
        self._requests, self._send, self._read = requests, send, read
        self._billed: list[_Create] = []
        self._new_jobs, self._read_list = NewJobs(kind), False

    @property
    def unknown(self) -> tuple[str, ...]:
        """The creates that may have been billed for a job with an unknown id, in words."""
        return tuple(str(create) for create in self._billed if not create.has_known_id)

    @property
    def spent(self) -> Decimal | None:
        """The amount that is reserved so far; None if a price is unknown."""
        return self._budget.total

    @property
    def billed(self) -> int:
        """The number of creates that may be billed."""
        return len(self._billed)

    def create(self, call: Call, price: Decimal | None, action: str) -> Exchange:
        """Reserve the price, send a create once, and release the price if no job was created.

        Raises BudgetExceeded if the budget does not allow the price.
        """
        self._budget.reserve(price, self._currency)
        try:
            exchange = self._send(call, action)
        except (ServerUnreachable, CheckTimedOut):
            self._budget.release(price)
            raise
        except KeyboardInterrupt:
            self._billed.append(_Create(None, price, action))
            raise
        # Until it is clear, the create counts: reading the list can be interrupted.
        self._billed.append(_Create(exchange, price, action))
        if self._created_nothing(exchange):
            self._billed.pop()
            self._budget.release(price)
        else:
            self._billed[-1].has_known_id = self._record_job(exchange)
        return exchange

    def may_have_created(self, exchange: Exchange) -> bool:
        """Return True unless a create certainly created no job."""
        return any(create.exchange is exchange for create in self._billed)

    def may_create_again(self, exchange: Exchange) -> bool:
        """Return True if a create can be sent again without a second job."""
        reply = exchange.reply
        return (
            reply is not None
            and reply.status == HTTPStatus.TOO_MANY_REQUESTS
            and not self.may_have_created(exchange)
            and is_documented_error(self._document, exchange.operation, reply)
        )

    def read_known_jobs(self) -> None:
        """Read the list before the first create, so that new jobs can be recognized."""
        if not self._read_list:
            self._read_list = True
            self._list_shows_no_new_job("reads the list before the first create")

    def forget(self, job_id: str) -> None:
        """Remove a deleted job from `ids`."""
        self.ids.remove(job_id)

    def discard(self) -> None:
        """Release the prices and drop the jobs, because another API responded.

        A create that may have been accepted stays: it had no response, or it was redirected to the
        result (303).
        """
        for create in self._billed:
            if not create.may_be_accepted:
                self._budget.release(create.price)
        self._billed = [create for create in self._billed if create.may_be_accepted]
        self.ids.clear()

    def _created_nothing(self, exchange: Exchange) -> bool:
        """Return True if a create certainly created no job."""
        if exchange.reply is None:
            return not exchange.sent
        if is_documented_refusal(self._document, exchange):
            return True
        if not (400 <= exchange.reply.status < 500 or exchange.reports_error):
            return False
        if is_unbilled(self._document, exchange.operation, exchange.reply):
            return True
        return self._list_shows_no_new_job("reads the list, because the create may be billed")

    def _list_shows_no_new_job(self, action: str) -> bool:
        """Return True if the list shows that no job was created since it was last read."""
        listing = self._new_jobs.operation
        if listing is None:
            return False
        call = self._requests.request(listing.operation, query=self._new_jobs.query)
        return self._new_jobs.read(self._read(call, action))

    def _record_job(self, exchange: Exchange) -> bool:
        """Remember the id of a paid job, even if the rest of the response is invalid.

        Returns False if the id is unknown.
        """
        job_id = created_job_id(self._document, exchange)
        if job_id is None:
            return False
        if job_id not in self.ids:
            self.ids.append(job_id)
            self._new_jobs.add(job_id)
        return True


@dataclass(slots=True)
class _Create:
    """A create that may be billed.

    exchange: the request and its response, None if it was interrupted
    price: the reserved price, None if it is unknown
    action: the action that it is part of
    has_known_id: True if the response contains the id of the job
    """

    exchange: Exchange | None
    price: Decimal | None
    action: str
    has_known_id: bool = False

    def __str__(self) -> str:
        outcome = describe_outcome(self.exchange) if self.exchange else "interrupted"
        return f"{self.action}: {outcome}"

    @property
    def may_be_accepted(self) -> bool:
        """True if even another API may have accepted it."""
        status = self.exchange.status if self.exchange else None
        return status in (None, HTTPStatus.SEE_OTHER)
