"""The mock as a function from calls to replies: no socket, no thread, no sleep, no global state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Generic, Literal, cast

from ..openapi import Call, Document, Operation, Reply, RequestProblem, load_document
from ..openapi.conformance import ReplyProblem, reply_problems
from ..openapi.jobs import JobRole
from ..openapi.json import Json
from ..openapi.request import read_call
from .accepted_call import AcceptedCall
from .assembly import ServiceOptions, make_parts
from .clock import ClockT, SystemClock
from .config import MockConfig
from .config_types import AccountOptions, Limits
from .error_replies import refuse_if_preferred
from .errors import NonconformingReply, Refusal
from .faults.applied_faults import AppliedFaults
from .faults.fault import Fault
from .jobs.ids import Ids, RandomIds
from .jobs.job import Job
from .jobs.store import MemoryStore, Store, all_jobs
from .webhooks.webhooks import Webhooks

UnknownIds = Literal["refuse", "synthesize"]


class JobService(Generic[ClockT]):
    """A service for jobs that replies to calls as its document says.

    Args:
        document: The OpenAPI document to serve; by default the bundled one.
        clock: The source of time; by default real time.
        ids: The source of new ids; by default random ids that depend on `seed`.
        store: The place where jobs are kept; by default the memory of this process.
        seed: A number that makes ids, random faults and shares the same in every run.
        api_keys: The accepted API keys; if empty, any key without the word `invalid` is accepted.
        unknown_ids: `refuse` returns an error for an unknown job id, `synthesize` a finished job.
        scenario: The scenario of each job for which no other one was chosen.
        config: Scenarios, faults, limits and accounts, as read from a file.
        limits: The limits of each key: the name of a tier of the document, or own numbers.
        accounts: Settings of single keys, by key.
        idempotency_keys: True if a repeated create with the same Idempotency-Key makes one job.
        webhooks: The sender of job events; it must use the same clock.
        strict: True to raise NonconformingReply instead of sending a reply that the document does
            not declare, unless a fault causes it.

    `scenario`, `limits`, `accounts` and `api_keys` override `config`. Raises ValueError for options
    that are invalid or that the document does not support.
    """

    def __init__(
        self,
        document: Document | None = None,
        *,
        clock: ClockT | None = None,
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
        # Without a clock, ClockT is Clock.
        self.clock: ClockT = clock or cast(ClockT, SystemClock())
        self.store: Store = MemoryStore() if store is None else store
        self.webhooks = webhooks
        self._ids: Ids = ids or RandomIds(seed)
        self._strict = strict
        self._options = ServiceOptions(
            document=self.document,
            api_keys=tuple(api_keys),
            scenario=scenario,
            limits=limits,
            accounts=accounts or {},
        )
        settings = self._options.override(config or MockConfig())
        parts = make_parts(
            self.document,
            settings=settings,
            clock=self.clock,
            ids=self._ids,
            store=self.store,
            seed=seed,
            synthesize=unknown_ids == "synthesize",
            idempotency_keys=idempotency_keys,
            webhooks=webhooks,
        )
        self.scenarios, self.faults, self.limits = parts.scenarios, parts.faults, parts.limits
        self.kinds, self._handlers = parts.kinds, parts.handlers
        self._authenticator, self._errors = settings.authenticator, parts.errors
        self._idempotency, self._random = parts.idempotency, parts.random
        self._creating = _with_roles(self.document, JobRole.CREATE)
        self._shared = _about_jobs_of_all_keys(self.document)
        self._job_changing = self._creating | _with_roles(self.document, JobRole.CANCEL)

    def answer(self, call: Call) -> Reply:
        """Return the reply to a call. Raises KeyError for an operation that is not in the
        document.
        """
        operation, request_id = self.document.operations[call.operation_id], self._request_id()
        sender = self._authenticator.read_key(call.headers) if operation.credentials else ""
        applied = AppliedFaults()
        try:
            if self.faults.any_active:
                applied.add(self.faults.match(call, sender))
            reply = self._accept(operation, call, sender, applied)
        except Refusal as refusal:
            reply = self._errors.reply(refusal, request_id, operation)
        if self._strict and not applied.prevented:
            _require_conforming(reply, reply_problems(operation, reply))
        reply = self._with_common_headers(reply, request_id, sender)
        if self.webhooks is not None and operation.id in self._job_changing:
            self.webhooks.notify()
        if not applied:
            return reply
        return applied.apply(
            reply,
            error_reply=lambda refusal: self._with_common_headers(
                self._errors.reply(refusal, request_id, operation), request_id, sender
            ),
            random=self._random,
            now=self.clock.now(),
        )

    def _accept(
        self, operation: Operation, call: Call, sender: str | RequestProblem, applied: AppliedFaults
    ) -> Reply:
        """Perform a call if its key, the limits and the faults allow it; raises Refusal if not."""
        key = self._authenticator.authenticate(sender) if operation.credentials else ""
        if self.limits.active:
            self.limits.count_request(key)
        if "prefer" in call.headers:
            refuse_if_preferred(
                self.document.envelope,
                operation,
                call.headers["prefer"],
                is_stateless=operation.id not in self.document.roles,
            )
        accepted = AcceptedCall(
            operation,
            call,
            read_call(operation, call),
            key,
            None if operation.id in self._shared else key,
        )
        if accepted.arguments.unknown_names:
            applied.ignored_names = accepted.arguments.unknown_names
        if operation.id in self._creating:
            if self._idempotency:
                return self._idempotency.run_once(
                    accepted, lambda accepted: self._create(accepted, applied)
                )
            return self._create(accepted, applied)
        if self.scenarios.has_faults:
            applied.add(self._scenario_faults(accepted))
        if applied:
            if applied.ignore_range:
                accepted.ignore_range()
            if applied.list_delay:
                accepted.listed_until = self.clock.now() - applied.list_delay
        return self.perform(accepted)

    def _create(self, accepted: AcceptedCall, applied: AppliedFaults) -> Reply:
        """Make a job in a scenario. If the call is refused, the scenario goes back to the queue."""
        choice = self.scenarios.choose(accepted.call, accepted.arguments)
        faults = choice.scenario.faults
        try:
            if faults:
                applied.add(
                    self.faults.match_scenario_faults(faults, accepted.call, scope=accepted.key)
                )
            accepted.scenario = choice.scenario
            if applied:
                accepted.webhook = applied.webhook
            return self.perform(accepted)
        except Refusal:
            self.scenarios.requeue(choice)
            raise

    def perform(self, accepted: AcceptedCall) -> Reply:
        """Return the reply to an accepted call; raises Refusal if it cannot be performed."""
        return self._handlers.handle(accepted)

    def file(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Return the reply with a file of a job, by its path below the files of the mock."""
        try:
            return self._handlers.file(path, Call("", headers=headers))
        except Refusal as refusal:
            return self._errors.reply(refusal, self._request_id())

    def refuse(
        self,
        refusal: Refusal,
        *,
        headers: Mapping[str, str] | None = None,
        operation: Operation | None = None,
    ) -> Reply:
        """Return the error reply to a request that no operation performs.

        Args:
            refusal: The error.
            headers: The headers of the request; with them, the reply has the limits of its key.
            operation: The operation that the request is for; None if it is for none.
        """
        request_id = self._request_id()
        sender = None if headers is None else self._authenticator.read_key(headers)
        reply = self._errors.reply(refusal, request_id, operation)
        return self._with_common_headers(reply, request_id, sender)

    def reconfigure(self, config: MockConfig) -> None:
        """Replace the config; the options of the constructor still override it.

        Jobs, used quotas, replies by Idempotency-Key, and all faults and choices that were set
        since the start are kept. Raises ValueError if the config is invalid, and then changes
        nothing.
        """
        settings = self._options.override(config)
        self.scenarios.replace_initial(default=settings.scenario, custom=settings.scenarios)
        self.limits.replace_limits(tier=settings.tier, accounts=settings.accounts)
        self._authenticator = settings.authenticator
        self.faults.replace_initial(settings.faults)

    def describe(self, job: Job) -> dict[str, Json]:
        """The fields of a job as a client would see them now."""
        return self.kinds[job.kind].describe(job)

    def describe_all(self) -> list[dict[str, Json]]:
        """The fields of all jobs as a client would see them now, the oldest job first."""
        return [self.describe(job) for job in all_jobs(self.store, newest_first=False)]

    def clear(self) -> None:
        """Forget all jobs, and everything that was set since the start.

        The clock and the series of ids continue.
        """
        self.store.clear()
        self.scenarios.reset()
        self.faults.reset()
        self.limits.clear()
        if self._idempotency:
            self._idempotency.clear()
        if self.webhooks is not None:
            self.webhooks.clear()

    def _scenario_faults(self, accepted: AcceptedCall) -> tuple[Fault, ...]:
        """The faults of a job's scenario that apply to a call about it by its owner."""
        job = self._handlers.job_of(accepted)
        if job is None or not accepted.sees(job):
            return ()
        scenario = self.scenarios.get(job.scenario)
        if scenario is None or not scenario.faults:
            return ()
        return self.faults.match_scenario_faults(scenario.faults, accepted.call, scope=job.id)

    def _request_id(self) -> str:
        return self.document.envelope.request_id_prefix + self._ids.new_request_id()

    def _with_common_headers(
        self, reply: Reply, request_id: str, sender: str | RequestProblem | None = None
    ) -> Reply:
        """Add the headers that every reply has: the request id, and the limits of the sender."""
        name = self.document.envelope.request_id_header
        headers = {name: request_id, **reply.headers} if name else reply.headers
        if self.limits.active and isinstance(sender, str):
            headers = {**headers, **self.limits.rate_limit_headers(sender)}
        return Reply(reply.status, headers, reply.body, reply.delivery)


def _with_roles(document: Document, role: JobRole) -> frozenset[str]:
    """Return the ids of the operations with a role for jobs."""
    return frozenset(
        name for name, roles in document.roles.items() if any(r.role is role for r in roles)
    )


def _about_jobs_of_all_keys(document: Document) -> frozenset[str]:
    """Return the ids of the operations about jobs that are open to everyone, whatever their key.

    They need no key themselves, or it needs none to create such a job.
    """
    kinds = document.kinds.values()
    public = {k.name for k in kinds if not all(c.operation.credentials for c in k.creates)}
    return frozenset(
        name
        for name, roles in document.roles.items()
        if not document.operations[name].credentials or public.intersection(r.kind for r in roles)
    )


def _require_conforming(reply: Reply, problems: Iterable[ReplyProblem]) -> None:
    found = tuple(problems)
    if found:
        raise NonconformingReply(reply.status, found)
