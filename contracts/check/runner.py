"""The directed walk: few, chosen requests that lead one job through its whole life."""

from __future__ import annotations

from collections.abc import Callable

from ...openapi import Document, JobRole
from ...openapi.text import one_line
from ..budget import Budget
from ..errors import NotThisApi, ServerUnreachable
from ..traffic.exchange import Exchange
from ..traffic.job_views import json_body
from .pacing import Pacing
from .plan import CheckPlan
from .probes import Probe
from .result import CheckPolicy, CheckResult
from .session import Session, Step, Target, outcome
from .steps import JobSteps, ListSteps


class CheckRunner:
    """One walk over a server, as planned.

    `standard` is what the server is held to; `poll_interval` the longest wait between polls, in
    seconds, None for what the server hints at, or else two. `keep` leaves the jobs that were made;
    `resume` follows a job instead of making one; `tell` hears of every step before it is taken.
    """

    def __init__(
        self,
        document: Document,
        plan: CheckPlan,
        server: Target,
        *,
        key: str,
        ledger: Budget,
        standard: CheckPolicy,
        poll_interval: float | None = None,
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
        self._lists = ListSteps(document, self._session, grade=plan.grade)

    def run(self) -> CheckResult:
        """Walks to the end, whatever is found on the way.

        Raises CredentialsRefused if the key is not let in, NotThisApi if another server answers.
        """
        first = self._begin() if self._resume is None else self._resume
        if first is not None:
            visit = self._visit(first)
            visit.begin()
            visit.follow(self._lists)
            visit.end()
            self._walk_others(first)
            visit.look_again()
        self._lists.read()
        if not self._keep:
            self._delete_all()
        return self.verdict()

    def verdict(self) -> CheckResult:
        """What has been found so far, also if the walk was broken off."""
        session = self._session
        return CheckResult(
            violations=self._standard.violations(self._document, session.history),
            history=tuple(session.history),
            jobs=tuple(session.made),
            notes=session.all_notes(),
            purposes=tuple(session.purposes),
        )

    def _begin(self) -> str | None:
        """Sends what is to be refused, and makes the first job, if that is possible."""
        for probe in self._plan.probes:
            self._probe(probe)
            self._give_up_if_silent()
            self._give_up_elsewhere()
        # What a probe has made by mistake is good for the walk, too.
        if not self._session.made and self._plan.creates:
            self._create(0)
        return next(iter(self._session.made), None)

    def _walk_others(self, first: str) -> None:
        """Makes the other jobs of the plan, a second later so that their stamps tell them apart."""
        session = self._session
        while self._resume is None and len(session.made) < len(self._plan.creates):
            session.wait(self._apart())
            if not self._create(len(session.made)):
                break
        for job_id in [job_id for job_id in session.made if job_id != first]:
            visit = self._visit(job_id)
            if not self._keep and visit.delete_early():
                session.forget(job_id)
            else:
                visit.follow(self._lists)

    def _apart(self) -> float:
        """The seconds until a job would be made a whole second after the first."""
        made = (e.at for e in self._session.history if e.operation.role is JobRole.CREATE)
        return max(0.0, max(made) + _APART - self._session.history[-1].at)

    def _create(self, number: int) -> bool:
        """Makes a job of the plan; whether there is one more."""
        session, before = self._session, len(self._session.made)
        call = self._plan.creates[number]
        exchange = session.create(call, self._plan.price, "makes a job", proves_key=True)
        made = len(session.made) > before
        refused = exchange is not None and exchange.status is not None and exchange.status < 500
        if exchange is not None and refused and not made:
            session.note(f"a job could not be made: {outcome(exchange)}")
        return made

    def _visit(self, job_id: str) -> JobSteps:
        return JobSteps(
            self._document,
            self._session,
            job_id,
            grade=self._plan.grade,
            pacing=self._pacing,
            timeout=self._standard.timeout,
        )

    def _delete_all(self) -> None:
        gone = [job for job in self._session.made if self._visit(job).delete()]
        for job in gone:
            self._session.forget(job)
        if gone:
            self._lists.look()

    def _give_up_if_silent(self) -> None:
        """Raises Unreachable if nothing was ever answered, so that nobody waits for hours."""
        history = self._session.history
        if len(history) >= _SILENT and not any(exchange.reply for exchange in history):
            raise ServerUnreachable(f"the server has not answered any of {len(history)} requests")

    def _give_up_elsewhere(self) -> None:
        """Raises NotThisApi if all answers so far, one to a create among them, are those of another
        server; then nothing was made.
        """
        history = self._session.history
        creates = [e for e in history if e.operation.role is JobRole.CREATE]
        elsewhere = len(history) >= _ENOUGH and not any(map(_is_this_api, history))
        redirected = any(_is_redirected(create) for create in creates)
        if creates and (elsewhere or redirected or self._is_no_path(creates)):
            self._session.discard()
            raise NotThisApi(
                f"what answers is not {self._document.title}: {creates[-1].operation.method}"
                f" {creates[-1].operation.path} was {_told(creates[-1])}; is the base URL right?"
            )

    def _is_no_path(self, creates: list[Exchange]) -> bool:
        """Whether every create that was tried has found nothing, and all were tried."""
        planned = [
            p.call for p in self._plan.probes if p.call.operation_id == creates[0].operation_id
        ]
        return len(creates) >= len(planned) and all(e.status in _NO_PATH for e in creates)

    def _probe(self, probe: Probe) -> None:
        operation = self._document.operations[probe.call.operation_id]
        doing = f"tries {operation.id} with {probe.why}"
        if operation.role is JobRole.CREATE:
            self._session.create(probe.call, probe.price, doing, proves_key=False)
        else:
            self._session.request(probe.call, doing, proves_key=False)


def _is_this_api(exchange: Exchange) -> bool:
    """Whether an answer may come from this API; none at all may be a fault of it."""
    reply = exchange.reply
    if reply is None or reply.status in _ELSEWHERE:
        return reply is None
    return 400 <= reply.status < 500 or json_body(reply) is not None


def _is_redirected(exchange: Exchange) -> bool:
    return exchange.status in _REDIRECTS


def _told(exchange: Exchange) -> str:
    """How a request was answered, for someone who may have asked at a wrong address."""
    headers = exchange.reply.headers if exchange.reply else {}
    target = f" to {headers['location']}" if "location" in headers else ""
    kind = headers.get("content-type", "no content type")
    return f"{outcome(exchange)}{one_line(target)} with {one_line(kind)}"


_APART = 1.0
_SILENT, _ENOUGH = 2, 5
# So answers a path that is something else, or that there is not.
_NO_PATH, _REDIRECTS = (404, 405), (301, 302, 303, 307, 308)
_ELSEWHERE = (*_REDIRECTS, *_NO_PATH)
