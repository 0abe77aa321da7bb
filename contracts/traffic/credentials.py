"""The check of API keys in requests, without knowing which keys are valid."""

from __future__ import annotations

from ...openapi import Cause, Document, RequestProblem
from ...openapi.credentials import UNKNOWN_KEY
from ...openapi.request_key import read_key
from .exchange import Exchange


def credential_problem(document: Document, exchange: Exchange) -> RequestProblem | None:
    """Return the problem with the API key of a request.

    None if the key may be valid, or if the operation needs no key.
    """
    credentials = document.credentials
    if credentials is None or not exchange.operation.credentials:
        return None
    key = read_key(credentials, exchange.headers)
    if key == UNKNOWN_KEY:
        expected = "must be a key that the server knows"
        return RequestProblem(Cause.CREDENTIALS_INVALID, credentials.header, expected, UNKNOWN_KEY)
    return key if isinstance(key, RequestProblem) else None
