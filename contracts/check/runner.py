"""The run of a check: the planned jobs, invalid requests, the list, and deletion."""

from __future__ import annotations

from collections.abc import Callable

from ...openapi import Call, Document, JobRole, Meaning
from ..budget import Budget
from ..errors import NotThisApi, ServerUnreachable
from .list_steps import ListSteps
from .other_api import describe_response, response_of_other_api
from .pacing import Pacing
from .plan import CheckPlan
from .probes import Probe
from .result import CheckPolicy, CheckResult
from .session import Session
from .step import Step
from .steps import JobSteps
from .target import FileReader, Target, describe_outcome


class CheckRunner:
    """One check of a target.

    document: the API that the target should implement
    plan: the requests to send
    target: the server under check
    budget: the limits on spending and on created jobs
    policy: the rules that the target must follow
    poll_interval: the longest delay between polls in seconds; None uses the target's hint, or two
    keep: True leaves the created jobs on the target
    resume: the id of a job to follow instead of creating one
    on_step: called before each request with the progress of the check
    files: reads the files at addresses in jobs; None leaves them unread, which is noted
    """

    def __init__(
        self,
        document: Document,
        plan: CheckPlan,
        target: Target,
        *,
        budget: Budget,
        policy: CheckPolicy,
        poll_interval: float | None = None,
        keep: bool = False,
        resume: str | None = None,
        on_step: Callable[[Step], None] = lambda step: None,
        files: FileReader | None = None,
    ) -> None:
        self._document, self._plan, self._policy = document, plan, policy
        self._keep, self._resume = keep, resume
        self._pacing = Pacing(document, plan.create, poll_interval=poll_interval)
        self._session = Session(
            document,
            target,
            kind=plan.kind,
            requests=plan.requests,
            budget=budget,
            currency=plan.currency,
            pacing=self._pacing,
            max_wait=policy.timeout,
            on_step=on_step,
            files=files,
        )
        self._budget = budget
        self._tried, self._completed = 0, False
        self._known: set[str] = set()
        self._lives: list[str] = []
        self._lists = ListSteps(document, plan.kind, self._session, grade=plan.grade)

    def run(self) -> CheckResult:
        """Run the whole check, even after violations.

        Raises CredentialsRejected if the target rejects the key, NotThisApi if it is another
        API, ServerUnreachable if it never responds, and CheckTimedOut if the time is over.
        """
        if self._resume is not None:
            self._follow_life(self._resume)
        else:
            self._check_requests()
        for job_id in self._lives:
            self._job_steps(job_id).poll_again()
        self._lists.read_pages()
        if not self._keep:
            self._delete_jobs()
        return self.result()

    def result(self) -> CheckResult:
        """Return the result so far. This also works after the run was interrupted."""
        session = self._session
        return CheckResult(
            violations=self._policy.violations(
                self._document, session.history, files=session.files
            ),
            history=tuple(session.history),
            jobs=tuple(session.paid_jobs.ids),
            notes=session.all_notes(),
            actions=tuple(session.actions),
            unknown_jobs=session.paid_jobs.unknown,
            files=tuple(session.files),
        )

    def _check_requests(self) -> None:
        """Send the probes and the creates of the plan.

        No invalid create is sent before a job has completed, unless all valid creates were sent:
        a server may accept it and bill it.
        """
        for name in self._plan.unused_fields:
            self._session.note(f"{name} is not sent, because the document has no example of it")
        for probe in self._plan.free_probes:
            self._session.request(probe.call, self._action(probe), check_key=False)
            self._raise_if_other_server()
        self._create_jobs(self._plan.creates_before_probes(self._budget))
        for probe in self._plan.create_probes:
            self._session.create(probe.call, probe.price, self._action(probe), check_key=False)
        self._check_new_jobs()
        self._create_jobs(len(self._plan.creates))

    def _create_jobs(self, count: int) -> None:
        """Send the planned creates up to this number, and the others while no job has completed.

        A fallback is sent for each one that created nothing.
        """
        plan, creates = self._plan, [*self._plan.creates, *self._plan.fallbacks]
        while self._tried < len(creates):
            planned = count if self._completed else len(plan.creates)
            if min(self._tried, self._session.paid_jobs.billed) >= planned:
                break
            if not self._create(creates[self._tried]):
                break
            self._tried += 1
            self._check_new_jobs()

    def _check_new_jobs(self) -> None:
        """Follow each new job: through its whole life if no job has completed, else it is canceled
        or deleted while it runs, if the target allows that.
        """
        paid_jobs = self._session.paid_jobs
        for job_id in [job_id for job_id in paid_jobs.ids if job_id not in self._known]:
            self._known.add(job_id)
            if not self._completed:
                self._follow_life(job_id)
                continue
            steps = self._job_steps(job_id)
            if steps.cancel() or self._keep or not steps.delete_while_running():
                steps.follow(self._lists)
            else:
                paid_jobs.forget(job_id)

    def _follow_life(self, job_id: str) -> None:
        steps = self._job_steps(job_id)
        steps.request_early_results()
        steps.follow(self._lists)
        steps.check_finished()
        self._lives.append(job_id)
        last = self._session.followed
        self._completed = last is not None and last.state.meaning is Meaning.SUCCESS

    def _create_delay(self) -> float:
        """Return the seconds until a new job would have another timestamp than the last one."""
        history = self._session.history
        times = [e.at for e in history if e.role is JobRole.CREATE and e.accepted]
        return max(0.0, times[-1] + _CREATE_INTERVAL - history[-1].at) if times else 0.0

    def _create(self, call: Call) -> bool:
        """Send a valid create, and return False if the budget does not allow it."""
        session, delay = self._session, self._create_delay()
        if delay:
            session.wait(delay)
        exchange = session.create(call, self._plan.price, "creates a job", check_key=True)
        if exchange is None:
            return False
        self._raise_if_other_server()
        if not session.paid_jobs.may_have_created(exchange):
            session.note(f"a job could not be created: {describe_outcome(exchange)}")
        return True

    def _job_steps(self, job_id: str) -> JobSteps:
        return JobSteps(
            self._document,
            self._session,
            job_id,
            plan=self._plan,
            pacing=self._pacing,
            timeout=self._policy.timeout,
        )

    def _delete_jobs(self) -> None:
        deleted = [job for job in self._session.paid_jobs.ids if self._job_steps(job).delete()]
        for job in deleted:
            self._session.paid_jobs.forget(job)
        if deleted:
            self._lists.request_first_page()

    def _action(self, probe: Probe) -> str:
        return f"tries {probe.call.operation_id}: {probe.reason}"

    def _raise_if_other_server(self) -> None:
        """Raise ServerUnreachable if nothing ever responded, because each time-out may take a
        minute, and NotThisApi if another API responded: then no job was created.
        """
        session = self._session
        if session.has_no_response():
            count = len(session.history)
            raise ServerUnreachable(f"the server has not responded to any of {count} requests")
        creates_follow = bool(self._plan.creates)
        exchange = response_of_other_api(session.history, creates_follow=creates_follow)
        if exchange is not None and not session.paid_jobs.ids:
            session.discard()
            operation = exchange.operation
            raise NotThisApi(
                f"this server does not seem to be {self._document.title}:"
                f" {operation.method} {operation.path} returned"
                f" {describe_response(exchange)}; is the base URL right?"
            )


_CREATE_INTERVAL = 1.0  # second: the resolution of timestamps
