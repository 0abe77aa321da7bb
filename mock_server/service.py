"""The mock as a function from calls to replies: no socket, no thread, no sleep, no global state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from random import Random
from typing import Literal, Unpack

from ..openapi import (
    Call,
    Cause,
    Document,
    Ending,
    Operation,
    Reply,
    RequestProblem,
    Tier,
    load_document,
)
from ..openapi.conformance import ReplyProblem, body_problems, reply_problems
from ..openapi.errors import ToolkitError
from ..openapi.json import Json
from ..openapi.operation import CREATING
from ..openapi.request import read_call
from .accepted_call import AcceptedCall
from .clock import Clock, SystemClock
from .config import MockConfig
from .config_types import AccountOptions, FaultOptions, Limits
from .error_replies import ErrorReplies
from .errors import Refusal
from .faults.applied_faults import AppliedFaults
from .faults.fault import Fault
from .faults.fault_registry import FaultRegistry
from .faults.scenarios import DEFAULT_SCENARIO, Scenarios
from .handlers import OperationHandlers
from .idempotency import IdempotencyCache
from .jobs.ids import Ids, RandomIds
from .jobs.job import Job, observe
from .jobs.planner import Planner
from .jobs.progression import JobOutcome
from .jobs.rendering import Renderer
from .jobs.store import MemoryStore, Store
from .keys.accounts import Account, read_accounts, read_tier
from .keys.authentication import Keyring
from .keys.quotas import Quotas, require_answers
from .preference import refuse_if_preferred
from .webhooks.webhooks import Webhooks

UnknownIds = Literal["refuse", "synthesize"]


class NonconformingReply(ToolkitError):
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
    `store`; `seed` makes what is left to chance the same in every run. `api_keys` are the keys that
    are let in (none: any key). `unknown_ids` says whether an id that nobody made is refused or
    answered as a finished job. `scenario` is what becomes of a job unless something else is asked
    for, `config` what else goes wrong. `limits` are those of each key, a tier of the document or
    own numbers; `accounts` say what is known of single keys. With `idempotency_keys`, a create that
    is sent again with the same Idempotency-Key makes no second job. `webhooks`, which go by the
    same clock, send the events of jobs. A `strict` service raises NonconformingReply rather than
    send a reply that the document does not declare, unless a fault has it so. Raises ValueError for
    what the document does not have.
    """

    def __init__(
        self,
        document: Document | None = None,
        *,
        clock: Clock | None = None,
        ids: Ids | None = None,
        store: Store | None = None,
        seed: int | None = None,
        api_keys: Collection[str] = (),
        unknown_ids: UnknownIds = "refuse",
        scenario: str | None = None,
        config: MockConfig | None = None,
        limits: Limits | None = None,
        accounts: Mapping[str, AccountOptions] | None = None,
        idempotency_keys: bool = False,
        webhooks: Webhooks | None = None,
        strict: bool = False,
    ) -> None:
        self.document = document or load_document()
        self.clock: Clock = clock or SystemClock()
        self.store: Store = MemoryStore() if store is None else store
        self.webhooks = webhooks
        self._ids: Ids = ids or RandomIds(seed)
        self._strict = strict
        self._said = partial(
            MockConfig.with_overrides, scenario=scenario, limits=limits, keys=accounts or {}
        )
        self._api_keys = tuple(api_keys)
        config = self._said(config or MockConfig())
        tier, known = self._read_keys(config)
        self._keyring = Keyring(self.document.credentials, api_keys, accounts=known)
        self.limits = Quotas(
            self.document, clock=self.clock, store=self.store, tier=tier, accounts=known
        )
        self.scenarios = Scenarios(
            self.document,
            random=_random(seed, "scenarios"),
            usual=config.scenario or DEFAULT_SCENARIO,
            own=config.scenarios,
            joined=len(self.store) > 0,
        )
        self._errors = ErrorReplies(self.document.envelope, self.clock)
        self._chance = _random(seed, "faults")
        self.faults = FaultRegistry(self.document, random=self._chance, usual=config.faults)
        self._replays = self._new_replays() if idempotency_keys else None
        self._renderer, self._planner = Renderer(self.document), Planner(self.document.lifecycle)
        self._roles = OperationHandlers(
            self.document,
            clock=self.clock,
            ids=self._ids,
            store=self.store,
            planner=self._planner,
            limits=self.limits,
            renderer=self._renderer,
            webhooks=webhooks,
            synthesize=unknown_ids == "synthesize",
        )

    def answer(self, call: Call) -> Reply:
        """The reply to a call; raises KeyError for an operation that the document does not have."""
        operation, request_id = self.document.operations[call.operation_id], self._request_id()
        sender = self._keyring.sender(call.headers) if operation.secured else ""
        struck = AppliedFaults()
        try:
            if self.faults.pending:
                struck.add(self.faults.apply(call, sender))
            reply = self._answer(operation, call, sender, struck)
        except Refusal as refusal:
            reply = self._errors.reply(refusal, request_id)
        if self._strict and not struck.prevented:
            _require(reply, reply_problems(operation, reply))
        reply = self._signed(reply, request_id, sender)
        if self.webhooks is not None and operation.role in CREATING:
            self.webhooks.notify()
        if not struck:
            return reply
        return struck.apply(
            reply,
            error=lambda refusal: self._signed(
                self._errors.reply(refusal, request_id), request_id, sender
            ),
            random=self._chance,
        )

    def _answer(
        self, operation: Operation, call: Call, sender: str | RequestProblem, struck: AppliedFaults
    ) -> Reply:
        """Does what a call asks for, if nothing keeps it from that; raises Refusal if so."""
        key = self._keyring.authenticate(sender) if operation.secured else ""
        if self.limits.active:
            self.limits.count(key)
        if "prefer" in call.headers:
            refuse_if_preferred(self.document.envelope, operation, call.headers["prefer"])
        asked = AcceptedCall(operation, call, read_call(operation, call), key)
        if operation.role in CREATING:
            return self._make(asked, struck)
        if self.scenarios.has_faults:
            struck.add(self._of_job(asked))
        return self.perform(asked)

    def _make(self, asked: AcceptedCall, struck: AppliedFaults) -> Reply:
        """Makes a job, or tells of the one that this request has made before."""
        if self._replays:
            return self._replays.run_once(asked, lambda asked: self._make_anew(asked, struck))
        return self._make_anew(asked, struck)

    def _make_anew(self, asked: AcceptedCall, struck: AppliedFaults) -> Reply:
        """Makes a job in a scenario; that is for the next one if none comes of this."""
        choice = self.scenarios.choose(asked.call, asked.arguments)
        faults = choice.scenario.faults
        try:
            if faults:
                struck.add(self.faults.apply_scenario_faults(faults, asked.call, scope=asked.key))
            # By position, which is much faster than _replace().
            asked = AcceptedCall(
                asked.operation, asked.call, asked.arguments, asked.key, choice.scenario
            )
            return self.perform(asked)
        except Refusal:
            self.scenarios.requeue(choice)
            raise

    def perform(self, asked: AcceptedCall) -> Reply:
        """Does what a call that was let in asks for; raises Refusal if that cannot be."""
        return self._roles.reply(asked)

    def refuse(self, refusal: Refusal, *, headers: Mapping[str, str] | None = None) -> Reply:
        """The error answer to a request that is not let through to any operation. From its headers,
        if they are given, comes whose limits the answer tells.
        """
        request_id = self._request_id()
        sender = None if headers is None else self._keyring.sender(headers)
        reply = self._errors.reply(refusal, request_id)
        if self._strict:
            _require(reply, body_problems(self.document.error, reply.body))
        return self._signed(reply, request_id, sender)

    def next_job(
        self,
        *,
        outcome: str | None = None,
        code: str | None = None,
        seconds: float | None = None,
        scenario: str | None = None,
    ) -> None:
        """What is to become of the next job that is made; several calls are for several jobs.

        `outcome` is a final state of the document, `code` the reason of a failure, `seconds` how
        long the job is pending; or else it takes part in a `scenario`. Raises ValueError for what
        cannot be.
        """
        if scenario is None:
            self.scenarios.set_next(JobOutcome(outcome=outcome, code=code, seconds=seconds))
        elif (outcome, code, seconds) == (None, None, None):
            self.scenarios.use(scenario, next=1)
        else:
            raise ValueError("a scenario says all of it: give it alone")

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
        options: FaultOptions = {"status": status, "times": times}
        if code is not None:
            options["code"] = code
        if retry_after is not None:
            options["retry_after"] = retry_after
        self.fault(operation, **options)

    def fault(self, operation: str | None = None, **options: Unpack[FaultOptions]) -> str:
        """Set a fault and return its id.

        Without an `operation`, which is an operation id or a job role, it applies to all
        operations. It affects every matching call, or the next `times` of them. `options` are
        those of FaultOptions, for example `lost=True`. Raises ValueError if they are invalid.
        """
        given = {"operation": operation, **options}
        return self.faults.add({name: value for name, value in given.items() if value is not None})

    def reconfigure(self, config: MockConfig) -> None:
        """Goes on with another config; what was said when the service was made counts more than
        it, as before. Jobs stay, and so does what keys have used up, what was asked for with an
        Idempotency-Key, and every fault and choice that was set since. Raises ValueError for what
        cannot be, and changes nothing.
        """
        config = self._said(config)
        tier, known = self._read_keys(config)
        require_answers(self.document, tier, known.values())
        self.scenarios.replace_initial(
            usual=config.scenario or DEFAULT_SCENARIO, own=config.scenarios
        )
        self.limits.replace(tier=tier, accounts=known)
        self._keyring = Keyring(self.document.credentials, self._api_keys, accounts=known)
        self.faults.replace_initial(config.faults)

    def end_job(self, job_id: str, *, success: bool, code: str | None = None) -> None:
        """Ends a pending job now, well or not; `code` is the reason of a failure. Raises KeyError
        for an unknown job, ValueError for one that has ended or for what cannot be.
        """
        job, now = self.store.get(job_id), self.clock.now()
        if job is None:
            raise KeyError(job_id)
        snapshot = observe(job, now)
        if snapshot.ends:
            raise ValueError(f"{job_id} has ended already")
        endings = self.document.lifecycle.endings(Ending.SUCCESS if success else Ending.FAILURE)
        if not endings:
            raise ValueError("no job of this document ends so")
        # A little less, for moments are compared with rounding.
        elapsed = max(0.0, now - job.created) * (1 - _ROUNDING)
        known = self.scenarios.of_job(job.scenario)
        fate = JobOutcome(
            outcome=endings[0],
            code=code,
            seconds=elapsed,
            expires=known.outcome.expires if known else None,
            failed_at=snapshot.progress,
        )
        ended = replace(job, progression=self._planner.plan(job.fields, fate))
        if not self.store.replace(job, ended):
            raise ValueError(f"{job_id} has ended already")  # meanwhile
        if self.webhooks is not None:
            self.webhooks.schedule(ended)
            self.webhooks.notify()

    def describe(self, job: Job) -> dict[str, Json]:
        """The job as a client would see it now."""
        return self._renderer.job(job, observe(job, self.clock.now()))

    def jobs(self) -> list[dict[str, Json]]:
        """The jobs as a client would see them now, the oldest first."""
        page = self.store.page(after=None, limit=len(self.store), newest_first=False)
        return [self.describe(job) for job in page.jobs]

    def reset(self) -> None:
        """Forgets every job, and what was set for jobs and calls since the beginning. The clock and
        the series of ids go on.
        """
        self.store.clear()
        self.scenarios.reset()
        self.faults.reset()
        self.limits.clear()
        if self._replays:
            self._replays.clear()
        if self.webhooks is not None:
            self.webhooks.clear()

    def _new_replays(self) -> IdempotencyCache:
        if Cause.IDEMPOTENCY_CONFLICT not in self.document.envelope.answers:
            place = "/x-error-envelope/causes"
            raise ValueError(f"{place}: idempotency keys need {Cause.IDEMPOTENCY_CONFLICT}")
        return IdempotencyCache(self.clock)

    def _read_keys(self, config: MockConfig) -> tuple[Tier, dict[str, Account]]:
        tier = read_tier(self.document, config.limits)
        return tier, read_accounts(self.document, config.keys, tier=tier)

    def _of_job(self, asked: AcceptedCall) -> tuple[Fault, ...]:
        """The faults that strike a call about a job in a scenario, if it is the sender's."""
        job_id = next(iter(asked.call.path_parameters.values()), "")
        job = self.store.get(job_id)
        if job is None or job.owner != asked.key:
            return ()
        scenario = self.scenarios.of_job(job.scenario)
        if scenario is None or not scenario.faults:
            return ()
        return self.faults.apply_scenario_faults(scenario.faults, asked.call, scope=job_id)

    def _request_id(self) -> str:
        return self.document.envelope.request_id_prefix + self._ids.request()

    def _signed(
        self, reply: Reply, request_id: str, sender: str | RequestProblem | None = None
    ) -> Reply:
        """The reply with the headers that every answer carries."""
        name = self.document.envelope.request_id_header
        headers = {name: request_id, **reply.headers} if name else reply.headers
        if self.limits.active and isinstance(sender, str):
            headers = {**headers, **self.limits.headers(sender)}
        return Reply(reply.status, headers, reply.body, reply.delivery)


def _random(seed: int | None, what: str) -> Random:
    return Random(seed if seed is None else f"{seed} {what}")


def _require(reply: Reply, problems: Iterable[ReplyProblem]) -> None:
    found = tuple(problems)
    if found:
        raise NonconformingReply(reply.status, found)


_ROUNDING = 1e-12
