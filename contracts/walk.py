"""The directed walk: few, chosen requests that lead one job through its whole life."""

from __future__ import annotations

from collections.abc import Callable

from ..openapi import Cause, Document, JobRole, Operation
from .exchange import Exchange
from .ledger import Ledger
from .pacing import Pacing
from .plan import Plan, Probe
from .session import NotThisApi, Server, Session, Step, outcome
from .sighting import found, is_number, json_of, sightings
from .verdict import Standard, Verdict


class Walk:
    """One walk over a server, as planned.

    `standard` is what the server is held to; `poll_interval` how long to wait between polls where
    the server gives no hint, in seconds. `keep` leaves the jobs that were made; `resume` follows a
    job instead of making one; `tell` hears of every step before it is taken.
    """

    def __init__(
        self,
        document: Document,
        plan: Plan,
        server: Server,
        *,
        key: str,
        ledger: Ledger,
        standard: Standard,
        poll_interval: float = 2.0,
        keep: bool = False,
        resume: str | None = None,
        tell: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._document, self._plan, self._standard = document, plan, standard
        self._keep, self._resume = keep, resume
        self._pacing = Pacing(document, poll_interval=poll_interval)
        self._session = Session(
            document,
            server,
            key=key,
            ledger=ledger,
            currency=plan.currency,
            pacing=self._pacing,
            longest_wait=standard.timeout,
            tell=tell,
        )
        self._unknown = document.envelope.answers[Cause.JOB_UNKNOWN].status

    def run(self) -> Verdict:
        """Walks to the end, whatever is found on the way.

        Raises CredentialsRefused if the key is not let in, NotThisApi if another server answers.
        """
        jobs = self._begin() if self._resume is None else [self._resume]
        for index, job_id in enumerate(jobs):
            if index == 0:
                self._content(job_id, "asks for its file at once")
            self._follow(job_id)
        for job_id in jobs[:1]:
            self._content(job_id, "downloads its file")
            self._content(job_id, "downloads a part of it", range_="bytes=0-99")
            self._outlive(job_id)
            self._try_unknown(job_id)
        self._list()
        if not self._keep:
            self._delete_all()
        return self.verdict()

    def verdict(self) -> Verdict:
        """What has been found so far, also if the walk was broken off."""
        session = self._session
        return Verdict(
            violations=self._standard.violations(self._document, session.history),
            history=tuple(session.history),
            jobs=tuple(session.made),
            notes=tuple(session.notes),
        )

    def _begin(self) -> list[str]:
        """Sends what is to be refused, and makes the jobs."""
        for probe in self._plan.probes:
            self._probe(probe)
        tried = [e for e in self._session.history if e.operation.role is JobRole.CREATE]
        if tried and not any(map(_is_this_api, tried)):
            raise NotThisApi(
                f"what answers is not {self._document.title}: {tried[0].operation.method}"
                f" {tried[0].operation.path} was {_told(tried[0])}; is the base URL right?"
            )
        return self._create_all()

    def _probe(self, probe: Probe) -> None:
        operation = self._document.operations[probe.call.operation_id]
        doing = f"tries {operation.id} with {probe.why}"
        if operation.role is JobRole.CREATE:
            self._session.buy(probe.call, probe.price, doing, keyed=False)
        else:
            self._session.ask(probe.call, doing, keyed=False)

    def _create_all(self) -> list[str]:
        # What a probe has made by mistake is good for the walk, too.
        plan, session = self._plan, self._session
        while len(session.made) < plan.creates:
            before = len(session.made)
            exchange = session.buy(plan.create, plan.price, "makes a job", keyed=True)
            if exchange is None:
                break
            if len(session.made) == before:
                if exchange.status is not None and exchange.status < 500:
                    session.notes.append(f"a job could not be made: {outcome(exchange)}")
                break
        return list(session.made)

    def _follow(self, job_id: str) -> None:
        """Polls until the job has ended, or for too long."""
        operation, failures, session = self._operation(JobRole.RETRIEVE), 0, self._session
        session.watched, began = None, None
        while operation is not None:
            exchange = session.about(operation, job_id, "follows the job")
            began = exchange.at if began is None else began
            seen = next(iter(sightings(self._document, exchange)), None)
            session.watched = seen or session.watched
            if seen is not None and seen.state.ends:
                return
            failures = 0 if exchange.accepted else failures + 1
            left = self._standard.timeout - (exchange.at - began)
            if failures > _PATIENCE or left < 0 or exchange.status == self._unknown:
                session.notes.append(f"{job_id} was given up: {outcome(exchange)}")
                return
            # At the latest a second after the time is over, when it is surely too late.
            session.wait(min(self._pacing.next_poll(exchange, failures=failures), left + 1))

    def _content(self, job_id: str, doing: str, *, range_: str | None = None) -> None:
        operation = self._operation(JobRole.CONTENT)
        if operation is not None:
            headers = {"range": range_} if range_ else {}
            self._session.about(operation, job_id, doing, headers=headers)

    def _outlive(self, job_id: str) -> None:
        """Asks for the file once more when it has expired, if that is soon."""
        seen, place = self._session.watched, self._document.lifecycle.expiry_at
        expiry = found(seen.job, place) if seen and place else None
        if is_number(expiry):
            left = expiry - self._session.history[-1].at
            if abs(left) < _SOON:
                self._session.wait(max(0.0, left) + _SKEW)
                self._content(job_id, "asks for its file when it has expired")

    def _try_unknown(self, job_id: str) -> None:
        """Asks once for what is not known well enough to be judged, and notes what came."""
        for role in (JobRole.RETRIEVE, JobRole.CONTENT):
            operation = self._document.by_role.get(role)
            if operation is None or self._plan.grade.covers(operation.provenance):
                continue
            exchange = self._session.about(operation, job_id, f"tries {operation.id}")
            self._session.notes.append(
                f"{operation.id} is {operation.provenance} and not judged; {outcome(exchange)}"
            )

    def _list(self) -> None:
        """Reads the list in short pages, at least as far as the jobs of the walk."""
        operation = self._operation(JobRole.LIST)
        if operation is None or operation.page is None:
            return
        page, query = operation.page, [(operation.page.limit, "1")]
        for _ in range(_PAGES):
            exchange = self._session.page(operation, tuple(query))
            seen = sightings(self._document, exchange)
            cursor = seen[-1].job_id if seen else None
            if "next" in page.places and exchange.reply:
                cursor = found(json_of(exchange.reply), page.places["next"])
            if not seen or not isinstance(cursor, str):
                return
            query[1:] = [(page.after, cursor)]

    def _delete_all(self) -> None:
        session = self._session
        delete, retrieve = self._operation(JobRole.DELETE), self._operation(JobRole.RETRIEVE)
        for job_id in list(session.made):
            if delete is None or not session.about(delete, job_id, "deletes it").accepted:
                continue
            session.made.remove(job_id)
            if retrieve is not None:
                session.about(retrieve, job_id, "looks whether it is gone")

    def _operation(self, role: JobRole) -> Operation | None:
        """The operation of a role, if there is one that is known well enough."""
        operation = self._document.by_role.get(role)
        return operation if operation and self._plan.grade.covers(operation.provenance) else None


def _is_this_api(exchange: Exchange) -> bool:
    """Whether an answer to a create may come from this API; none at all may be a fault of it."""
    reply = exchange.reply
    if reply is None or reply.status in _ELSEWHERE:
        return reply is None
    return 400 <= reply.status < 500 or json_of(reply) is not None


def _told(exchange: Exchange) -> str:
    """How a request was answered, for someone who may have asked at a wrong address."""
    headers = exchange.reply.headers if exchange.reply else {}
    target = f" to {headers['location']}" if "location" in headers else ""
    return f"{outcome(exchange)}{target} with {headers.get('content-type', 'no content type')}"


_PAGES = 5
_PATIENCE = 3
_SOON, _SKEW = 10.0, 2.5
# So answers a path that is something else, or that there is not.
_ELSEWHERE = (301, 302, 303, 307, 308, 404, 405)
