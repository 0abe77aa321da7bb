"""Whether a request may be let in, as far as that can be told without knowing the keys."""

from __future__ import annotations

from ...openapi import Cause, Document, RequestProblem
from ...openapi.credentials import UNKNOWN_KEY
from .exchange import Exchange


def credential_problem(document: Document, exchange: Exchange) -> RequestProblem | None:
    """What is wrong with the key of a request; None if it may be right, or none is needed."""
    credentials = document.credentials
    if credentials is None or not exchange.operation.secured:
        return None
    key = credentials.key(exchange.headers)
    if key == UNKNOWN_KEY:
        wanted = "must be a key that the server knows"
        return RequestProblem(Cause.CREDENTIALS_INVALID, credentials.header, wanted, UNKNOWN_KEY)
    return key if isinstance(key, RequestProblem) else None
