"""Raw HTTP requests turned into calls, so that every door of the mock answers alike."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from urllib.parse import parse_qsl

from ..openapi import Call, Cause, Mismatch, Reply
from .refusal import Refusal
from .service import JobService

BODY_LIMIT = 32 * 1024 * 1024


class Endpoint:
    """A service at the base path of its document. Bodies of more than `body_limit` bytes are
    refused.
    """

    def __init__(self, service: JobService, *, body_limit: int = BODY_LIMIT) -> None:
        self.service, self.body_limit = service, body_limit
        self._base = service.document.base_path

    def respond(
        self, method: str, path: str, *, query: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """The reply to a request: method in upper case, path still percent-encoded, header names in
        lower case.
        """
        if not path.startswith(self._base):
            return self._unknown(method, path)
        below = path[len(self._base) :]
        document = self.service.document
        match = document.match(method, below)
        if method == "HEAD" and isinstance(match, Mismatch) and "GET" in match.allowed:
            # A range means nothing to HEAD (RFC 9110, section 14.2).
            whole = {name: value for name, value in headers.items() if name != "range"}
            return _without_body(self.respond("GET", path, query=query, headers=whole, body=body))
        if isinstance(match, Mismatch):
            return (
                self._unsupported(method, path, match)
                if match.allowed
                else self._unknown(method, path)
            )
        pairs = tuple(parse_qsl(query, keep_blank_values=True)) if query else ()
        return self.service.answer(
            Call(match.operation.id, match.path_parameters, pairs, headers, body)
        )

    def too_large(self) -> Reply:
        """The reply to a request whose body is over the limit, whatever else it says."""
        message = f"the body is larger than the {self.body_limit} bytes that are taken"
        return self.service.refuse(Refusal(Cause.BODY_TOO_LARGE, message))

    def broken(self, reason: str) -> Reply:
        """The reply when the mock itself cannot answer."""
        return self.service.refuse(Refusal(Cause.INTERNAL, reason))

    def _unsupported(self, method: str, path: str, mismatch: Mismatch) -> Reply:
        allowed = [m for a in mismatch.allowed for m in ((a, "HEAD") if a == "GET" else (a,))]
        message = f"{path} takes {', '.join(allowed)}, not {method}"
        headers = {"allow": ", ".join(allowed)}
        return self.service.refuse(Refusal(Cause.METHOD_UNSUPPORTED, message, headers=headers))

    def _unknown(self, method: str, path: str) -> Reply:
        known = {
            self._base + operation.path for operation in self.service.document.operations.values()
        }
        near = get_close_matches(path[:200], sorted(known), n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
        return self.service.refuse(
            Refusal(Cause.ENDPOINT_UNKNOWN, f"there is no path {path[:200]}; {hint}")
        )


def _without_body(reply: Reply) -> Reply:
    """What HEAD answers: all that GET would, but for the body (RFC 9110, section 9.3.2)."""
    if not reply.body:
        return reply
    return Reply(reply.status, {**reply.headers, "content-length": str(len(reply.body))})
