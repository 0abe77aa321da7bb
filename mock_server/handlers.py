"""Handlers of the operations: what each of them does to jobs, and its reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TypeAlias, cast

from ..openapi import Call, Cause, Document, Operation, Reply
from ..openapi.generator import ValueMaker
from ..openapi.jobs import (
    CancelOperation,
    CreateOperation,
    JobOperation,
    JobRole,
    ListOperation,
    ResultOperation,
)
from ..openapi.operation import Response
from .accepted_call import AcceptedCall
from .clock import Clock
from .errors import Refusal
from .job_creation import JobCreation
from .job_listing import JobLister
from .job_lookup import JobLookup
from .job_replies import JobReplies
from .job_results import JobResults
from .jobs.ids import Ids
from .jobs.job import Job, Snapshot, observe
from .jobs.kind_parts import KindParts
from .jobs.progression import continue_to
from .jobs.store import Store
from .keys.quotas import Quotas
from .required_headers import required_headers
from .stateless import StatelessReplies
from .webhooks.webhooks import Webhooks

_Handler: TypeAlias = Callable[[AcceptedCall], Reply]
_JobHandler: TypeAlias = Callable[[AcceptedCall, JobOperation, Job, Snapshot], Reply]


class OperationHandlers:
    """The handlers of all operations of a document.

    Args:
        document: The document.
        clock: The source of time.
        ids: The source of new ids.
        store: The place where jobs are kept.
        kinds: The parts of each kind of job, by name.
        limits: The limits of each key.
        stateless: The replies of operations that are not about jobs.
        webhooks: The sender of job events, None if no events are sent.
        synthesize: True to return a finished job for an unknown id.
    """

    def __init__(
        self,
        document: Document,
        *,
        clock: Clock,
        ids: Ids,
        store: Store,
        kinds: Mapping[str, KindParts],
        limits: Quotas,
        stateless: StatelessReplies,
        webhooks: Webhooks | None,
        synthesize: bool,
    ) -> None:
        self._roles, self._clock, self._store, self._kinds = document.roles, clock, store, kinds
        self._limits, self._stateless, self._webhooks = limits, stateless, webhooks
        self._replies = JobReplies(document, clock=clock, kinds=kinds)
        self._lookup = JobLookup(
            clock=clock, store=store, kinds=kinds, roles=self._roles, synthesize=synthesize
        )
        self._results = JobResults(clock=clock, store=store, kinds=kinds, replies=self._replies)
        self._creation = JobCreation(
            clock=clock,
            ids=ids,
            store=store,
            kinds=kinds,
            limits=limits,
            webhooks=webhooks,
            lookup=self._lookup,
            replies=self._replies,
        )
        self._maker = ValueMaker(document.source.data)
        self._request_id_header = document.envelope.request_id_header or ""
        self._with_required_headers = {
            operation.id: _with_required_headers(operation)
            for operation in document.operations.values()
            if _with_required_headers(operation)
        }
        self._job_handlers: Mapping[JobRole, _JobHandler] = {
            JobRole.POLL: self._poll,
            JobRole.CANCEL: self._cancel,
            JobRole.DELETE: self._delete,
            JobRole.RESULT: self._result,
        }
        self._handlers = {
            operation_id: self._handler(roles, synthesize=synthesize)
            for operation_id, roles in self._roles.items()
        }

    def handle(self, accepted: AcceptedCall) -> Reply:
        """Return the reply to an accepted call; raises Refusal if it is invalid or impossible."""
        reply = self._reply(accepted)
        responses = self._with_required_headers.get(accepted.operation.id)
        if responses is None or reply.status not in responses:
            return reply
        known = {*reply.headers, self._request_id_header}
        made = required_headers(responses[reply.status], self._maker, known=known)
        return replace(reply, headers={**reply.headers, **made})

    def _reply(self, accepted: AcceptedCall) -> Reply:
        problems = accepted.arguments.problems
        if problems:
            message = "; ".join(problem.message for problem in problems)
            raise Refusal(problems[0].cause, message, parameter=problems[0].parameter)
        handler = self._handlers.get(accepted.operation.id, self._stateless.reply)
        return handler(accepted)

    def _handler(self, roles: tuple[JobOperation, ...], *, synthesize: bool) -> _Handler:
        """Return the handler of an operation with roles for jobs."""
        match roles[0].role:
            case JobRole.CREATE:
                return partial(self._create, creates=cast("tuple[CreateOperation, ...]", roles))
            case JobRole.LIST:
                lister = JobLister(
                    [role for role in roles if isinstance(role, ListOperation)],
                    store=self._store,
                    value_of=lambda job, path: self._kinds[job.kind].value(job, path),
                    synthesize=synthesize,
                )
                return partial(self._replies.of_list, lister=lister)
            case _:
                return partial(self._about_job, roles=roles)

    def _create(self, accepted: AcceptedCall, creates: tuple[CreateOperation, ...]) -> Reply:
        return self._creation.create(accepted, creates) or self._stateless.reply(accepted)

    def job_of(self, accepted: AcceptedCall) -> Job | None:
        """Return the job that a call is about; None if it is not about one that exists."""
        for role in self._roles.get(accepted.operation.id, ()):
            if role.id is not None:
                return self._lookup.of_any_key(accepted, role)
        return None

    def file(self, path: str, call: Call) -> Reply:
        """Return the reply with the file of a field of a job, by the path below the files.

        Raises Refusal if there is no such file, or not any more.
        """
        return self._results.of_field(path, call)

    def _about_job(self, accepted: AcceptedCall, roles: tuple[JobOperation, ...]) -> Reply:
        """Return the reply of an operation about one job, in the role that fits the job."""
        job, fitting = self._lookup.find(accepted, roles)
        if job is None:
            job, snapshot = self._lookup.unknown(accepted, fitting[0])
            return self._replies.of_job(accepted.call, fitting[0], job, snapshot)
        snapshot = self._lookup.observe_poll(job)
        if len(fitting) == 1:
            role = fitting[0]
            return self._job_handlers[role.role](accepted, role, job, snapshot)
        accepting = (r for r in fitting if not r.states or snapshot.state in r.states)
        role = next(accepting, fitting[-1])
        return self._job_handlers[role.role](accepted, role, job, snapshot)

    def _poll(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        return self._replies.of_job(accepted.call, role, job, snapshot)

    def _cancel(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        cancel, parts = cast(CancelOperation, role), self._kinds[job.kind]
        if snapshot.state not in cancel.states:
            if cancel.otherwise == "refuse":
                message = f"{job.id} is {snapshot.state} and cannot be canceled"
                raise Refusal(Cause.JOB_UNFINISHED, message)
            return self._replies.of_job(accepted.call, role, job, snapshot)
        elapsed = self._clock.now() - job.created
        progression = continue_to(
            job.progression, parts.kind.lifecycle, cancel.next, elapsed=elapsed
        )
        canceled = job.with_progression(progression)
        if self._lookup.seen(job.id, accepted) and self._store.replace(job, canceled):
            if self._webhooks is not None:
                self._webhooks.schedule(canceled, instead_of=job)
            job = canceled
        return self._replies.of_job(accepted.call, role, job, observe(job, job.created + elapsed))

    def _delete(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        if snapshot.state not in role.states:
            raise Refusal(
                Cause.JOB_UNFINISHED,
                f"{job.id} is {snapshot.state}; only a job that has ended can be deleted",
            )
        reply = self._replies.of_job(accepted.call, role, job, snapshot)
        if self._lookup.seen(job.id, accepted):
            self._limits.charge_finished_jobs(accepted.key)
            self._store.remove(job.id)
        return reply

    def _result(
        self, accepted: AcceptedCall, role: JobOperation, job: Job, snapshot: Snapshot
    ) -> Reply:
        return self._results.of_operation(accepted, cast(ResultOperation, role), job, snapshot)


def _with_required_headers(operation: Operation) -> dict[int, Response]:
    """Return the responses of an operation that must have some headers, by status."""
    return {
        status: response
        for status, response in operation.responses.items()
        if any(header.required for header in response.headers)
    }
