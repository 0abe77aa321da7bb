"""Error replies: refusals as the document describes them, and the errors that clients ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil

import orjson

from ..openapi import Cause, ErrorEnvelope, Operation, Reply
from .clock import Clock
from .errors import Refusal


class ErrorReplies:
    """The error replies of a service.

    Args:
        envelope: The description of errors in the document.
        clock: The clock whose speed decides how long a client must wait.
    """

    def __init__(self, envelope: ErrorEnvelope, clock: Clock) -> None:
        self._envelope, self._clock = envelope, clock

    def reply(self, refusal: Refusal, request_id: str) -> Reply:
        """Return the error reply to a request with this id."""
        envelope = self._envelope
        error = envelope.responses[refusal.cause]
        body = envelope.body(
            error, message=refusal.message, parameter=refusal.parameter, request_id=request_id
        )
        headers = {"content-type": "application/json", **error.headers, **refusal.headers}
        # No wait helps against a 429 without a wait, such as an exhausted quota.
        if error.status >= 500 or (error.status == 429 and envelope.retry_seconds in headers):
            headers |= self.real_wait_header(headers)
        return Reply(error.status, headers, orjson.dumps(body))

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


def refuse_if_preferred(envelope: ErrorEnvelope, operation: Operation, prefer: str) -> None:
    """Raise Refusal if a Prefer header (RFC 7240) asks for an error: `Prefer: code=429`.

    A status that the operation does not document is refused as an invalid preference.
    """
    match = _CODE.search(prefer)
    if match is None or int(match[1]) < 400:
        return
    status = int(match[1])
    cause = envelope.cause_of_status(status)
    if cause is None or status not in operation.responses:
        known = ", ".join(str(s) for s in operation.responses if s >= 400)
        message = f"Prefer: {operation.id} has no documented response {status}, only {known}"
        raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
    message = f"Prefer: code={status} asks for this error."
    raise Refusal(cause, message, headers={"preference-applied": f"code={status}"})


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
