"""The endpoint: raw HTTP requests turned into calls, the same for a socket and in process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from ..openapi import Call, Cause, Document, NoMatch, Operation, OperationMatch, Reply
from ..openapi.content_encoding import CONTENT_CODINGS, decode_content
from ..openapi.errors import ContentEncodingError
from ..openapi.jobs.file_addresses import FILES_ID, FILES_PREFIX
from ..openapi.messages import Query
from .errors import Refusal
from .observers import Observer
from .service import JobService

BODY_LIMIT = 32 * 1024 * 1024


class Endpoint:
    """A service at the base path of its document.

    Args:
        service: The service.
        body_limit: The maximum size of a request body, in bytes.
        observers: Objects that are informed of every request.
    """

    def __init__(
        self,
        service: JobService,
        *,
        body_limit: int = BODY_LIMIT,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.service, self.body_limit = service, body_limit
        self._observers = tuple(observers)
        document = service.document
        # Without files, nothing begins with this, because paths begin with a slash.
        self._files_prefix = document.base_path + FILES_PREFIX if document.files else "?"

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """Return the reply to a request.

        Args:
            method: The HTTP method in upper case.
            path: The path, percent-encoded.
            query: The query string, without the question mark.
            headers: The headers, names in lower case.
            body: The body, which may be compressed.
        """
        if path.startswith(self._files_prefix) and method in ("GET", "HEAD"):
            return self._respond_file(method, path, query, headers)
        match = self.match(method, path)
        if method == "HEAD" and isinstance(match, NoMatch) and "GET" in match.allowed_methods:
            # Ranges do not apply to HEAD (RFC 9110, section 14.2).
            without_range = {name: value for name, value in headers.items() if name != "range"}
            return _without_body(
                self.respond("GET", path, query=query, headers=without_range, body=body)
            )
        if isinstance(match, NoMatch):
            return self.respond_unmatched(method, path, match, headers=headers)
        problem = None
        if body and "content-encoding" in headers:
            body, problem = self._decode(body, headers, match.operation)
        call = self._call(match, query, headers, body)
        if problem is None and len(body) > self.body_limit:
            problem = self._too_large(headers, match.operation)
        reply = problem or self.service.answer(call)
        for observer in self._observers:
            observer.answered(call, reply)
        return reply

    def respond_body_too_large(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str]
    ) -> Reply:
        """Return the reply to a request whose body exceeds the limit and was not read.

        The arguments are those of `respond`.
        """
        match = self.match(method, path)
        if isinstance(match, NoMatch):
            return self.respond_unmatched(method, path, match, headers=headers)
        reply = self._too_large(headers, match.operation)
        call = self._call(match, query, headers)
        for observer in self._observers:
            observer.answered(call, reply)
        return reply

    def _call(
        self, match: OperationMatch, query: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Call:
        call = Call(match.operation.id, match.path_parameters, parse_query(query), headers, body)
        return self.service.document.received(call)

    def _respond_file(
        self, method: str, path: str, query: str, headers: Mapping[str, str]
    ) -> Reply:
        """Return the reply to a request for a file of a job at its address."""
        if method == "HEAD":
            # Ranges do not apply to HEAD (RFC 9110, section 14.2).
            headers = {name: value for name, value in headers.items() if name != "range"}
        document = self.service.document
        parameters = document.match_file(path[len(document.base_path) :]) or {}
        reply = self.service.file(unquote(path[len(self._files_prefix) :]), headers)
        call = Call(FILES_ID, parameters, parse_query(query), headers)
        for observer in self._observers:
            observer.answered(call, reply)
        return _without_body(reply) if method == "HEAD" else reply

    def match(self, method: str, path: str) -> OperationMatch | NoMatch:
        """Return the operation of the document for a method and a path."""
        return match_path(self.service.document, method, path)

    def respond_unmatched(
        self,
        method: str,
        path: str,
        mismatch: NoMatch | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the error reply to a request that matches no operation.

        The arguments are those of `respond`.
        """
        refusal = self._refusal(method, path, mismatch or NoMatch())
        reply = self.service.refuse(refusal, headers=headers)
        for observer in self._observers:
            observer.unmatched(method, path, headers)
        return reply

    def respond_invalid(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int = 400,
        delivered: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the error reply to a request that is not valid HTTP or did not arrive completely.

        Args:
            method: The HTTP method, "?" if it is unknown.
            path: The path as it was sent, "?" if it is unknown.
            reason: The problem in words.
            status: The HTTP status of the reply.
            delivered: False if the client has disconnected and does not receive the reply.
            headers: The headers by name in lower case, None if they are not known.
        """
        cause = self.service.document.envelope.cause_of_status(status) or Cause.FIELD_VALUE
        reply = self.service.refuse(Refusal(cause, reason, status=status))
        for observer in self._observers:
            observer.invalid(
                method, path, reason, status=status if delivered else None, headers=headers
            )
        return reply

    def undelivered(self, reply: Reply) -> None:
        """Inform the observers that a client disconnected before it received all of this reply."""
        answered = reply.get_reply if isinstance(reply, _HeadReply) else reply
        for observer in self._observers:
            observer.undelivered(answered)

    def respond_head_too_large(self, method: str, path: str, limit: int) -> Reply:
        """Return the error reply to a request whose head has more than `limit` bytes.

        Observers get only the beginning of the path, because they would have to keep the head.
        """
        message = f"the head is larger than the limit of {limit} bytes"
        reply = self.service.refuse(Refusal(Cause.BODY_TOO_LARGE, message))
        for observer in self._observers:
            observer.invalid(method, path[:_MAX_SHOWN_PATH], message, status=reply.status)
        return reply

    def respond_internal_error(self, reason: str) -> Reply:
        """Return the error reply if the mock itself has failed."""
        return self.service.refuse(Refusal(Cause.INTERNAL, reason))

    def _too_large(self, headers: Mapping[str, str], operation: Operation) -> Reply:
        message = f"the body is larger than the limit of {self.body_limit} bytes"
        refusal = Refusal(Cause.BODY_TOO_LARGE, message)
        return self.service.refuse(refusal, headers=headers, operation=operation)

    def _decode(
        self, body: bytes, headers: Mapping[str, str], operation: Operation
    ) -> tuple[bytes, Reply | None]:
        """Return a decompressed body, or the body as it is and the error reply."""
        try:
            limit = self.body_limit
            return decode_content(body, headers["content-encoding"], limit=limit), None
        except ContentEncodingError as error:
            refusal = Refusal(
                Cause.MEDIA_TYPE_UNSUPPORTED,
                str(error),
                parameter="Content-Encoding",
                headers={"accept-encoding": ", ".join(CONTENT_CODINGS)},
                # Documents declare one status for all unsupported types, often 400. RFC 9110,
                # section 8.4, has 415 for encodings.
                status=415,
            )
        return body, self.service.refuse(refusal, headers=headers, operation=operation)

    def _refusal(self, method: str, path: str, mismatch: NoMatch) -> Refusal:
        shown = path[:_MAX_SHOWN_PATH]
        if not mismatch.allowed_methods:
            near = self.service.document.nearest(method, path)
            return Refusal(Cause.ENDPOINT_UNKNOWN, f"there is no path {shown}; nearest is {near}")
        allowed = [
            m for a in mismatch.allowed_methods for m in ((a, "HEAD") if a == "GET" else (a,))
        ]
        message = f"{shown} takes {', '.join(allowed)}, not {method}"
        return Refusal(Cause.METHOD_UNSUPPORTED, message, headers={"allow": ", ".join(allowed)})


def match_path(document: Document, method: str, path: str) -> OperationMatch | NoMatch:
    """Return the operation of a document for a method and a path that includes the base path."""
    if not path.startswith(document.base_path):
        return NoMatch()
    return document.match(method, path[len(document.base_path) :])


def parse_query(query: str) -> Query:
    """Return the decoded pairs of a query string."""
    return tuple(parse_qsl(query, keep_blank_values=True)) if query else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _HeadReply(Reply):
    """A reply to HEAD, and the reply to GET that observers were informed of."""

    get_reply: Reply


def _without_body(reply: Reply) -> Reply:
    """The reply to HEAD: that to GET without its body (RFC 9110, section 9.3.2)."""
    if not reply.body:
        return reply
    headers = {**reply.headers, "content-length": str(len(reply.body))}
    return _HeadReply(reply.status, headers, delivery=reply.delivery, get_reply=reply)


_MAX_SHOWN_PATH = 200
