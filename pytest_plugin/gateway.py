"""The gateway between the code under test and the live API; it holds the API key and the budget."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import httpx2
import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..contracts.errors import BudgetExceeded
from ..contracts.traffic.billing import create_price, is_unbilled
from ..contracts.traffic.exchange import Exchange, read_exchange
from ..contracts.traffic.redaction import Redaction
from ..contracts.traffic.request_builder import url_of
from ..mock_server.endpoint import BODY_LIMIT, match_path, parse_query
from ..openapi import Call, Document, ErrorResponse, Operation, OperationMatch, Reply
from ..openapi.content_encoding import decode_content
from ..openapi.errors import ContentEncodingError
from ..openapi.messages import read_headers
from ..openapi.text import mask_url
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
        # Errors quote only a part of a key with blanks or line breaks.
        self._redaction = Redaction(document, keys=(budget.key, *budget.key.split()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        reply = await self._reply(request, await request.body())
        response = Response(reply.body, reply.status, dict(reply.headers))
        await response(scope, receive, send)

    async def _reply(self, request: Request, body: bytes) -> Reply:
        path: str = request.scope["raw_path"].decode("latin-1")
        # HEAD is supported wherever GET is (RFC 9110, section 9.3.2).
        method = "GET" if request.method == "HEAD" else request.method
        match = match_path(self._document, method, path)
        if not isinstance(match, OperationMatch):
            self._journal.unmatched(request.method, path)
            return self._error_reply(404, "unknown", f"{request.method} {path} is not documented")
        query, headers = parse_query(request.url.query), read_headers(request.headers.raw)
        call = Call(match.operation.id, match.path_parameters, query, headers, body)
        call = self._document.received(call)
        try:
            call = self._decoded(call)
            reply = await self._forward_in_budget(match.operation, call, request)
        except NotSent as error:
            self._journal.answered(call, error.reply, sent=False)
            return error.reply
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            self._journal.answered(call, None)
            # Clients would retry after a 5xx, and the retry may be billed as well.
            reason = f"the live API did not respond: {self._redaction.redact_text(str(error))}"
            return self._error_reply(424, "no_answer", reason)
        self._journal.answered(call, reply)
        return reply

    def _decoded(self, call: Call) -> Call:
        """Return a call with its body decompressed; raises NotSent if that is not possible."""
        encoding = call.headers.get("content-encoding")
        if not (call.body and encoding):
            return call
        try:
            return replace(call, body=decode_content(call.body, encoding, limit=BODY_LIMIT))
        except ContentEncodingError as error:
            reply = self._error_reply(415, "not_sent", f"not sent: {error}")
            raise NotSent(reply) from error

    async def _forward_in_budget(self, operation: Operation, call: Call, request: Request) -> Reply:
        """Reserve the price of a call and forward it; only a documented rejection releases it.

        Raises NotSent for a create that the document forbids or that would exceed the budget.
        """
        exchange = read_exchange(self._document, call, None, at=0.0)
        if exchange.create is None or not exchange.meets(exchange.create.when):
            return await self._forward(call, request)
        arguments = exchange.arguments
        unknown = [f"{name}: is not documented" for name in arguments.unknown_names]
        problems = [*(problem.message for problem in arguments.problems), *unknown]
        if problems:
            raise NotSent(self._error_reply(400, "not_sent", f"not sent: {'; '.join(problems)}"))
        try:
            price = self._price(exchange)
            self._budget.reserve(*price)
        except BudgetExceeded as error:
            self._journal.blocked(
                request.method, mask_url(self._upstream) + operation.path, str(error)
            )
            raise NotSent(self._error_reply(403, "not_sent", f"not sent: {error}")) from error
        try:
            reply = await self._forward(call, request)
        except _NEVER_SENT:
            self._budget.release(price[0])
            raise
        if is_unbilled(self._document, operation, reply):
            self._budget.release(price[0])
        return reply

    @staticmethod
    def _price(exchange: Exchange) -> tuple[Decimal | None, str]:
        """Return the price of a create, None for an unknown amount, and its currency.

        Raises BudgetExceeded if the document has no prices.
        """
        if exchange.create is None or exchange.create.price is None:
            raise BudgetExceeded(
                f"{exchange.operation_id} has no price in the document, so its price is unknown"
            )
        return create_price(exchange) or (None, exchange.create.price.currency)

    async def _forward(self, call: Call, request: Request) -> Reply:
        """Send a call as it was understood, not as its client spelled it, so that no server finds
        another request in it.
        """
        headers = {k: v for k, v in call.headers.items() if k not in _HOP_HEADERS}
        credentials = self._document.credentials
        if credentials is not None and credentials.header in headers:
            headers[credentials.header] = credentials.value_of(self._budget.key)
        call = self._document.sent(replace(call, headers=headers))
        # Values may have characters beyond ASCII (RFC 9110, section 5.5).
        raw_headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in call.headers.items()]
        url = url_of(self._document, call, self._upstream)
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            response = await client.request(
                request.method, url, headers=raw_headers, content=call.body or None
            )
        response.headers.encoding = "latin-1"
        # Some servers quote the key that they reject.
        response_headers = {
            name: self._redaction.redact_text(value)
            for name, value in response.headers.items()
            if name not in _HOP_HEADERS
        }
        body = self._redaction.redact_body(response.content)
        return Reply(response.status_code, response_headers, body)

    def _error_reply(self, status: int, code: str, message: str) -> Reply:
        """Return an error of the gateway itself, in the error format of the document."""
        error = ErrorResponse(status, None, code, {})
        envelope = self._document.envelope
        body = envelope.body(error, message=message, parameter=None, request_id="gateway")
        return Reply(status, {"content-type": "application/json"}, orjson.dumps(body))


# The errors before anything was sent, which therefore cannot be billed.
_NEVER_SENT = (
    *(httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.InvalidURL),
    *(httpx2.LocalProtocolError, httpx2.UnsupportedProtocol),
)
# Headers that belong to one connection, or that decoding the body makes invalid.
_HOP_HEADERS = {
    *("accept-encoding", "connection", "content-encoding", "content-length", "date", "host"),
    *("keep-alive", "server", "transfer-encoding"),
}
