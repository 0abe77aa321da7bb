"""Error replies: refusals as the document describes them, and the errors that clients ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import ceil

import orjson

from ..openapi import Cause, ErrorEnvelope, ErrorResponse, Operation, Reply, Schema
from ..openapi.generator import NoValueError, ValueMaker
from ..openapi.generator.layout import Layout
from ..openapi.json import Json
from ..openapi.keywords import types_of
from ..openapi.media_types import is_json
from ..openapi.operation import JSON
from .clock import Clock
from .errors import Refusal


class ErrorReplies:
    """The error replies of a service.

    Args:
        envelope: The description of errors in the document.
        clock: The clock whose speed decides how long a client must wait.
        maker: Makes the bodies of errors that the document describes by their schema alone.
    """

    def __init__(self, envelope: ErrorEnvelope, clock: Clock, *, maker: ValueMaker) -> None:
        self._envelope, self._clock, self._maker = envelope, clock, maker

    def reply(self, refusal: Refusal, request_id: str, operation: Operation | None = None) -> Reply:
        """Return the error reply to a request with this id, of this operation if it has one."""
        envelope = self._envelope
        error = envelope.responses[refusal.cause]
        media_type, body = self._body(error, refusal, request_id, operation)
        headers = {"content-type": media_type, **error.headers, **refusal.headers}
        # No wait helps against a 429 without a wait, such as an exhausted quota.
        if error.status >= 500 or (error.status == 429 and envelope.retry_seconds in headers):
            headers |= self.real_wait_header(headers)
        return Reply(error.status, headers, orjson.dumps(body))

    def _body(
        self,
        error: ErrorResponse,
        refusal: Refusal,
        request_id: str,
        operation: Operation | None,
    ) -> tuple[str, Json]:
        """Return the media type and the body of an error."""
        envelope, message = self._envelope, refusal.message
        if not envelope.declared:
            described = self._described_body(error, message, operation)
            if described is not None:
                return described
        body = envelope.body(
            error, message=message, parameter=refusal.parameter, request_id=request_id
        )
        return JSON if envelope.declared else _PROBLEM_JSON, body

    def _described_body(
        self, error: ErrorResponse, message: str, operation: Operation | None
    ) -> tuple[str, Json] | None:
        """Return the error as the schema of a documented response has it; its first text is the
        message. None if the document describes no such response as JSON.
        """
        response = operation.responses.get(error.status) if operation else None
        for media_type, schema in response.content.items() if response else ():
            if schema is not None and is_json(media_type):
                layout = _with_message(schema, message)
                try:
                    return media_type, self._maker.make(schema, layout=layout)
                except NoValueError:
                    return None
        return None

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


def _with_message(schema: Schema, message: str) -> Layout:
    """Return a layout with a message in the first field of a schema that is any text."""
    for path, field in schema.fields():
        if "string" in types_of(field) and not field.keys() & _FIXED_TEXT:
            return Layout(values={path: message})
    return Layout()


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
    if cause is None or status not in operation.responses:
        known = ", ".join(str(s) for s in operation.responses if s >= 400)
        message = f"Prefer: {operation.id} has no documented response {status}, only {known}"
        raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
    message = f"Prefer: code={status} asks for this error."
    raise Refusal(cause, message, headers={"preference-applied": f"code={status}"})


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
_PROBLEM_JSON = "application/problem+json"
_FIXED_TEXT = {"const", "enum", "format", "pattern", "maxLength"}
