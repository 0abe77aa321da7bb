"""`Prefer: code=429`: a request that asks for an error."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import Endpoint, JobService
from tests.support.requests import PROMPT, error_of, send


@pytest.mark.parametrize(
    "operation_id",
    ["createVideo", "listVideos", "getVideo", "deleteVideo", "getVideoContent", "remixVideo"],
)
def test_prefer_header_returns_each_documented_error(
    endpoint: Endpoint, service: JobService, operation_id: str
) -> None:
    operation = service.document.operations[operation_id]
    request = f"{operation.method} /v1{operation.template.expand({'video_id': 'video_0'})}"
    statuses = [status for status in operation.responses if status >= 400]
    assert {400, 401, 404, 429, 500, 503} <= set(statuses)
    for status in statuses:
        reply = send(endpoint, request, headers={"prefer": f"code={status}"})
        envelope = service.document.envelope
        cause = envelope.cause_of_status(status)
        assert cause is not None
        description = envelope.responses[cause]
        error = error_of(reply, status)
        assert (error["type"], error["code"]) == (description.type, description.code)
        assert reply.headers["preference-applied"] == f"code={status}"
        assert reply.headers.items() >= description.headers.items()


@pytest.mark.parametrize("status", [405, 416, 418, 599])
def test_prefer_header_with_an_undocumented_status_is_refused(
    endpoint: Endpoint, status: int
) -> None:
    reply = send(endpoint, "POST /v1/videos", json=PROMPT, headers={"prefer": f"code={status}"})
    error = error_of(reply, 400)
    assert error["message"] == (
        f"Prefer: createVideo has no documented response {status},"
        " only 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504"
    )
    assert error["param"] == "Prefer"


def test_prefer_header_is_read_after_authentication(endpoint: Endpoint) -> None:
    headers = {"authorization": "", "prefer": "code=503"}
    assert send(endpoint, "GET /v1/videos", headers=headers).status == 401


@pytest.mark.parametrize("prefer", ["code=200", "respond-async", "code=none"])
def test_prefer_header_without_an_error_is_ignored(endpoint: Endpoint, prefer: str) -> None:
    reply = send(endpoint, "GET /v1/videos", headers={"prefer": prefer})
    assert reply.status == 200
    assert "preference-applied" not in reply.headers
