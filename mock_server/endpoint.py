"""Raw HTTP requests turned into calls, so that every door of the mock answers alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from ..openapi import Call, Cause, NoMatch, OperationMatch, Reply
from ..openapi.messages import Query
from .errors import Refusal
from .observers import Observer
from .service import JobService

BODY_LIMIT = 32 * 1024 * 1024


class Endpoint:
    """A service at the base path of its document. Bodies of more than `body_limit` bytes are
    refused, `observer` hears of every request.
    """

    def __init__(
        self,
        service: JobService,
        *,
        body_limit: int = BODY_LIMIT,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.service, self.body_limit = service, body_limit
        self._base, self._observers = service.document.base_path, tuple(observers)

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """The reply to a request: method in upper case, path still percent-encoded, header names in
        lower case.
        """
        match = self.match(method, path)
        if method == "HEAD" and isinstance(match, NoMatch) and "GET" in match.allowed_methods:
            # A range means nothing to HEAD (RFC 9110, section 14.2).
            whole = {name: value for name, value in headers.items() if name != "range"}
            return _without_body(self.respond("GET", path, query=query, headers=whole, body=body))
        if isinstance(match, NoMatch):
            return self.refuse_unmatched(method, path, match, headers=headers)
        call = Call(match.operation.id, match.path_parameters, parse_query(query), headers, body)
        too_large = len(body) > self.body_limit
        reply = self._too_large(headers) if too_large else self.service.answer(call)
        for observer in self._observers:
            observer.answered(call, reply)
        return reply

    def respond_body_too_large(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str]
    ) -> Reply:
        """The reply to a request whose body is over the limit and was not read; the arguments are
        those of `respond`.
        """
        match = self.match(method, path)
        if isinstance(match, NoMatch):
            return self.refuse_unmatched(method, path, match, headers=headers)
        reply = self._too_large(headers)
        call = Call(match.operation.id, match.path_parameters, parse_query(query), headers)
        for observer in self._observers:
            observer.answered(call, reply)
        return reply

    def match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """The operation that a method and a path mean, as the document says."""
        if not path.startswith(self._base):
            return NoMatch()
        return self.service.document.match(method, path[len(self._base) :])

    def refuse_unmatched(
        self,
        method: str,
        path: str,
        mismatch: NoMatch | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """The reply to a request that means no operation; `headers` as `respond` takes them."""
        refusal = self._refusal(method, path, mismatch or NoMatch())
        reply = self.service.refuse(refusal, headers=headers)
        for observer in self._observers:
            observer.unmatched(method, path)
        return reply

    def undelivered(self, reply: Reply) -> None:
        """The client was gone before this reply came to its end."""
        answered = reply.whole if isinstance(reply, _Bodiless) else reply
        for observer in self._observers:
            observer.undelivered(answered)

    def head_too_large(self, limit: int) -> Reply:
        """The reply to a request whose head has more than `limit` bytes, and that nobody hears of:
        too much of it would have to be kept.
        """
        message = f"the head is larger than the {limit} bytes that are taken"
        return self.service.refuse(Refusal(Cause.BODY_TOO_LARGE, message))

    def internal_error(self, reason: str) -> Reply:
        """The reply when the mock itself cannot answer."""
        return self.service.refuse(Refusal(Cause.INTERNAL, reason))

    def _too_large(self, headers: Mapping[str, str]) -> Reply:
        message = f"the body is larger than the {self.body_limit} bytes that are taken"
        return self.service.refuse(Refusal(Cause.BODY_TOO_LARGE, message), headers=headers)

    def _refusal(self, method: str, path: str, mismatch: NoMatch) -> Refusal:
        shown = path[:_SHOWN]
        if not mismatch.allowed_methods:
            near = self.service.document.nearest(method, path)
            return Refusal(Cause.ENDPOINT_UNKNOWN, f"there is no path {shown}; nearest is {near}")
        allowed = [
            m for a in mismatch.allowed_methods for m in ((a, "HEAD") if a == "GET" else (a,))
        ]
        message = f"{shown} takes {', '.join(allowed)}, not {method}"
        return Refusal(Cause.METHOD_UNSUPPORTED, message, headers={"allow": ", ".join(allowed)})


def parse_query(query: str) -> Query:
    """The pairs of a query string, decoded."""
    return tuple(parse_qsl(query, keep_blank_values=True)) if query else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bodiless(Reply):
    """What HEAD answers in the place of the whole reply, which observers have heard of."""

    whole: Reply


def _without_body(reply: Reply) -> Reply:
    """What HEAD answers: all that GET would, but for the body (RFC 9110, section 9.3.2)."""
    if not reply.body:
        return reply
    headers = {**reply.headers, "content-length": str(len(reply.body))}
    return _Bodiless(reply.status, headers, delivery=reply.delivery, whole=reply)


_SHOWN = 200
