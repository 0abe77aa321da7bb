"""`unknown_ids="synthesize"`: unknown ids return a finished job."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock
from aisa_testkit.openapi import Document
from tests.support.requests import PROMPT, body_of, create_job, send


@pytest.fixture
def synthesizing(document: Document, clock: ManualClock) -> Endpoint:
    """A service that knows a finished job of every id."""
    return Endpoint(JobService(document, clock=clock, unknown_ids="synthesize", strict=True))


def test_unknown_id_returns_a_finished_job(synthesizing: Endpoint, clock: ManualClock) -> None:
    job = body_of(send(synthesizing, "GET /v1/videos/video_x"))
    assert (job["id"], job["status"], job["model"]) == ("video_x", "completed", "sora-2")
    assert (job["created_at"], job["completed_at"]) == (1_779_999_989, 1_779_999_999)
    clock.advance(500)
    assert body_of(send(synthesizing, "GET /v1/videos/video_x")) == job
    assert send(synthesizing, "GET /v1/videos/video_x/content").body[4:8] == b"ftyp"
    remix = body_of(send(synthesizing, "POST /v1/videos/video_x/remix", json=PROMPT))
    assert (remix["status"], remix["remixed_from_video_id"]) == ("queued", "video_x")
    assert body_of(send(synthesizing, "DELETE /v1/videos/video_x"))["deleted"] is True
    page = body_of(send(synthesizing, "GET /v1/videos?after=video_x"))
    assert (page["data"], page["has_more"]) == ([], False)


def test_unknown_id_is_finished_in_a_failing_scenario(document: Document) -> None:
    service = JobService(
        document,
        clock=ManualClock(1_780_000_000),
        unknown_ids="synthesize",
        scenario="fails",
        strict=True,
    )
    assert body_of(send(Endpoint(service), "GET /v1/videos/video_x"))["status"] == "completed"


def test_created_jobs_are_not_affected_by_unknown_ids(synthesizing: Endpoint) -> None:
    job = create_job(synthesizing)
    assert body_of(send(synthesizing, f"GET /v1/videos/{job['id']}")) == job
    assert [j["id"] for j in body_of(send(synthesizing, "GET /v1/videos"))["data"]] == [job["id"]]
