"""Refusals as the document's error answers."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

import orjson

from ..openapi import ErrorEnvelope, Reply
from .clock import Clock
from .errors import Refusal


class ErrorReplies:
    """Writes the error answers of an envelope, with waits that are true on a clock."""

    def __init__(self, envelope: ErrorEnvelope, clock: Clock) -> None:
        self._envelope, self._clock = envelope, clock

    def reply(self, refusal: Refusal, request_id: str) -> Reply:
        """The error answer to a request of this id."""
        envelope = self._envelope
        answer = envelope.answers[refusal.cause]
        body = envelope.body(
            answer, message=refusal.message, parameter=refusal.parameter, request_id=request_id
        )
        headers = {"content-type": "application/json", **answer.headers, **refusal.headers}
        # A 429 that names no wait is one that no wait helps against.
        if answer.status >= 500 or (answer.status == 429 and envelope.retry_seconds in headers):
            headers |= self.real_wait(headers)
        return Reply(answer.status, headers, orjson.dumps(body))

    def real_wait(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The header that has official clients wait as long as the clock takes, where it is faster
        than real time.

        An answer that asks for no wait leaves them at their own, which begins at about a second.
        """
        envelope = self._envelope
        if envelope.retry_milliseconds is None or self._clock.wait_for(1) >= 1:
            return {}
        seconds = float(headers.get(envelope.retry_seconds or "", 1))
        wait = ceil(self._clock.wait_for(seconds) * 1000)
        return {envelope.retry_milliseconds: str(max(1, wait))}
