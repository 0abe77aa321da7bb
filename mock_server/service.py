"""The mock as a function from calls to replies: no socket, no thread, no sleep, no global state."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from math import ceil
from typing import Literal

import orjson

from ..openapi import Call, Cause, Document, Operation, Reply, load_document
from ..openapi.conformance import ReplyProblem, body_problems, reply_problems
from ..openapi.json import Json
from ..openapi.request import read_call
from .asked import Asked
from .authentication import Keyring
from .clock import Clock, SystemClock
from .fault import Faults
from .ids import Ids, RandomIds
from .job import Job, observe
from .refusal import Refusal
from .rendering import Renderer
from .roles import Roles
from .scenario import Fate, Planner
from .store import MemoryStore, Store

UnknownIds = Literal["refuse", "synthesize"]


class NonconformingReply(Exception):
    """A strict service was about to send a reply that its document does not declare."""

    def __init__(self, status: int, problems: tuple[ReplyProblem, ...]) -> None:
        super().__init__(status, problems)
        self.status, self.problems = status, problems

    def __str__(self) -> str:
        listed = "; ".join(map(str, self.problems))
        return f"the mock's own reply, {self.status}, is not as documented: {listed}"


class JobService:
    """Answers the calls of an API for jobs, as a document says.

    `document` is the bundled one by default. Time, ids and storage come from `clock`, `ids` and
    `store`. `api_keys` are the keys that are let in (none: any key). `unknown_ids` says whether an
    id that nobody made is refused or answered as a finished job. `scenario` is what becomes of a
    job unless something else is asked for. A `strict` service raises NonconformingReply rather than
    send a reply that the document does not declare.
    """

    def __init__(
        self,
        document: Document | None = None,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        store: Store | None = None,
        api_keys: Collection[str] = (),
        unknown_ids: UnknownIds = "refuse",
        scenario: str = "completes",
        strict: bool = False,
    ) -> None:
        self.document = document or load_document()
        self.clock: Clock = clock or SystemClock()
        self.store: Store = MemoryStore() if store is None else store
        self._ids: Ids = ids or RandomIds()
        self._strict = strict
        self._keyring = Keyring(self.document.credentials, api_keys)
        self._planner = Planner(self.document.lifecycle, scenario)
        self._faults = Faults(self.document)
        self._renderer = Renderer(self.document)
        self._roles = Roles(
            self.document,
            clock=self.clock,
            ids=self._ids,
            store=self.store,
            planner=self._planner,
            renderer=self._renderer,
            synthesize=unknown_ids == "synthesize",
        )

    def answer(self, call: Call) -> Reply:
        """The reply to a call; raises KeyError for an operation that the document does not have."""
        operation = self.document.operations[call.operation_id]
        request_id = self._request_id()
        try:
            sender = self._keyring.sender(call.headers) if operation.secured else ""
            self._faults.strike(operation.id)
            key = self._keyring.admit(sender) if operation.secured else ""
            self._refuse_if_preferred(operation, call.headers.get("prefer"))
            reply = self.perform(Asked(operation, call, read_call(operation, call), key))
        except Refusal as refusal:
            reply = self._error(refusal, request_id)
        if self._strict:
            _require(reply, reply_problems(operation, reply))
        return self._signed(reply, request_id)

    def perform(self, asked: Asked) -> Reply:
        """Does what a call that was let in asks for; raises Refusal if that cannot be."""
        return self._roles.reply(asked)

    def refuse(self, refusal: Refusal) -> Reply:
        """The error answer to a request that is no call of any operation."""
        request_id = self._request_id()
        reply = self._error(refusal, request_id)
        if self._strict:
            _require(reply, body_problems(self.document.error, reply.body))
        return self._signed(reply, request_id)

    def next_job(
        self, *, outcome: str | None = None, code: str | None = None, seconds: float | None = None
    ) -> None:
        """What is to become of the next job that is made; several calls are for several jobs.

        `outcome` is a final state of the document, `code` the reason of a failure, `seconds` how
        long the job is pending. Raises ValueError for what cannot be.
        """
        self._planner.set_next(Fate(outcome, code, seconds))

    def fail(
        self,
        operation: str,
        *,
        status: int,
        code: str | None = None,
        times: int = 1,
        retry_after: int | None = None,
    ) -> None:
        """Answers the next `times` calls of an operation with its documented error of this status.

        `code` chooses among the errors of one status, `retry_after` is the seconds that the answer
        asks a client to wait. Raises ValueError for what the document does not declare.
        """
        self._faults.add(operation, status=status, code=code, times=times, retry_after=retry_after)

    def describe(self, job: Job) -> dict[str, Json]:
        """The job as a client would see it now."""
        return self._renderer.job(job, observe(job, self.clock.now()))

    def jobs(self) -> list[dict[str, Json]]:
        """The jobs as a client would see them now, the oldest first."""
        page = self.store.page(after=None, limit=len(self.store), newest_first=False)
        return [self.describe(job) for job in page.jobs]

    def reset(self) -> None:
        """Forgets every job, and what was set for the next jobs and calls. The clock and the series
        of ids go on.
        """
        self.store.clear()
        self._planner.reset()
        self._faults.clear()

    def _request_id(self) -> str:
        return self.document.envelope.request_id_prefix + self._ids.request()

    def _refuse_if_preferred(self, operation: Operation, prefer: str | None) -> None:
        """Raises Refusal with the error status that `Prefer: code=…` asks for (RFC 7240), or for
        one that is not documented.
        """
        match = _CODE.search(prefer) if prefer else None
        if match is None or int(match[1]) < 400:
            return
        status = int(match[1])
        cause = self.document.envelope.cause_of_status(status)
        if cause is None or status not in operation.responses:
            known = ", ".join(str(s) for s in operation.responses if s >= 400)
            message = f"Prefer: {operation.id} has no documented answer {status}, only {known}"
            raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
        message = f"The answer that Prefer: code={status} asked for."
        raise Refusal(cause, message, headers={"preference-applied": f"code={status}"})

    def _error(self, refusal: Refusal, request_id: str) -> Reply:
        envelope = self.document.envelope
        answer = envelope.answers[refusal.cause]
        body = envelope.body(
            answer, message=refusal.message, parameter=refusal.parameter, request_id=request_id
        )
        headers = {"content-type": "application/json", **answer.headers, **refusal.headers}
        if answer.status == 429 or answer.status >= 500:
            headers |= self.real_wait(headers)
        return Reply(answer.status, headers, orjson.dumps(body))

    def real_wait(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The header that has official clients wait as long as the clock takes, where it is faster
        than real time.

        An answer that asks for no wait leaves them at their own, which begins at about a second.
        """
        envelope = self.document.envelope
        if envelope.retry_milliseconds is None or self.clock.wait_for(1) >= 1:
            return {}
        seconds = float(headers.get(envelope.retry_seconds or "", 1))
        return {envelope.retry_milliseconds: str(max(1, ceil(self.clock.wait_for(seconds) * 1000)))}

    def _signed(self, reply: Reply, request_id: str) -> Reply:
        header = self.document.envelope.request_id_header
        if header is None:
            return reply
        return Reply(reply.status, {header: request_id, **reply.headers}, reply.body)


def _require(reply: Reply, problems: Iterable[ReplyProblem]) -> None:
    found = tuple(problems)
    if found:
        raise NonconformingReply(reply.status, found)


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
