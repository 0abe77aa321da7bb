"""Error replies: refusals as the document describes them, and the errors that clients ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil

from ..openapi import Cause, ErrorEnvelope, Operation, Reply
from ..openapi.envelope import usual_cause
from ..openapi.generator import ValueMaker
from .clock import Clock
from .error_bodies import ErrorBodies
from .errors import Refusal
from .required_headers import required_headers


class ErrorReplies:
    """The error replies of a service.

    Args:
        envelope: The description of errors in the document.
        clock: The clock whose speed decides how long a client must wait.
        maker: Makes the bodies of errors that the document describes by their schema alone.
    """

    def __init__(self, envelope: ErrorEnvelope, clock: Clock, *, maker: ValueMaker) -> None:
        self._envelope, self._clock, self._maker = envelope, clock, maker
        self._bodies = ErrorBodies(envelope, maker=maker)

    def reply(self, refusal: Refusal, request_id: str, operation: Operation | None = None) -> Reply:
        """Return the error reply to a request with this id, of this operation if it has one."""
        envelope = self._envelope
        error = envelope.responses[refusal.cause]
        status = refusal.status or envelope.status_of(refusal.cause, operation)
        response = operation.responses.get(status) if operation else None
        media_type, body = self._bodies.render(
            refusal, request_id, status=status, response=response
        )
        headers = {"content-type": media_type, **error.headers, **refusal.headers}
        if refusal.wait is not None and envelope.retry_seconds is not None:
            headers[envelope.retry_seconds] = str(ceil(refusal.wait))
        # No wait helps against a 429 without a wait, such as an exhausted quota.
        if status >= 500 or (status == 429 and envelope.retry_seconds in headers):
            headers |= self.real_wait_header(headers)
        if response is not None and response.headers:
            headers |= required_headers(response, self._maker, known=headers)
        return Reply(status, headers, body)

    def real_wait_header(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return the header that makes official clients wait in real time for a faster clock.

        It is empty if the clock is not faster than real time. If `headers` name no wait, the wait
        is one second, as of these clients.
        """
        envelope = self._envelope
        if envelope.retry_milliseconds is None or self._clock.wait_for(1) >= 1:
            return {}
        seconds = float(headers.get(envelope.retry_seconds or "", 1))
        wait = ceil(self._clock.wait_for(seconds) * 1000)
        return {envelope.retry_milliseconds: str(max(1, wait))}


def refuse_if_preferred(
    envelope: ErrorEnvelope, operation: Operation, prefer: str, *, is_stateless: bool
) -> None:
    """Raise Refusal if a Prefer header (RFC 7240) asks for an error: `Prefer: code=429`.

    A status that the operation does not document is refused as an invalid preference. Stateless
    operations respond with any documented status themselves.
    """
    match = _CODE.search(prefer)
    if match is None or int(match[1]) < 400:
        return
    status = int(match[1])
    cause = envelope.cause_of_status(status)
    if cause is None and is_stateless and status in operation.responses:
        return  # the response is made from its examples and its schema
    if status not in operation.responses:
        known = ", ".join(str(s) for s in operation.responses if s >= 400)
        message = f"Prefer: {operation.id} has no documented response {status}, only {known}"
        raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
    message = f"Prefer: code={status} asks for this error."
    headers = {"preference-applied": f"code={status}"}
    raise Refusal(cause or usual_cause(status), message, headers=headers, status=status)


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
