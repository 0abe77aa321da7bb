"""The gateway between the code under test and the live API; it holds the API key and the budget."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import httpx2
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..contracts.errors import BudgetExceeded
from ..contracts.traffic.billing import is_unbilled
from ..mock_server.endpoint import parse_query
from ..openapi import Call, Document, ErrorResponse, Operation, OperationMatch, Reply
from ..openapi.credentials import DUMMY_KEY
from ..openapi.json import Json
from ..openapi.operation import CREATE_ROLES
from ..openapi.request import read_call
from .errors import NotSent
from .live_budget import LiveBudget
from .mock_journal import MockJournal

TIMEOUT_SECONDS = 300.0


class Gateway:
    """An ASGI application that forwards requests to the live API.

    It does not forward requests that match no operation of the document, creates that the document
    forbids, and creates that would exceed the budget.

    Args:
        document: the document of the API.
        upstream: the base URL of the live API.
        budget: the budget of the run, with the API key.
        journal: the journal of the requests.
    """

    def __init__(
        self, document: Document, *, upstream: str, budget: LiveBudget, journal: MockJournal
    ) -> None:
        self._document, self._budget, self._journal = document, budget, journal
        self._upstream = budget.upstream = upstream.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        reply = await self._reply(request, await request.body())
        response = Response(reply.body, reply.status, dict(reply.headers))
        await response(scope, receive, send)

    async def _reply(self, request: Request, body: bytes) -> Reply:
        path: str = request.scope["raw_path"].decode("latin-1")
        # HEAD is supported wherever GET is (RFC 9110, section 9.3.2).
        method = "GET" if request.method == "HEAD" else request.method
        match = self._document.match(method, path.removeprefix(self._document.base_path))
        if not isinstance(match, OperationMatch):
            self._journal.unmatched(request.method, path)
            return self._error_reply(404, "unknown", f"{request.method} {path} is not documented")
        query = parse_query(request.url.query)
        call = Call(match.operation.id, match.path_parameters, query, dict(request.headers), body)
        try:
            reply = await self._forward_in_budget(match.operation, call, request)
        except NotSent as error:
            self._journal.answered(call, error.reply, sent=False)
            return error.reply
        except httpx2.HTTPError as error:
            self._journal.answered(call, None)
            # Clients would retry after a 5xx, and the retry may be billed as well.
            return self._error_reply(424, "no_answer", f"the live API did not respond: {error}")
        self._journal.answered(call, reply)
        return reply

    async def _forward_in_budget(self, operation: Operation, call: Call, request: Request) -> Reply:
        """Reserve the price of a call and forward it; only a documented rejection releases it.

        Raises NotSent for a create that the document forbids or that would exceed the budget.
        """
        if operation.role not in CREATE_ROLES:
            return await self._forward(call, request)
        arguments = read_call(operation, call)
        unknown = [f"{name}: is not documented" for name in arguments.unknown_names]
        problems = [*(problem.message for problem in arguments.problems), *unknown]
        if problems:
            raise NotSent(self._error_reply(400, "not_sent", f"not sent: {'; '.join(problems)}"))
        try:
            price = self._price(operation, arguments.fields)
            self._budget.reserve(*price)
        except BudgetExceeded as error:
            self._journal.blocked(request.method, self._upstream + operation.path, str(error))
            raise NotSent(self._error_reply(403, "not_sent", f"not sent: {error}")) from error
        try:
            reply = await self._forward(call, request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout):  # nothing was sent
            self._budget.release(price[0])
            raise
        if is_unbilled(self._document, operation, reply):
            self._budget.release(price[0])
        return reply

    def _price(self, operation: Operation, fields: Mapping[str, Json]) -> tuple[Decimal, str]:
        if operation.price is None:
            raise BudgetExceeded(
                f"{operation.id} has no x-price in the document, so its price is unknown"
            )
        properties = {
            n: p for body in operation.bodies.values() for n, p in body.properties.items()
        }
        defaults = {name: schema.get("default") for name, schema in properties.items()}
        return operation.price.amount_for({**defaults, **fields}), operation.price.currency

    async def _forward(self, call: Call, request: Request) -> Reply:
        headers = {k: v for k, v in call.headers.items() if k not in _HOP_HEADERS}
        credentials = self._document.credentials
        if credentials is not None and credentials.header in headers:
            headers[credentials.header] = f"{credentials.scheme} {self._budget.key}".strip()
        path = request.scope["raw_path"].decode("latin-1").removeprefix(self._document.base_path)
        url = self._upstream + path + (f"?{request.url.query}" if request.url.query else "")
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            response = await client.request(
                request.method, url, headers=headers, content=call.body or None
            )
        response_headers = {
            name: value.replace(self._budget.key, DUMMY_KEY)
            for name, value in response.headers.items()
            if name not in _HOP_HEADERS
        }
        # Some servers quote the key that they reject.
        body = response.content.replace(self._budget.key.encode(), DUMMY_KEY.encode())
        return Reply(response.status_code, response_headers, body)

    def _error_reply(self, status: int, code: str, message: str) -> Reply:
        """Return an error of the gateway itself, in the error format of the document."""
        error = ErrorResponse(status, None, code, {})
        envelope = self._document.envelope
        body = envelope.body(error, message=message, parameter=None, request_id="gateway")
        return Reply(status, {"content-type": "application/json"}, orjson.dumps(body))


# Headers that belong to one connection, or that decoding the body makes invalid.
_HOP_HEADERS = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "date", "host"),
    *("keep-alive", "server", "transfer-encoding"),
}
