"""Options of JobService: seed, clock and strict."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    NonconformingReply,
    RandomIds,
    TickingClock,
)
from aisa_testkit.openapi import Document, Reply, parse_document
from tests.support.documents import RENDERINGS
from tests.support.requests import PROMPT, body_of, create_job, send


def test_same_seed_gives_the_same_replies(document: Document) -> None:
    def bodies(seed: int) -> list[bytes]:
        service = JobService(
            document, clock=ManualClock(1_780_000_000), ids=RandomIds(seed), strict=True
        )
        endpoint = Endpoint(service)
        made = [send(endpoint, "POST /v1/videos", json=PROMPT).body for _ in range(3)]
        return [
            *made,
            send(endpoint, "GET /v1/videos").body,
            send(endpoint, "GET /v1/videos/x").body,
        ]

    assert bodies(5) == bodies(5)
    assert not set(bodies(5)) & set(bodies(6))


def test_polls_advance_a_ticking_clock_through_every_state(document: Document) -> None:
    clock = TickingClock(1_780_000_000, interval=3)
    endpoint = Endpoint(JobService(document, clock=clock, strict=True))
    job = create_job(endpoint)
    states = [job["status"]]
    while states[-1] != "completed":
        states.append(body_of(send(endpoint, f"GET /v1/videos/{job['id']}"))["status"])
    assert states == ["queued", "queued", "in_progress", "in_progress", "in_progress", "completed"]
    ended = clock.now()
    send(endpoint, f"GET /v1/videos/{job['id']}")
    send(endpoint, "GET /v1/videos")
    assert clock.now() == ended == 1_780_000_012


@pytest.mark.parametrize(
    ("declared", "contradiction", "problem"),
    [
        (
            "retry-after: {schema: {type: integer}}",
            "retry-after: {schema: {type: integer, minimum: 60}}",
            "header retry-after: must be at least 60, not 1",
        ),
        (
            "since: {type: integer}",
            "since: {type: integer, maximum: 5}",
            "body /job/phase/since: must be at most 5, not 1780000000",
        ),
    ],
    ids=["header", "body"],
)
def test_strict_service_raises_nonconforming_reply(
    declared: str, contradiction: str, problem: str
) -> None:
    text = RENDERINGS.read_text(encoding="utf-8")
    assert declared in text
    document = parse_document(text.replace(declared, contradiction))
    headers = {"x-render-key": "k", "content-type": "application/json"}
    body = orjson.dumps({"scene": "A teapot"})

    def create(*, strict: bool) -> Reply:
        endpoint = Endpoint(JobService(document, clock=ManualClock(1_780_000_000), strict=strict))
        return endpoint.respond("POST", "/api/v7/renderings", query="", headers=headers, body=body)

    assert create(strict=False).status == 202
    with pytest.raises(NonconformingReply) as caught:
        create(strict=True)
    assert str(caught.value) == f"the mock's own reply, 202, is not as documented: {problem}"
