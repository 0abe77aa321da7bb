"""A client that acts out a script, and a server in process whose answers can be changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from aisa_testkit.contracts import Exchange, UnmatchedRequest, read_exchange
from aisa_testkit.contracts.budget import Budget
from aisa_testkit.contracts.check.plan import plan_check
from aisa_testkit.contracts.check.result import CheckPolicy, CheckResult
from aisa_testkit.contracts.check.runner import CheckRunner
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, RandomIds
from aisa_testkit.openapi import Call, Delivery, Document, Ending, JobRole, Provenance, Reply
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.pointer import get, set_at

ROLES = {"poll": JobRole.RETRIEVE, **{role.value: role for role in JobRole}}
SECONDS = {"wait": 1000.0, "tick": 3.0}
KEYED = {"authorization": "Bearer sk-of-the-check", "x-render-key": "sk-of-the-check"}
HINTS = ("openai-poll-after-ms", "retry-after")  # so that there are more polls than two


@pytest.fixture(scope="session")
def play() -> Callable[[Document, str], list[Exchange | UnmatchedRequest]]:
    """The history of a client that does what a script says.

    `create`, `poll`, `content`, `remix`, `delete` and `list` are requests, `create b` for another
    job than `create` alone makes. `poll 2` is for the second job, `poll other` for an id that is
    `other`, and `poll` for the newest job. `look`, `fetch` and `drop` are what a good client makes
    of `poll`, `content` and `delete`: it leaves be what it was told is of no use.

    `fails`, `done` and `slow` say what becomes of the next job, `503 create` how the next request
    of a kind is answered. `lost create` has its answer lost, `cut create` breaks off so that nobody
    knows what became of it, and `odd poll` is answered with a status that there is not. From
    `retry 2` on answers ask for two seconds before another try, from `hint 2` on before another
    poll; after `retry none` and `hint none` they do not say.

    In a `tick` three seconds pass, in a `wait` all that any job takes, and `sleep 0.5` is what the
    client sleeps: it tells by which clock it lives.
    """
    return lambda document, script: _Client(document).act(script)


class _Client:
    def __init__(self, document: Document) -> None:
        self._document, self._clock = document, ManualClock()
        self._service = JobService(document, clock=self._clock, ids=RandomIds(1), strict=True)
        self._endpoint = Endpoint(self._service, observer=self)
        self._history: list[Exchange | UnmatchedRequest] = []
        self._jobs: list[str] = []
        self._ends: dict[str, Ending] = {}
        self._gone: set[str] = set()
        self._body = document.by_role[JobRole.CREATE].bodies["application/json"].schema.raw

        self._twists: dict[JobRole | None, str] = {}
        self._asked: dict[str, str] = {}
        self._timed = False

    def act(self, script: str) -> list[Exchange | UnmatchedRequest]:
        self._timed = "sleep" in script
        for step in script.split(", "):
            word, _, rest = step.partition(" ")
            if word in SECONDS:
                self._clock.advance(SECONDS[word])
            elif word == "sleep":
                self._clock.sleep(float(rest))
            elif word in ("retry", "hint"):
                self._asked[word] = rest
            elif word in ("lost", "cut", "odd"):
                self._twists[ROLES[rest]] = word
            elif word == "done":
                self._service.next_job(seconds=0)
            elif word == "slow":
                self._service.next_job(seconds=1e6)
            elif word == "fails":
                outcome = self._document.lifecycle.endings(Ending.FAILURE)[0]
                self._service.next_job(outcome=outcome)
            elif word.isdigit():
                operation = self._document.by_role[ROLES[rest]]
                self._service.fail(operation.id, status=int(word))
            elif word == "create":
                self._make(JobRole.CREATE, "", rest or "a")
            else:
                self._about(word, self._id(rest))
        return self._history

    def _id(self, which: str) -> str:
        if not which:
            return self._jobs[-1] if self._jobs else ""
        return self._jobs[int(which) - 1] if which.isdigit() else which

    def _make(self, role: JobRole, source: str, text: str) -> None:
        known = len(self._history)
        reply = self._ask(role, source, {self._body["required"][0]: text})
        (made,) = self._history[known:]
        if isinstance(made, Exchange) and made.accepted:
            job_id = get(orjson.loads(reply.body), self._document.lifecycle.id_at)
            self._jobs.append(job_id)

    def _about(self, word: str, job_id: str) -> None:
        end, gone = self._ends.get(job_id), job_id in self._gone
        if word == "look":
            if end is None:
                self._poll(job_id)
        elif word == "fetch":
            if end is Ending.SUCCESS and not gone:
                self._ask(JobRole.CONTENT, job_id)
        elif word == "drop":
            if end and not gone:
                self._ask(JobRole.DELETE, job_id)
                self._gone.add(job_id)
        elif word == "remix":
            self._make(JobRole.REMIX, job_id, "remixed")
        else:
            self._ask(ROLES[word], job_id)

    def _poll(self, job_id: str) -> None:
        reply, lifecycle = self._ask(JobRole.RETRIEVE, job_id), self._document.lifecycle
        end = lifecycle.states[get(orjson.loads(reply.body), lifecycle.state_at)].ends
        if end:
            self._ends[job_id] = end

    def _ask(self, role: JobRole, job_id: str, json: Json = None) -> Reply:
        operation = self._document.by_role[role]
        path = "/".join(job_id if s[:1] == "{" else s for s in operation.path.split("/"))
        return self._endpoint.respond(
            operation.method,
            self._document.base_path + path,
            query="",
            headers={
                "authorization": "Bearer k",
                "x-render-key": "k",
                "content-type": "application/json",
            },
            body=b"" if json is None else orjson.dumps(json),
        )

    def answered(self, call: Call, reply: Reply) -> None:
        role = self._document.operations[call.operation_id].role
        at, twist = self._clock.now(), self._twists.pop(role, "")
        client_time = self._clock.client_time() if self._timed else None
        seen: Reply | None = self._dressed(reply)
        if twist == "odd":
            seen = self._odd(reply)
        elif twist == "lost":
            seen = replace(reply, delivery=Delivery(arrives=-1))
        elif twist == "cut":
            seen = None
        self._history.append(
            read_exchange(self._document, call, seen, at=at, client_time=client_time)
        )

    def _dressed(self, reply: Reply) -> Reply:
        """The answer with the waits that the script has it ask for, where that says any."""
        envelope, hint = self._document.envelope, self._document.lifecycle.poll_hint
        word, named = "retry", {envelope.retry_seconds: 1, envelope.retry_milliseconds: 1000}
        if reply.status < 400:
            word, named = "hint", {hint.header: hint.per_second} if hint else {}
        if word not in self._asked or not named.keys() & reply.headers.keys():
            return reply
        headers = {name: value for name, value in reply.headers.items() if name not in named}
        if self._asked[word] != "none":
            name, units = next((n, units) for n, units in named.items() if n)
            headers[name] = f"{float(self._asked[word]) * units:g}"
        return replace(reply, headers=headers)

    def _odd(self, reply: Reply) -> Reply:
        job = orjson.loads(reply.body)
        set_at(job, self._document.lifecycle.state_at, "polishing")
        return replace(reply, body=orjson.dumps(job))

    def missed(self, method: str, path: str) -> None:
        self._history.append(UnmatchedRequest(method, path))

    def undelivered(self, reply: Reply) -> None:
        """Every client of these tests stays to the end."""


@pytest.fixture(params=["document", "other_document"], ids=["bundled", "other API"])
def either(request: pytest.FixtureRequest) -> Document:
    """The bundled document, and the one of another API."""
    chosen: Document = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def local() -> Callable[..., Local]:
    """Makes a server in process, from a document and a function that may change its answers: it is
    given the server, the call and the right reply, and returns a reply, or None if none is to come.
    """
    return Local


class _Unhurried(ManualClock):
    """A clock by which a second is a second, so that hints say how long to wait."""

    def wait_for(self, seconds: float) -> float:
        return seconds


class Local:
    """The mock as a walk asks it: `calls` and `waits` are what was asked of it, `accepted` how many
    creates it has accepted, `memory` is for whoever changes its answers.
    """

    key = "sk-of-the-check"

    def __init__(
        self, document: Document, change: Callable[[Local, Call, Reply], Reply | None] | None = None
    ) -> None:
        self.document, self.clock = document, _Unhurried()
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
            self.document, plan, self, key=key, ledger=ledger, standard=standard, **more
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
