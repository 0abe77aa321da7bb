"""Remixes: new jobs with the fields of a finished job."""

from __future__ import annotations

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls
from tests.support.requests import PROMPT, body_of, create_job, error_of, send


def test_remix_keeps_the_fields_of_its_source_except_the_prompt(
    endpoint: Endpoint, clock: ManualClock
) -> None:
    source = create_job(endpoint, model="sora-2-pro", size="1024x1792", seconds="12")
    clock.advance(100)
    sent = {"prompt": "At night", "size": "1280x720"}
    remix = body_of(send(endpoint, f"POST /v1/videos/{source['id']}/remix", json=sent))
    changed = {"id": remix["id"], "prompt": "At night", "remixed_from_video_id": source["id"]}
    assert remix == source | changed | {"created_at": source["created_at"] + 100}
    assert remix["id"] != source["id"]
    clock.advance(41)  # sora-2-pro takes twice as long, twelve seconds two and a half times
    seen = body_of(send(endpoint, f"GET /v1/videos/{remix['id']}"))
    assert (seen["status"], seen["progress"]) == ("in_progress", 96)


def test_remix_needs_a_prompt_and_a_completed_source(
    service: JobService, endpoint: Endpoint, clock: ManualClock
) -> None:
    pending = f"POST /v1/videos/{create_job(endpoint)['id']}/remix"
    assert "only a finished job" in error_of(send(endpoint, pending, json=PROMPT), 409)["message"]
    clock.advance(10)
    missing = error_of(send(endpoint, pending, json={}), 400)
    assert (missing["code"], missing["param"]) == ("missing_parameter", "prompt")
    MockControls(service).next_job(outcome="failed", seconds=0)
    failed = f"POST /v1/videos/{create_job(endpoint)['id']}/remix"
    assert "is failed" in error_of(send(endpoint, failed, json=PROMPT), 409)["message"]
    unknown = error_of(send(endpoint, "POST /v1/videos/video_0/remix", json=PROMPT), 404)
    assert (unknown["code"], unknown["param"]) == ("resource_not_found", "video_id")
