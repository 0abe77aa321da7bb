"""The mock in process as the target of a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from aisa_testkit.contracts import Exchange, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.contracts.traffic.file_read import FileReply
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Document, Provenance, Reply
from aisa_testkit.openapi.pointer import get
from tests.support.operations import id_in, only_kind

KEYED = {"authorization": "Bearer sk-of-the-check", "x-render-key": "sk-of-the-check"}
HINTS = ("openai-poll-after-ms", "retry-after")  # without them a check polls more than twice


class _RealTimeClock(ManualClock):
    """A clock without time scale, so that hints are in its seconds."""

    def wait_for(self, seconds: float) -> float:
        return seconds


class LocalServer:
    """The mock in process as the target of a check.

    change: changes the replies; it gets this server, the call and the reply, and returns None for
        a broken connection
    calls: the received calls
    waits: the waits in seconds
    accepted: the number of accepted creates
    memory: storage for `change`
    """

    key = "sk-of-the-check"

    def __init__(
        self,
        document: Document,
        change: Callable[[LocalServer, Call, Reply], Reply | None] | None = None,
    ) -> None:
        self.document, self.clock = document, _RealTimeClock()
        self._change = change or (lambda server, call, reply: reply)
        self.service = JobService(document, clock=self.clock, ids=RandomIds(1), api_keys=[self.key])
        self.calls: list[Call] = []
        self.waits: list[float] = []
        self.accepted = 0
        self.memory: dict[str, Any] = {}

    def send(self, call: Call) -> Exchange:
        self.calls.append(call)
        assert len(self.calls) < 2000, "the check does not end"
        original = self.service.answer(call)
        headers = {n: v for n, v in original.headers.items() if n not in HINTS}
        reply = self._change(self, call, replace(original, headers=headers))
        exchange = read_exchange(self.document, call, reply, at=self.clock.now())
        self.accepted += exchange.create is not None and exchange.accepted
        return exchange

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    def read_file(self, url: str, headers: Mapping[str, str]) -> FileReply:
        """Read what is at an address, with the headers where that is not enough."""
        path, query = urlsplit(url).path, urlsplit(url).query
        path = f"{self.document.base_path}{path.removeprefix(self.document.base_path)}"
        for sent in ({}, headers):
            reply = Endpoint(self.service).respond("GET", path, query=query, headers=sent, body=b"")
            if reply.status not in (400, 401, 403):
                break
        return FileReply(reply)

    def owns(self, url: str) -> bool:
        """Return True: all addresses are of this server."""
        return True

    def run_check(
        self,
        *,
        creates: int = 1,
        budget: Budget | None = None,
        grade: Provenance = Provenance.INFERRED,
        timeout: float = 300,
        seed: int = 0,
        key: str | None = "sk-of-the-check",
        kind: str | None = None,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> CheckResult:
        """Check this server, and return the result."""
        plan = plan_check(
            self.document,
            key=key,
            kind=kind,
            creates=creates,
            grade=grade,
            seed=seed,
            fields=fields,
            headers=headers,
        )
        budget = budget or Budget(max_creates=2)
        policy = CheckPolicy(grade, timeout)
        with_files = {"files": self, **options}
        return CheckRunner(
            self.document, plan, self, budget=budget, policy=policy, **with_files
        ).run()

    def reply_with_key(self, call: Call, **changed: Any) -> Reply:
        """Return the unchanged reply to a call, with the key and other changes."""
        return self.service.answer(replace(call, headers={**call.headers, **KEYED}, **changed))

    def create_job(self) -> str:
        """Create a job outside of the check, and return its id."""
        reply = self.reply_with_key(plan_check(self.document, key=self.key).creates[0])
        return id_in(self.document, orjson.loads(reply.body))

    def count(self, operation_id: str) -> int:
        """Return the number of calls of an operation."""
        return Counter(call.operation_id for call in self.calls)[operation_id]

    def count_jobs(self) -> int:
        """Return the number of jobs."""
        listing = only_kind(self.document).list
        assert listing
        body = orjson.loads(self.reply_with_key(Call(listing.operation.id)).body)
        return len(get(body, listing.items))
