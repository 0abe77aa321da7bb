"""The bundled document of OpenAI's videos: every operation, and whole lives of jobs."""

from __future__ import annotations

import orjson
import pytest

from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls
from aisa_testkit.openapi import Document, load_document
from aisa_testkit.openapi.json import Json
from tests.support.requests import PROMPT, body_of, create_job, error_of, send

FORM = {"content-type": "multipart/form-data; boundary=b"}
VIDEO = (
    b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n'
    b"Content-Type: video/mp4\r\n\r\n\x00\x00\x00\x18ftypmp42\r\n"
)


@pytest.fixture(scope="module")
def document() -> Document:
    return load_document("openai-videos")


def send_form(endpoint: Endpoint, path: str, **fields: str) -> Json:
    """Send a form with an uploaded video; return the JSON of its reply."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    headers = {"authorization": "Bearer sk-test", **FORM}
    body = VIDEO + b"".join(parts) + b"--b--\r\n"
    return body_of(endpoint.respond("POST", path, query="", headers=headers, body=body))


def completed(endpoint: Endpoint, clock: ManualClock) -> Json:
    """Create a job, let it complete, and return its JSON."""
    job = create_job(endpoint)
    clock.advance(60)
    return body_of(send(endpoint, f"GET /v1/videos/{job['id']}"))


def test_job_is_created_polled_listed_downloaded_and_deleted(
    endpoint: Endpoint, clock: ManualClock
) -> None:
    job = create_job(endpoint, model="sora-2-2025-12-08")
    states, seen = [job["status"]], job
    for _ in range(12):
        clock.advance(1)
        seen = body_of(send(endpoint, f"GET /v1/videos/{job['id']}"))
        states += [] if seen["status"] in states else [seen["status"]]
    assert states == ["queued", "in_progress", "completed"]
    assert (seen["progress"], seen["error"], seen["remixed_from_video_id"]) == (100, None, None)
    assert body_of(send(endpoint, "GET /v1/videos"))["data"] == [seen]
    content = send(endpoint, f"GET /v1/videos/{job['id']}/content")
    assert (content.headers["content-type"], content.body[4:8]) == ("video/mp4", b"ftyp")
    image = send(endpoint, f"GET /v1/videos/{job['id']}/content?variant=thumbnail")
    assert image.headers["content-type"] == "image/webp"
    deleted = body_of(send(endpoint, f"DELETE /v1/videos/{job['id']}"))
    assert deleted == {"id": job["id"], "object": "video.deleted", "deleted": True}
    assert error_of(send(endpoint, f"GET /v1/videos/{job['id']}"), 404)["code"] == "not_found"


@pytest.mark.parametrize("code", ["moderation_blocked", "generation_failed"])
def test_job_fails_with_each_code(
    service: JobService, endpoint: Endpoint, clock: ManualClock, code: str
) -> None:
    MockControls(service).next_job(outcome="failed", code=code)
    job = completed(endpoint, clock)
    assert (job["status"], job["error"]["code"]) == ("failed", code)
    assert send(endpoint, f"GET /v1/videos/{job['id']}/content").status == 409


def test_remix_names_its_source(endpoint: Endpoint, clock: ManualClock) -> None:
    source = completed(endpoint, clock)
    remix = body_of(send(endpoint, f"POST /v1/videos/{source['id']}/remix", json=PROMPT))
    assert remix["remixed_from_video_id"] == source["id"]


@pytest.mark.parametrize("path", ["/v1/videos/edits", "/v1/videos/extensions"])
def test_edits_and_extensions_start_from_a_completed_job(
    endpoint: Endpoint, clock: ManualClock, path: str
) -> None:
    source = completed(endpoint, clock)
    sent = {**PROMPT, "seconds": "4", "video": {"id": source["id"]}}
    made = body_of(send(endpoint, f"POST {path}", json=sent))
    assert (made["status"], made["remixed_from_video_id"]) == ("queued", None)
    clock.advance(60)
    assert body_of(send(endpoint, f"GET /v1/videos/{made['id']}"))["status"] == "completed"
    unknown = send(endpoint, f"POST {path}", json={**sent, "video": {"id": "video_0"}})
    assert error_of(unknown, 404)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/v1/videos/edits", "/v1/videos/extensions"])
def test_edits_and_extensions_start_from_an_uploaded_video(
    endpoint: Endpoint, clock: ManualClock, path: str
) -> None:
    made = send_form(endpoint, path, prompt="At night", seconds="4")
    clock.advance(60)
    assert body_of(send(endpoint, f"GET /v1/videos/{made['id']}"))["status"] == "completed"


def test_character_is_made_of_an_uploaded_video(endpoint: Endpoint) -> None:
    assert send_form(endpoint, "/v1/videos/characters", name="Keeper")["name"] == "Keeper"
    found = body_of(send(endpoint, "GET /v1/videos/characters/char_1"))
    assert found.keys() == {"id", "name", "created_at"}


def test_error_has_the_envelope_that_clients_read(endpoint: Endpoint) -> None:
    refused = send(endpoint, "POST /v1/videos", json={})
    error = error_of(refused, 400)
    assert error.keys() == {"type", "code", "message", "param"}
    assert (error["code"], error["param"]) == ("missing_required_parameter", "prompt")
    assert orjson.loads(refused.body)["error"] == error
