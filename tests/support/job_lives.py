"""Whole lives of jobs on a strict mock: every create, every end, and every operation on the way."""

from __future__ import annotations

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.check.request_maker import RequestMaker
from aisa_testkit.contracts.check.valid_creates import ValidCreates
from aisa_testkit.contracts.traffic.job_views import JobView, created_job_id, jobs_in
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, CreateOperation, Document, JobKind, JobOperation, Meaning
from aisa_testkit.openapi.jobs import ResultOperation

KEY = "sk-of-the-client"
MOST_POLLS = 30


class JobLives:
    """A client that leads jobs through whole lives, on a strict mock of their document.

    Its requests are valid, and the mock raises an error where it would send a response that does
    not match the document.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self.document, self.clock = document, ManualClock(1_780_000_000)
        self.service = JobService(
            document, clock=self.clock, ids=RandomIds(1), seed=1, api_keys=[KEY], strict=True
        )
        self._controls = MockControls(self.service)

    def lead(self, kind: JobKind) -> None:
        """Lead jobs of all creates of a kind to all ends that the kind has."""
        first = next(create for create in kind.creates if create.source is None)
        for create in kind.creates:
            for end in _ends(kind):
                source = None if create.source is None else self._lead_to(first, "success")[-1]
                views = self._lead_to(create, end, source.job_id if source else None)
                states = [view.state for view in views]
                assert (states[0].meaning, states[-1].meaning) == (Meaning.PENDING, Meaning(end))
                self._use(kind, create, views[-1])
            if kind.cancel is not None and create.source is None:
                self._cancel(kind, create)

    def call_all(self) -> None:
        """Call the operations that are not about jobs and need no body."""
        create = next(create for kind in self.document.kinds.values() for create in kind.creates)
        for operation in self.document.operations.values():
            if operation.id not in self.document.roles and not operation.body_required:
                self._answer(RequestMaker(self.document, create, key=KEY).request(operation))

    def _lead_to(
        self, create: CreateOperation, end: str, source: str | None = None
    ) -> list[JobView]:
        """Create a job with this end, and return what the polls show of its life."""
        self._controls.next_job(outcome=end)
        return self._follow(create, self._create(create, source))

    def _use(self, kind: JobKind, create: CreateOperation, last: JobView) -> None:
        """Call the other operations for a job that has ended, its deletion last."""
        succeeded = last.state.meaning is Meaning.SUCCESS
        for result in kind.results:
            assert self._send(create, result, _id_for(result, last)).accepted == succeeded
        if kind.list is not None:
            assert self._send(create, kind.list, "").accepted
        if kind.delete is not None:
            assert self._send(create, kind.delete, last.job_id).accepted
            assert not jobs_in(self.document, self._send(create, create.poll, last.job_id))

    def _cancel(self, kind: JobKind, create: CreateOperation) -> None:
        """Cancel a job while it is pending, and again when it has ended."""
        assert kind.cancel is not None
        job = self._create(create)
        assert self._send(create, kind.cancel, job).accepted
        assert self._follow(create, job)[-1].state.meaning is Meaning.CANCELED
        again = self._send(create, kind.cancel, job).accepted
        deletes = kind.delete is not None and kind.delete.operation is kind.cancel.operation
        assert again == (deletes or kind.cancel.otherwise == "ignore")

    def _create(self, create: CreateOperation, source: str | None = None) -> str:
        requests = RequestMaker(self.document, create, key=KEY)
        if create.source is None or source is None:
            call, _ = ValidCreates(self.document, create, requests, seed=0, run_id="").pair()
        else:
            call = requests.request(create.operation, path={create.source.name: source})
        made = self._answer(call)
        assert made.accepted, made.reply
        job = created_job_id(self.document, made)
        assert job, made.reply
        return job

    def _follow(self, create: CreateOperation, job: str) -> list[JobView]:
        """Poll a job to its end, and return what the polls show."""
        views = list[JobView]()
        while len(views) < MOST_POLLS:
            polled = self._send(create, create.poll, job)
            (view,) = jobs_in(self.document, polled)
            assert view.job_id == job
            views.append(view)
            if view.state.meaning.is_terminal:
                return views
            self.clock.advance(1)
        raise AssertionError(f"the job does not end: {views[-1]}")

    def _send(self, create: CreateOperation, each: JobOperation, job: str) -> Exchange:
        return self._answer(RequestMaker(self.document, create, key=KEY).about_job(each, job))

    def _answer(self, call: Call) -> Exchange:
        reply = self.service.answer(call)
        exchange = read_exchange(self.document, call, reply, at=self.clock.now())
        assert exchange.arguments.problems == ()
        assert reply.status < 500, reply
        return exchange


def _ends(kind: JobKind) -> list[str]:
    """Return the meanings of the ends that jobs reach by themselves."""
    meanings = (Meaning.SUCCESS, Meaning.FAILURE)
    return [meaning.value for meaning in meanings if kind.lifecycle.named(meaning)]


def _id_for(result: ResultOperation, last: JobView) -> str:
    """Return the id that a result takes; that of the job where its resource has none."""
    found = None if result.key is None else last.value_at(result.key)
    return str(found or last.job_id)
