"""The live, paid API in a test, behind a gateway that keeps the key and the budget.

The code under test is given the gateway's address and a dummy key. So it cannot spend what it was
not meant to, whatever HTTP library it uses and however often it tries.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from threading import Lock
from typing import NoReturn

import httpx2
import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..contracts import Exchange
from ..mock_server import SystemClock
from ..mock_server.endpoint import parse_query
from ..mock_server.server import base_url
from ..openapi import Call, Document, ErrorAnswer, JobRole, Match, Operation, Reply
from ..openapi.json import Json
from ..openapi.request import read_call
from .contract import Contract
from .journal import Journal
from .sockets import SwitchingServer
from .surroundings import DUMMY_KEY, KEY_VARIABLE, surroundings

SECONDS = 300.0


class BudgetExceeded(Exception):
    """A request would cost more than is left."""


class Budget:
    """What the live API may cost in one run, and what it has cost at most."""

    def __init__(self, limit: Decimal, key: str) -> None:
        self.limit, self.key = limit, key
        self.spent, self.creates, self.currency = Decimal(0), 0, ""
        self._lock = Lock()

    def reserve(self, price: Decimal, currency: str) -> None:
        """Takes a price from the budget; raises BudgetExceeded if it is not there."""
        with self._lock:
            self.currency = currency
            if self.spent + price > self.limit:
                raise BudgetExceeded(
                    f"costs {price} {currency}, but of the {self.limit} of --video-max-spend"
                    f" {self.spent} are spent"
                )
            self.spent += price
            self.creates += 1

    def release(self, price: Decimal) -> None:
        """Gives back what was not billed after all."""
        with self._lock:
            self.spent -= price
            self.creates -= 1

    def __str__(self) -> str:
        jobs = "1 job" if self.creates == 1 else f"{self.creates} jobs"
        return f"{jobs}, at most {self.spent} of {self.limit} {self.currency}".rstrip()


def budget_of(config: pytest.Config) -> Budget:
    """The budget of a run against the live API; UsageError, in one line, if it cannot be had."""
    text, key = config.getoption("video_max_spend"), os.environ.get(KEY_VARIABLE, "")
    if not key:
        raise pytest.UsageError(f"--video-target=live needs a key in {KEY_VARIABLE}")
    if text is None:
        raise pytest.UsageError(
            "--video-target=live costs money: say how much, --video-max-spend=1"
        )
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("--video-target=live has one budget: run it without -n")
    try:
        limit = Decimal(text)
    except InvalidOperation:
        limit = Decimal(-1)
    if not limit.is_finite() or limit < 0:
        raise pytest.UsageError(f"--video-max-spend must be an amount such as 1.50, not {text!r}")
    return Budget(limit, key)


class LiveApi:
    """The live API, as the code under test reaches it. `base_url` is the gateway's, which sends a
    dummy key on as the real one.
    """

    def __init__(self, base_url: str, document: Document, budget: Budget, journal: Journal) -> None:
        self.base_url, self.document, self.budget = base_url, document, budget
        self._journal = journal

    @property
    def requests(self) -> list[Exchange]:
        """The calls of this test, with `operation_id`, `fields`, `files` and `status`."""
        return self._journal.requests

    def __getattr__(self, name: str) -> NoReturn:
        # A test that steers its jobs can say nothing of jobs that nobody can steer.
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"{name}: the live API cannot be steered")


@contextmanager
def live_api(
    document: Document,
    *,
    upstream: str,
    budget: Budget,
    contract: Contract,
    server: SwitchingServer,
) -> Iterator[LiveApi]:
    """The live API at `upstream` for the length of a test."""
    journal = contract.open(document, SystemClock())
    url = base_url(server.listener, document)
    gateway = Gateway(document, upstream=upstream, budget=budget, journal=journal)
    with server.using(gateway), surroundings(url, key=DUMMY_KEY):
        yield LiveApi(url, document, budget, journal)


class Gateway:
    """An ASGI application that passes the calls of a document on to the live API.

    What is no call, what the document forbids and what the budget does not hold is not passed on.
    """

    def __init__(
        self, document: Document, *, upstream: str, budget: Budget, journal: Journal
    ) -> None:
        self._document, self._budget, self._journal = document, budget, journal
        self._upstream = upstream.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        reply = await self._reply(request, await request.body())
        response = Response(reply.body, reply.status, dict(reply.headers))
        await response(scope, receive, send)

    async def _reply(self, request: Request, body: bytes) -> Reply:
        path: str = request.scope["raw_path"].decode("latin-1")
        match = self._document.match(request.method, path.removeprefix(self._document.base_path))
        if not isinstance(match, Match):
            self._journal.missed(request.method, path)
            return self._refusal(404, "unknown", f"{request.method} {path} is not documented")
        query = parse_query(request.url.query)
        call = Call(match.operation.id, match.path_parameters, query, dict(request.headers), body)
        try:
            reply = await self._paid(match.operation, call, request)
        except httpx2.HTTPError as error:
            self._journal.answered(call, None)
            # A 5xx would have clients send it again, which may be billed again.
            return self._refusal(424, "no_answer", f"the live API did not answer: {error}")
        self._journal.answered(call, reply)
        return reply

    async def _paid(self, operation: Operation, call: Call, request: Request) -> Reply:
        """The answer to a call, once its price is reserved; what is refused is not billed."""
        if operation.role not in (JobRole.CREATE, JobRole.REMIX):
            return await self._forward(call, request)
        arguments = read_call(operation, call)
        if arguments.problems:
            text = "; ".join(problem.message for problem in arguments.problems)
            return self._refusal(400, "not_sent", f"not sent to the live API: {text}")
        try:
            price = self._price(operation, arguments.fields)
            self._budget.reserve(*price)
        except BudgetExceeded as error:
            self._journal.blocked(request.method, self._upstream + operation.path, str(error))
            return self._refusal(403, "not_sent", f"not sent to the live API: {error}")
        reply = await self._forward(call, request)
        if 400 <= reply.status < 500:
            self._budget.release(price[0])
        return reply

    def _price(self, operation: Operation, fields: Mapping[str, Json]) -> tuple[Decimal, str]:
        if operation.price is None:
            raise BudgetExceeded(f"{operation.id} has no x-price in the document, so nobody knows")
        properties = {
            n: p for body in operation.bodies.values() for n, p in body.properties.items()
        }
        defaults = {name: below.get("default") for name, below in properties.items()}
        return operation.price.of({**defaults, **fields}), operation.price.currency

    async def _forward(self, call: Call, request: Request) -> Reply:
        headers = {k: v for k, v in call.headers.items() if k not in _OF_THIS_CONNECTION}
        credentials = self._document.credentials
        if credentials is not None and credentials.header in headers:
            headers[credentials.header] = f"{credentials.scheme} {self._budget.key}".strip()
        path = request.scope["raw_path"].decode("latin-1").removeprefix(self._document.base_path)
        url = self._upstream + path + (f"?{request.url.query}" if request.url.query else "")
        async with httpx2.AsyncClient(timeout=SECONDS) as client:
            response = await client.request(
                request.method, url, headers=headers, content=call.body or None
            )
        kept = {k: v for k, v in response.headers.items() if k not in _OF_THIS_CONNECTION}
        return Reply(response.status_code, kept, response.content)

    def _refusal(self, status: int, code: str, message: str) -> Reply:
        """An answer of the gateway itself, in the envelope."""
        answer = ErrorAnswer(status, None, code, {})
        envelope = self._document.envelope
        body = envelope.body(answer, message=message, parameter=None, request_id="gateway")
        return Reply(status, {"content-type": "application/json"}, orjson.dumps(body))


# What belongs to one connection, or is changed by reading the body, is not passed on.
_OF_THIS_CONNECTION = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "host"),
    *("keep-alive", "transfer-encoding"),
}
