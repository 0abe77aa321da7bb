"""The run of a check: probes, the planned jobs, the list, and deletion."""

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
from .session import Session, Step
from .steps import JobSteps, ListSteps
from .target import Target, describe_outcome


class CheckRunner:
    """One check of a target.

    document: the API that the target should implement
    plan: the requests to send
    target: the server under check
    key: the API key to send
    budget: the limits on spending and on created jobs
    policy: the rules that the target must follow
    poll_interval: the longest delay between polls in seconds; None uses the target's hint, or two
    keep: True leaves the created jobs on the target
    resume: the id of a job to follow instead of creating one
    on_step: called before each request with the progress of the check
    """

    def __init__(
        self,
        document: Document,
        plan: CheckPlan,
        target: Target,
        *,
        key: str,
        budget: Budget,
        policy: CheckPolicy,
        poll_interval: float | None = None,
        keep: bool = False,
        resume: str | None = None,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        self._document, self._plan, self._policy = document, plan, policy
        self._keep, self._resume = keep, resume
        self._pacing = Pacing(document, poll_interval=poll_interval)
        self._session = Session(
            document,
            target,
            key=key,
            budget=budget,
            currency=plan.currency,
            pacing=self._pacing,
            max_wait=policy.timeout,
            on_step=on_step,
        )
        self._lists = ListSteps(document, self._session, grade=plan.grade)

    def run(self) -> CheckResult:
        """Run the whole check, even after violations.

        Raises CredentialsRejected if the target rejects the key, NotThisApi if it is another
        API, ServerUnreachable if it never responds, and CheckTimedOut if the time is over.
        """
        first = self._first_job() if self._resume is None else self._resume
        if first is not None:
            steps = self._job_steps(first)
            steps.request_early_content()
            steps.follow(self._lists)
            steps.check_finished()
            self._check_other_jobs(first)
            steps.retrieve_again()
        self._lists.read_pages()
        if not self._keep:
            self._delete_jobs()
        return self.result()

    def result(self) -> CheckResult:
        """Return the result so far. This also works after the run was interrupted."""
        session = self._session
        return CheckResult(
            violations=self._policy.violations(self._document, session.history),
            history=tuple(session.history),
            jobs=tuple(session.paid_jobs.ids),
            notes=session.all_notes(),
            actions=tuple(session.actions),
            unknown_jobs=session.paid_jobs.unknown,
        )

    def _first_job(self) -> str | None:
        """Send the probes, create the first job and return its id, None if there is no job."""
        for probe in self._plan.probes:
            self._send_probe(probe)
            self._raise_if_unreachable()
            self._raise_if_unexpected_api()
        # If the target accepted a probe by mistake, the check uses that job.
        if not self._session.paid_jobs.ids and self._plan.creates:
            self._create(0)
        return next(iter(self._session.paid_jobs.ids), None)

    def _check_other_jobs(self, first: str) -> None:
        """Create the other planned jobs, and delete each while it runs or follow it to its end."""
        session = self._session
        while self._resume is None and len(session.paid_jobs.ids) < len(self._plan.creates):
            session.wait(self._create_delay())
            if not self._create(len(session.paid_jobs.ids)):
                break
        for job_id in [job_id for job_id in session.paid_jobs.ids if job_id != first]:
            steps = self._job_steps(job_id)
            if not self._keep and steps.delete_while_running():
                session.paid_jobs.forget(job_id)
            else:
                steps.follow(self._lists)

    def _create_delay(self) -> float:
        """Return the seconds until a new job would have another timestamp than the last one."""
        times = (e.at for e in self._session.history if e.operation.role is JobRole.CREATE)
        return max(0.0, max(times) + _CREATE_INTERVAL - self._session.history[-1].at)

    def _create(self, index: int) -> bool:
        """Send a create of the plan, and return True if there is one more job."""
        session, before = self._session, len(self._session.paid_jobs.ids)
        call = self._plan.creates[index]
        exchange = session.create(call, self._plan.price, "creates a job", check_key=True)
        created = len(session.paid_jobs.ids) > before
        if exchange is not None and not session.paid_jobs.may_have_created(exchange):
            session.note(f"a job could not be created: {describe_outcome(exchange)}")
        return created

    def _job_steps(self, job_id: str) -> JobSteps:
        return JobSteps(
            self._document,
            self._session,
            job_id,
            grade=self._plan.grade,
            pacing=self._pacing,
            timeout=self._policy.timeout,
        )

    def _delete_jobs(self) -> None:
        deleted = [job for job in self._session.paid_jobs.ids if self._job_steps(job).delete()]
        for job in deleted:
            self._session.paid_jobs.forget(job)
        if deleted:
            self._lists.request_first_page()

    def _send_probe(self, probe: Probe) -> None:
        operation = self._document.operations[probe.call.operation_id]
        action = f"tries {operation.id}: {probe.reason}"
        if operation.role is JobRole.CREATE:
            self._session.create(probe.call, probe.price, action, check_key=False)
        else:
            self._session.request(probe.call, action, check_key=False)

    def _raise_if_unreachable(self) -> None:
        """Raise ServerUnreachable if nothing ever responded: each time-out may take a minute."""
        if self._session.has_no_response():
            count = len(self._session.history)
            raise ServerUnreachable(f"the server has not responded to any of {count} requests")

    def _raise_if_unexpected_api(self) -> None:
        """Raise NotThisApi if no response, not even to a create, comes from this API. Then no
        job was created.
        """
        if self._session.paid_jobs.ids:
            return
        history = self._session.history
        creates = [e for e in history if e.operation.role is JobRole.CREATE]
        foreign = len(history) >= _MIN_RESPONSES and not any(map(_may_be_this_api, history))
        redirected = any(create.status in _REDIRECTS for create in creates)
        if creates and (foreign or redirected or self._creates_not_found(creates)):
            self._session.discard()
            raise NotThisApi(
                f"this server does not seem to be {self._document.title}:"
                f" {creates[-1].operation.method} {creates[-1].operation.path} returned"
                f" {_describe_response(creates[-1])}; is the base URL right?"
            )

    def _creates_not_found(self, creates: list[Exchange]) -> bool:
        """Return True if all probes of creates were sent and none found the endpoint."""
        operation_id = creates[0].operation_id
        planned = [p for p in self._plan.probes if p.call.operation_id == operation_id]
        return len(creates) >= len(planned) and all(e.status in _NOT_FOUND for e in creates)


def _may_be_this_api(exchange: Exchange) -> bool:
    """Return True if this API may have sent the response, or if there is none."""
    reply = exchange.reply
    if reply is None or reply.status in _FOREIGN:
        return reply is None
    return 400 <= reply.status < 500 or json_body(reply) is not None


def _describe_response(exchange: Exchange) -> str:
    """Return the status, redirect and content type, which may show that the base URL is wrong."""
    headers = exchange.reply.headers if exchange.reply else {}
    location = f" to {headers['location']}" if "location" in headers else ""
    media_type = headers.get("content-type", "no content type")
    return f"{describe_outcome(exchange)}{one_line(location)} with {one_line(media_type)}"


_CREATE_INTERVAL = 1.0  # second: the resolution of timestamps
_MIN_RESPONSES = 5
# Typical responses of a server that has no such endpoint.
# After 303 the request may have been processed.
_NOT_FOUND, _REDIRECTS = (404, 405), (301, 302, 307, 308)
_FOREIGN = (*_REDIRECTS, 303, *_NOT_FOUND)
