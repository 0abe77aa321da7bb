"""The directed walk: few, chosen requests that lead one job through its whole life."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from ..openapi import Call, Cause, Document, JobRole, Operation
from .exchange import Exchange
from .history import check_server
from .ledger import BudgetExceeded, Ledger
from .plan import Plan, Probe
from .sighting import Sighting, found, is_number, json_of, sightings
from .violation import Violation
from .writing import job_parameter, write_call


class Unreachable(Exception):
    """Nothing at the server's address has ever answered; nothing was made."""


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
    """Where a walk stands: what it does, the job's state and progress if there is one yet, and what
    is spent.
    """

    doing: str
    job_id: str | None
    state: str | None
    progress: float | None
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk has found. `jobs` are those that it made and left, `notes` what it could not do,
    and why.
    """

    violations: tuple[Violation, ...]
    history: tuple[Exchange, ...]
    jobs: tuple[str, ...]
    notes: tuple[str, ...]


class Walk:
    """One walk over a server. A create is never repeated once it may have been accepted, and what
    the ledger does not hold is not sent.

    `timeout` is how long a job may take, in seconds; `poll_interval` how long to wait between polls
    where the server gives no hint. `keep` leaves the jobs that were made; `resume` follows a job
    instead of making one.
    """

    def __init__(
        self,
        document: Document,
        plan: Plan,
        server: Server,
        *,
        key: str,
        ledger: Ledger,
        timeout: float = 300.0,
        poll_interval: float = 2.0,
        keep: bool = False,
        resume: str | None = None,
        tell: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._document, self._plan, self._server = document, plan, server
        self._key, self._ledger = key, ledger
        self._timeout, self._poll_interval = timeout, poll_interval
        self._keep, self._resume, self._tell = keep, resume, tell
        self._history: list[Exchange] = []
        self._made: list[str] = []
        self._notes: list[str] = []
        self._last: Sighting | None = None
        answers = document.envelope.answers
        self._refused = answers[Cause.CREDENTIALS_INVALID].status
        self._unknown = answers[Cause.JOB_UNKNOWN].status

    def run(self) -> Verdict:
        """Walks to the end, whatever is found on the way; raises CredentialsRefused if the key is
        not let in.
        """
        for probe in self._plan.probes if self._resume is None else ():
            self._probe(probe)
        jobs = self._create_all() if self._resume is None else [self._resume]
        for index, job_id in enumerate(jobs):
            if index == 0:
                self._content(job_id, "asks for its file at once")
            self._follow(job_id)
        for job_id in jobs[:1]:
            self._content(job_id, "downloads its file")
            self._content(job_id, "downloads a part of it", range_="bytes=0-99")
        self._list()
        if not self._keep:
            self._delete_all()
        return self.verdict()

    def verdict(self) -> Verdict:
        """What has been found so far, also if the walk was broken off."""
        told = check_server(self._document, self._history, timeout=self._timeout)
        return Verdict(
            violations=tuple(violation for violation in told if self._counts(violation)),
            history=tuple(self._history),
            jobs=tuple(self._made),
            notes=tuple(self._notes),
        )

    def _probe(self, probe: Probe) -> None:
        operation = self._document.operations[probe.call.operation_id]
        doing = f"tries {operation.id} with {probe.why}"
        if operation.role is JobRole.CREATE:
            self._buy(probe.call, probe.price, doing, keyed=False)
        else:
            self._ask(probe.call, doing, keyed=False)

    def _create_all(self) -> list[str]:
        # What a probe has made by mistake is good for the walk, too.
        while len(self._made) < self._plan.creates:
            before = len(self._made)
            exchange = self._buy(self._plan.create, self._plan.price, "makes a job", keyed=True)
            if exchange is None:
                break
            if len(self._made) == before:
                if exchange.status is not None and exchange.status < 500:
                    self._notes.append(f"a job could not be made: {_outcome(exchange)}")
                break
        return list(self._made)

    def _buy(self, call: Call, price: Decimal, doing: str, *, keyed: bool) -> Exchange | None:
        """Sends a create, if the ledger holds its price; the price is given back only if there was
        surely no job made.
        """
        try:
            self._ledger.reserve(price, self._plan.currency)
        except BudgetExceeded as error:
            self._notes.append(f"not sent ({doing}): {error}")
            return None
        try:
            exchange = self._ask(call, doing, keyed=keyed)
        except (Unreachable, CredentialsRefused):
            self._ledger.release(price)
            raise
        if exchange.status is not None and 400 <= exchange.status < 500:
            self._ledger.release(price)
        else:
            self._note_job(exchange)
        return exchange

    def _note_job(self, exchange: Exchange) -> None:
        """Remembers a job that is paid for, whatever else its answer says."""
        body = json_of(exchange.reply) if exchange.reply else None
        job_id = found(body, self._document.lifecycle.id_at)
        if not isinstance(job_id, str) or not job_id:
            self._notes.append(
                f"a job may have been made, its id is not known: {_outcome(exchange)}"
            )
        elif job_id not in self._made:
            self._made.append(job_id)

    def _follow(self, job_id: str) -> None:
        """Polls until the job has ended, or for too long."""
        operation, failures, self._last = self._operation(JobRole.RETRIEVE), 0, None
        began: float | None = None
        while operation is not None:
            exchange = self._ask(self._about(operation, job_id), "follows the job")
            began = exchange.at if began is None else began
            seen = next(iter(sightings(self._document, exchange)), None)
            self._last = seen or self._last
            if seen is not None and seen.state.ends:
                return
            failures = 0 if exchange.accepted else failures + 1
            left = self._timeout - (exchange.at - began)
            if failures > _PATIENCE or left < 0 or exchange.status == self._unknown:
                self._notes.append(f"{job_id} was given up: {_outcome(exchange)}")
                return
            # At the latest a second after the time is over, when it is surely too late.
            self._server.wait(min(self._pause(exchange, failures), left + 1))

    def _pause(self, exchange: Exchange, failures: int) -> float:
        """How long the server asks to be left alone, or else the usual interval."""
        headers = exchange.reply.headers if exchange.reply else {}
        envelope, hint = self._document.envelope, self._document.lifecycle.poll_hint
        asked = headers.get(envelope.retry_seconds or "", "") if failures else ""
        said = headers.get(hint.header, "") if hint and not failures else ""
        if _COUNT.fullmatch(asked):
            return float(asked)
        if hint and _COUNT.fullmatch(said):
            return float(said) / hint.per_second
        return float(self._poll_interval * 2**failures)

    def _content(self, job_id: str, doing: str, *, range_: str | None = None) -> None:
        operation = self._operation(JobRole.CONTENT)
        if operation is not None:
            headers = {"range": range_} if range_ else {}
            self._ask(self._about(operation, job_id, headers=headers), doing)

    def _list(self) -> None:
        """Reads the list in short pages, at least as far as the jobs of the walk."""
        operation = self._operation(JobRole.LIST)
        if operation is None or operation.page is None:
            return
        page, query = operation.page, [(operation.page.limit, "1")]
        for _ in range(_PAGES):
            call = write_call(self._document, operation, key=self._key, query=tuple(query))
            exchange = self._ask(call, "reads the list")
            seen = sightings(self._document, exchange)
            cursor = seen[-1].job_id if seen else None
            if "next" in page.places and exchange.reply:
                cursor = found(json_of(exchange.reply), page.places["next"])
            if not seen or not isinstance(cursor, str):
                return
            query[1:] = [(page.after, cursor)]

    def _delete_all(self) -> None:
        delete, retrieve = self._operation(JobRole.DELETE), self._operation(JobRole.RETRIEVE)
        for job_id in list(self._made):
            if delete is None or not self._ask(self._about(delete, job_id), "deletes it").accepted:
                continue
            self._made.remove(job_id)
            if retrieve is not None:
                self._ask(self._about(retrieve, job_id), "looks whether it is gone")

    def _operation(self, role: JobRole) -> Operation | None:
        """The operation of a role, if there is one that is known well enough."""
        operation = self._document.by_role.get(role)
        return operation if operation and self._plan.grade.covers(operation.provenance) else None

    def _about(
        self, operation: Operation, job_id: str, *, headers: Mapping[str, str] | None = None
    ) -> Call:
        parameters = {job_parameter(operation): job_id}
        return write_call(
            self._document, operation, key=self._key, path_parameters=parameters, headers=headers
        )

    def _ask(self, call: Call, doing: str, *, keyed: bool = True) -> Exchange:
        """Sends a call; raises CredentialsRefused if one with the key is not let in."""
        last, place = self._last, self._document.lifecycle.progress_at
        progress = found(last.job, place) if last and place else None
        self._tell(
            Step(
                doing=doing,
                job_id=last.job_id if last else None,
                state=last.state.name if last else None,
                progress=progress if is_number(progress) else None,
                spent=self._ledger.spent,
            )
        )
        exchange = self._server.ask(call)
        self._history.append(exchange)
        if keyed and exchange.status == self._refused:
            raise CredentialsRefused(f"the server refuses the key, status {exchange.status}")
        return exchange

    def _counts(self, violation: Violation) -> bool:
        """Whether what was broken is known well enough to be held against a server."""
        exchange = self._history[violation.numbers[-1] - 1]
        response = exchange.operation.responses.get(exchange.status or 0)
        return response is None or self._plan.grade.covers(response.provenance)


def _outcome(exchange: Exchange) -> str:
    """How a request ended, in words."""
    return "no answer" if exchange.status is None else f"answered {exchange.status}"


_PAGES = 5
_PATIENCE = 3
_COUNT = re.compile("[1-9][0-9]{0,8}")
