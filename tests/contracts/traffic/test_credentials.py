"""Whether a request may be let in can be told without knowing the keys."""

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
    ids=["a key", "a short key", "none", "another scheme", "a scheme alone", "nobody's key"],
)
def test_a_key_that_is_none_is_a_problem(
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
    ids=["a key", "in another header", "nobody's key"],
)
def test_another_document_has_its_key_elsewhere(
    other_document: Document, headers: dict[str, str], cause: Cause | None
) -> None:
    call = Call("rendering", {"ref": "r-1"}, (), headers)
    problem = credential_problem(other_document, read_exchange(other_document, call, None, at=0))
    assert (problem.cause if problem else None) is cause


@pytest.mark.parametrize("status", [200, 204, 401, 403, 404, 500])
def test_a_server_that_lets_in_what_has_no_key_is_told_and_no_other(
    document: Document, status: int
) -> None:
    call = Call("listVideos", {}, (), {"authorization": f"Bearer {UNKNOWN_KEY}"})
    found = check_exchange(document, call, Reply(status, JSON, b"{}"))
    ignored = [(v.place, v.received) for v in found if v.code == "AV111"]
    assert ignored == ([("authorization", str(status))] if status < 300 else [])
