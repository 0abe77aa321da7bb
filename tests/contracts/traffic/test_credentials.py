"""API keys of requests are checked without knowing which are valid."""

from __future__ import annotations

import pytest

from aisa_testkit.contracts import check_exchange, read_exchange
from aisa_testkit.contracts.traffic.credentials import credential_problem
from aisa_testkit.openapi import Call, Cause, Document, Reply
from aisa_testkit.openapi.credentials import UNKNOWN_KEY

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({"authorization": "Bearer sk-of-a-client"}, None),
        ({"authorization": "bearer x"}, None),
        ({}, Cause.CREDENTIALS_MISSING),
        ({"authorization": "Basic sk-of-a-client"}, Cause.CREDENTIALS_MALFORMED),
        ({"authorization": "Bearer"}, Cause.CREDENTIALS_MALFORMED),
        ({"authorization": f"Bearer {UNKNOWN_KEY}"}, Cause.CREDENTIALS_INVALID),
    ],
    ids=["key", "short key", "none", "another scheme", "scheme alone", "unknown key"],
)
def test_missing_malformed_or_unknown_api_key_is_a_problem(
    document: Document, headers: dict[str, str], cause: Cause | None
) -> None:
    call = Call("getVideo", {"video_id": "v"}, (), headers)
    problem = credential_problem(document, read_exchange(document, call, None, at=0))
    assert (problem.cause if problem else None) is cause


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({"x-render-key": "sk-of-a-client"}, None),
        ({"authorization": "Bearer sk-of-a-client"}, Cause.CREDENTIALS_MISSING),
        ({"x-render-key": UNKNOWN_KEY}, Cause.CREDENTIALS_INVALID),
    ],
    ids=["key", "in another header", "unknown key"],
)
def test_api_key_of_another_document_is_in_its_header(
    other_document: Document, headers: dict[str, str], cause: Cause | None
) -> None:
    call = Call("rendering", {"ref": "r-1"}, (), headers)
    problem = credential_problem(other_document, read_exchange(other_document, call, None, at=0))
    assert (problem.cause if problem else None) is cause


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 500])
def test_accepted_request_with_an_unknown_api_key_is_reported(
    document: Document, status: int
) -> None:
    call = Call("listVideos", {}, (), {"authorization": f"Bearer {UNKNOWN_KEY}"})
    found = check_exchange(document, call, Reply(status, JSON, b"{}"))
    ignored = [(v.place, v.received) for v in found if v.code == "AV111"]
    assert ignored == ([("authorization", str(status))] if status < 300 else [])
