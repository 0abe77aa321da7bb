"""The mock in process, as a check sends requests to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.mock_server import JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, JobRole, Provenance, Reply
from aisa_testkit.openapi.pointer import get

KEYED = {"authorization": "Bearer sk-of-the-check", "x-render-key": "sk-of-the-check"}
HINTS = ("openai-poll-after-ms", "retry-after")  # without them a check polls more than twice


class _RealTimeClock(ManualClock):
    """A clock by which a second is a second, so that hints say how long to wait."""

    def wait_for(self, seconds: float) -> float:
        return seconds


class LocalServer:
    """The mock as a walk asks it: `calls` and `waits` are what was asked of it, `accepted` how many
    creates it has accepted, `memory` is for whoever changes its answers.
    """

    key = "sk-of-the-check"

    def __init__(
        self,
        document: Document,
        change: Callable[[LocalServer, Call, Reply], Reply | None] | None = None,
    ) -> None:
        self.document, self.clock = document, _RealTimeClock()
        self._change = change or (lambda world, call, reply: reply)
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), api_keys=[self.key])
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.accepted = 0
        self.memory: dict[str, Any] = {}

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        assert len(self.calls) < 2000, "the walk does not end"
        right = self.service.answer(call)
        headers = {n: v for n, v in right.headers.items() if n not in HINTS}
        reply = self._change(self, call, replace(right, headers=headers))
        exchange = read_exchange(self.document, call, reply, at=self.clock.now())
        self.accepted += exchange.operation.role is JobRole.CREATE and exchange.accepted
        return exchange

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def walk(
        self,
        *,
        creates: int = 1,
        ledger: Budget | None = None,
        grade: Provenance = Provenance.INFERRED,
        timeout: float = 300,
        seed: int = 0,
        key: str = "sk-of-the-check",
        **more: Any,
    ) -> CheckResult:
        """What a walk over it finds."""
        plan = plan_check(self.document, key=key, creates=creates, grade=grade, seed=seed)
        ledger = ledger or Budget(max_creates=2)
        standard = CheckPolicy(grade, timeout)
        walk = CheckRunner(
            self.document, plan, self, key=key, budget=ledger, policy=standard, **more
        )
        return walk.run()

    def right(self, call: Call, **changed: Any) -> Reply:
        """The right answer to a call, or to one that is changed and has the key."""
        return self.service.answer(replace(call, headers={**call.headers, **KEYED}, **changed))

    def make(self) -> str:
        """Makes a job that nobody is told of, and returns its id."""
        reply = self.right(plan_check(self.document, key=self.key).creates[0])
        made: str = get(orjson.loads(reply.body), self.document.lifecycle.id_at)
        return made

    def count(self, operation_id: str) -> int:
        """How often an operation was asked for."""
        return Counter(call.operation_id for call in self.calls)[operation_id]

    def left(self) -> int:
        """How many jobs there are."""
        listing = self.document.by_role[JobRole.LIST]
        body = orjson.loads(self.right(Call(listing.id)).body)
        items = get(body, listing.page.places["items"]) if listing.page else ()
        return len(items)
