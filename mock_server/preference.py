"""The error that a request prefers to its answer: `Prefer: code=429` (RFC 7240)."""

from __future__ import annotations

import re

from ..openapi import Cause, ErrorEnvelope, Operation
from .errors import Refusal


def refuse_if_preferred(envelope: ErrorEnvelope, operation: Operation, prefer: str) -> None:
    """Raises Refusal with the error status that this header asks for, or for one that is not
    documented.
    """
    match = _CODE.search(prefer)
    if match is None or int(match[1]) < 400:
        return
    status = int(match[1])
    cause = envelope.cause_of_status(status)
    if cause is None or status not in operation.responses:
        known = ", ".join(str(s) for s in operation.responses if s >= 400)
        message = f"Prefer: {operation.id} has no documented answer {status}, only {known}"
        raise Refusal(Cause.PREFERENCE_INVALID, message, parameter="Prefer")
    message = f"The answer that Prefer: code={status} asked for."
    raise Refusal(cause, message, headers={"preference-applied": f"code={status}"})


_CODE = re.compile(r"\bcode=([1-5][0-9]{2})\b")
