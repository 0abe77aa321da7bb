"""Whole lives of jobs on a strict mock: every create, every end, and every operation on the way."""

from __future__ import annotations

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.check.request_maker import (
    Content,
    RequestMaker,
    preferred_media_type,
)
from aisa_testkit.contracts.check.valid_creates import ValidCreates
from aisa_testkit.contracts.traffic.job_views import JobView, created_job_id, jobs_in
from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import (
    Call,
    CreateOperation,
    Document,
    JobKind,
    JobOperation,
    ListOperation,
    Meaning,
    Operation,
)
from aisa_testkit.openapi.generator.layout import Layout
from aisa_testkit.openapi.jobs import ResultOperation
from tests.support.job_pages import listed_ids

KEY = "sk-of-the-client"
MOST_POLLS = 30
LISTED_JOBS = 5


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
        self.controls = MockControls(self.service)

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
            if kind.delete is not None and create.source is None:
                self._delete_pending(kind, create)
            if kind.list is not None and create.source is None:
                self._list(kind, kind.list, create)

    def call_all(self) -> None:
        """Call the operations that are not about jobs, with a body where they need one."""
        create = next(create for kind in self.document.kinds.values() for create in kind.creates)
        for operation in self.document.operations.values():
            if operation.id not in self.document.roles:
                body = self._body(create, operation)
                assert self.answer(self.requests(create).request(operation, body)).accepted

    def _body(self, create: CreateOperation, operation: Operation) -> Content | None:
        """Return the body of an operation that is not about jobs; None if it needs none."""
        media_type = preferred_media_type(operation)
        if media_type is None or not operation.body_required:
            return None
        value = self.requests(create).required_value(operation, media_type, Layout(sparse=()))
        files = operation.bodies[media_type].files
        return Content(media_type, {**value, **dict.fromkeys(files, b"")} if files else value)

    def _lead_to(
        self, create: CreateOperation, end: str, source: str | None = None
    ) -> list[JobView]:
        """Create a job with this end, and return what the polls show of its life."""
        self.controls.next_job(outcome=end)
        return self.follow(create, self.create(create, source))

    def _use(self, kind: JobKind, create: CreateOperation, last: JobView) -> None:
        """Call the other operations for a job that has ended, its deletion last."""
        succeeded = last.state.meaning is Meaning.SUCCESS
        for result in kind.results:
            assert self.send(create, result, self.id_for(result, last)).accepted == succeeded
        if kind.list is not None:
            assert self.send(create, kind.list, "").accepted
        if kind.delete is not None:
            assert self.send(create, kind.delete, last.job_id).accepted
            assert not jobs_in(self.document, self.send(create, create.poll, last.job_id))

    def _cancel(self, kind: JobKind, create: CreateOperation) -> None:
        """Cancel a job while it is pending, and again when it has ended."""
        assert kind.cancel is not None
        job = self.create(create)
        assert self.send(create, kind.cancel, job).accepted
        assert self.follow(create, job)[-1].state.meaning is Meaning.CANCELED
        again = self.send(create, kind.cancel, job).accepted
        deletes = kind.delete is not None and kind.delete.operation is kind.cancel.operation
        assert again == (deletes or kind.cancel.otherwise == "ignore")

    def _delete_pending(self, kind: JobKind, create: CreateOperation) -> None:
        """Delete a job while it is pending, unless the same operation cancels it."""
        assert kind.delete is not None
        if kind.cancel is not None and kind.cancel.operation is kind.delete.operation:
            return
        job = self.create(create)
        allowed = kind.lifecycle.initial.name in kind.delete.states
        assert self.send(create, kind.delete, job).accepted == allowed
        if allowed:
            assert not jobs_in(self.document, self.send(create, create.poll, job))
        else:
            assert self.follow(create, job)[-1].state.meaning.is_terminal

    def _list(self, kind: JobKind, listing: ListOperation, create: CreateOperation) -> None:
        """Create some jobs, and find them and all others on the pages of the list."""
        made = list[str]()
        for _ in range(LISTED_JOBS):
            made.append(self.create(create))
            self.clock.advance(1)
        requests = self.requests(create)
        ids = listed_ids(
            self.document,
            listing,
            lambda values: self.answer(requests.request(listing.operation, values=values)),
        )
        if kind.id_at is not None:  # otherwise, the items of the list do not tell theirs
            assert ids[:LISTED_JOBS] == made[::-1]
            assert len(ids) == len({*ids})

    def create(
        self, create: CreateOperation, source: str | None = None, *, call: Call | None = None
    ) -> str:
        """Create a job, and return its id.

        Args:
            create: The create.
            source: The id of the job that it is made from.
            call: The request; None for one that is made.
        """
        if call is None and create.source is not None and source is not None:
            path = {create.source.name: source}
            call = self.requests(create).request(create.operation, path=path)
        made = self.answer(call or self.new_call(create))
        assert made.accepted, made.reply
        job = created_job_id(self.document, made)
        assert job, made.reply
        return job

    def follow(self, create: CreateOperation, job: str) -> list[JobView]:
        """Poll a job to its end, and return what the polls show."""
        views = list[JobView]()
        while len(views) < MOST_POLLS:
            polled = self.send(create, create.poll, job)
            (view,) = jobs_in(self.document, polled)
            assert view.job_id == job
            views.append(view)
            if view.state.meaning.is_terminal:
                return views
            self.clock.advance(1)
        raise AssertionError(f"the job does not end: {views[-1]}")

    @staticmethod
    def id_for(each: JobOperation, last: JobView) -> str:
        """Return the id that an operation takes: that of a resource of a result, or of the job."""
        key = each.key if isinstance(each, ResultOperation) else None
        found = None if key is None else last.value_at(key)
        return str(found or last.job_id)

    def requests(self, create: CreateOperation, *, key: str | None = KEY) -> RequestMaker:
        """Return the maker of the requests of this client, or of one without a key."""
        return RequestMaker(self.document, create, key=key)

    def new_call(self, create: CreateOperation) -> Call:
        """Return a valid create."""
        requests = self.requests(create)
        return ValidCreates(self.document, create, requests, seed=0, run_id="").pair()[0]

    def send(self, create: CreateOperation, each: JobOperation, job: str) -> Exchange:
        """Send a request about a job of a create, and return it with its response."""
        return self.answer(self.requests(create).about_job(each, job))

    def answer(self, call: Call) -> Exchange:
        """Return a request with its response, which is not an error of the mock."""
        # As it travels: with the key where the document wants it.
        reply = self.service.answer(self.document.received(self.document.sent(call)))
        exchange = read_exchange(self.document, call, reply, at=self.clock.now())
        assert reply.status < 500, reply
        return exchange


def _ends(kind: JobKind) -> list[str]:
    """Return the meanings of the ends that jobs reach by themselves."""
    meanings = (Meaning.SUCCESS, Meaning.FAILURE)
    return [meaning.value for meaning in meanings if kind.lifecycle.named(meaning)]
