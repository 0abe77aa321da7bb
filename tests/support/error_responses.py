"""Error responses of the mocked API over HTTP."""

from __future__ import annotations

import httpx2

from aisa_testkit.openapi.json import Json


def error_of(response: httpx2.Response, status: int) -> Json:
    """The error in a JSON response with this status; its request id is that of the header."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert error["request_id"] == response.headers["x-request-id"]
    return error
