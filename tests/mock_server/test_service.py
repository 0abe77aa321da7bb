"""The life of a job as clients see it: create, poll, list, download, delete."""

from __future__ import annotations

from itertools import chain

import pytest

from aisa_testkit.mock_server import (
    ClientClock,
    Endpoint,
    JobService,
    ManualClock,
    MockControls,
    RandomIds,
    SystemClock,
)
from aisa_testkit.mock_server.media_library import MediaLibrary
from aisa_testkit.openapi import Document
from aisa_testkit.openapi.json import Json
from tests.support.media import file_of_job
from tests.support.requests import PROMPT, body_of, create_job, error_of, send

START = 1_780_000_000
DAY = 86400


def create_id(endpoint: Endpoint, **fields: str) -> str:
    """Create a job and return its id."""
    return str(create_job(endpoint, **fields)["id"])


def listed(endpoint: Endpoint, query: str = "") -> Json:
    return body_of(send(endpoint, f"GET /v1/videos?{query}"))


def test_a_job_is_queued_then_in_progress_then_completed(
    endpoint: Endpoint, clock: ManualClock
) -> None:
    queued = body_of(send(endpoint, "POST /v1/videos", json=PROMPT))
    assert queued == {
        "id": "video_d4edd823689ed8f9f64a9dfb417947c1",
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "created_at": START,
        "completed_at": None,
        "expires_at": None,
        "prompt": "A lighthouse in a storm",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }
    path = f"GET /v1/videos/{queued['id']}"
    started = queued | {"status": "in_progress"}
    done = {"status": "completed", "completed_at": START + 10, "expires_at": START + DAY}
    expected = {
        1.5: queued,
        2.0: started | {"progress": 1},
        6.0: started | {"progress": 50},
        9.999: started | {"progress": 98},
        10.0: queued | done | {"progress": 100},
        5000.0: queued | done | {"progress": 100},
    }
    for moment, job in expected.items():
        clock.advance(START + moment - clock.now())
        assert body_of(send(endpoint, path)) == job


def test_poll_hint_is_the_remaining_real_time(document: Document) -> None:
    now = [50.0]
    clock = SystemClock(10, wall=lambda: START, monotonic=lambda: now[0])
    endpoint = Endpoint(JobService(document, clock=clock, strict=True))
    made = send(endpoint, "POST /v1/videos", json=PROMPT)
    assert made.headers["openai-poll-after-ms"] == "1000"
    path = f"GET /v1/videos/{body_of(made)['id']}"
    now[0] += 0.75
    assert send(endpoint, path).headers["openai-poll-after-ms"] == "250"
    now[0] += 0.25
    ended = send(endpoint, path)
    assert body_of(ended)["status"] == "completed"
    assert "openai-poll-after-ms" not in ended.headers


def test_poll_hint_of_a_long_job_is_as_long_as_that_of_a_vendor(document: Document) -> None:
    clock = ClientClock(START)
    service = JobService(document, clock=clock, strict=True)
    MockControls(service).next_job(seconds=3600)
    endpoint = Endpoint(service)
    made = send(endpoint, "POST /v1/videos", json=PROMPT)
    assert made.headers["openai-poll-after-ms"] == "10000"
    clock.advance(3595)
    path = f"GET /v1/videos/{body_of(made)['id']}"
    assert send(endpoint, path).headers["openai-poll-after-ms"] == "5000"


def test_multipart_and_json_make_the_same_job(document: Document, clock: ManualClock) -> None:
    fields = {"prompt": "Zebras, größer", "model": "sora-2-pro", "seconds": "8", "size": "1280x720"}
    form = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    by_form, by_json = (
        Endpoint(JobService(document, clock=clock, ids=RandomIds(7), strict=True)) for _ in range(2)
    )
    headers = {"authorization": "Bearer k", "content-type": "multipart/form-data; boundary=b"}
    made = body_of(
        by_form.respond("POST", "/v1/videos", query="", headers=headers, body=form + b"--b--\r\n")
    )
    assert made == body_of(send(by_json, "POST /v1/videos", json=fields))
    assert made.items() >= fields.items()


def test_request_ids_are_unique_and_repeated_in_errors(
    endpoint: Endpoint,
) -> None:
    good, bad = send(endpoint, "GET /v1/videos"), send(endpoint, "GET /v1/videos/video_0")
    elsewhere = send(endpoint, "GET /v1/nowhere")
    ids = [reply.headers["x-request-id"] for reply in (good, bad, elsewhere)]
    assert len(set(ids)) == 3
    assert error_of(bad, 404)["request_id"] == ids[1]
    assert error_of(elsewhere, 404)["request_id"] == ids[2]
    assert ids[1].startswith("req_01")


def test_list_without_jobs_is_empty(endpoint: Endpoint) -> None:
    empty: Json = {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }
    assert listed(endpoint) == empty
    assert listed(endpoint, "limit=0") == empty


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_pagination_returns_every_job_once_in_order(endpoint: Endpoint, order: str) -> None:
    made = [create_id(endpoint) for _ in range(14)]
    pages: list[list[str]] = []
    after = ""
    while True:
        page = listed(endpoint, f"limit=4&order={order}{after}")
        pages.append([job["id"] for job in page["data"]])
        assert (page["first_id"], page["last_id"]) == (pages[-1][0], pages[-1][-1])
        if not page["has_more"]:
            break
        after = f"&after={page['last_id']}"
    assert [len(page) for page in pages] == [4, 4, 4, 2]
    assert [*chain(*pages)] == (made if order == "asc" else made[::-1])


def test_pagination_defaults_to_twenty_jobs_newest_first(endpoint: Endpoint) -> None:
    made = [create_id(endpoint) for _ in range(21)]
    assert [job["id"] for job in listed(endpoint)["data"]] == made[:0:-1]


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_pagination_has_more_is_true_if_another_page_has_jobs(
    endpoint: Endpoint, order: str
) -> None:
    first, _, last = (create_id(endpoint) for _ in range(3))
    final = last if order == "asc" else first
    more = {
        limit: listed(endpoint, f"limit={limit}&order={order}")["has_more"]
        for limit in (0, 2, 3, 4)
    }
    assert more == {0: True, 2: True, 3: False, 4: False}
    behind = listed(endpoint, f"limit=0&order={order}&after={final}")
    assert (behind["data"], behind["has_more"]) == ([], False)


def test_pagination_is_stable_while_jobs_are_created(endpoint: Endpoint) -> None:
    a, b, c, d = (create_id(endpoint) for _ in range(4))
    assert listed(endpoint, "limit=2")["last_id"] == c
    assert listed(endpoint, "limit=2&order=asc")["last_id"] == b
    late = create_id(endpoint)
    newest_first = listed(endpoint, f"limit=9&after={c}")["data"]
    oldest_first = listed(endpoint, f"limit=9&order=asc&after={b}")["data"]
    assert [job["id"] for job in newest_first] == [b, a]
    assert [job["id"] for job in oldest_first] == [c, d, late]


def test_list_and_retrieve_show_the_same_job(endpoint: Endpoint, clock: ManualClock) -> None:
    job_id = create_id(endpoint)
    for _ in range(3):
        clock.advance(4)
        assert listed(endpoint)["data"] == [body_of(send(endpoint, f"GET /v1/videos/{job_id}"))]


def test_a_deleted_job_is_not_found(endpoint: Endpoint, clock: ManualClock) -> None:
    job_id, other = create_id(endpoint), create_id(endpoint)
    refused = error_of(send(endpoint, f"DELETE /v1/videos/{job_id}"), 409)
    assert refused["message"] == f"{job_id} is queued; only a job that has ended can be deleted"
    clock.advance(10)
    deletion = body_of(send(endpoint, f"DELETE /v1/videos/{job_id}"))
    assert deletion == {"id": job_id, "object": "video.deleted", "deleted": True}
    requests = [
        (f"GET /v1/videos/{job_id}", None, "video_id"),
        (f"GET /v1/videos/{job_id}/content", None, "video_id"),
        (f"DELETE /v1/videos/{job_id}", None, "video_id"),
        (f"POST /v1/videos/{job_id}/remix", PROMPT, "video_id"),
        (f"GET /v1/videos?after={job_id}", None, "after"),
    ]
    for request, json, parameter in requests:
        error = error_of(send(endpoint, request, json=json), 404)
        assert (error["code"], error["param"]) == ("resource_not_found", parameter), request
        assert f"there is no job '{job_id}'" in error["message"]
    assert [job["id"] for job in listed(endpoint)["data"]] == [other]


VARIANTS = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}


@pytest.mark.parametrize("variant", [None, *VARIANTS], ids=lambda name: name or "default variant")
def test_content_has_the_size_and_length_of_the_job(
    endpoint: Endpoint, clock: ManualClock, variant: str | None
) -> None:
    job_id = create_id(endpoint, size="1792x1024", seconds="8")
    clock.advance(60)
    reply = send(
        endpoint, f"GET /v1/videos/{job_id}/content{f'?variant={variant}' if variant else ''}"
    )
    media_type = VARIANTS[variant or "video"]
    file, _ = MediaLibrary().nearest(media_type, size="1792x1024", seconds="8")
    assert (reply.status, reply.body) == (200, file_of_job(file.name, job_id))
    assert reply.headers["content-type"] == media_type
    assert f'filename="{job_id}{file.suffix}"' in reply.headers["content-disposition"]
    assert "x-mock-media" not in reply.headers


def test_content_is_available_from_completion_to_expiry(
    endpoint: Endpoint, clock: ManualClock
) -> None:
    path = f"GET /v1/videos/{create_id(endpoint)}/content"
    pending = send(endpoint, path)
    assert error_of(pending, 409)["message"].endswith("is queued and has no files")
    assert pending.headers["x-should-retry"] == "false"
    clock.advance(10)
    assert send(endpoint, path).status == 200
    clock.advance(DAY - 10.5)
    assert send(endpoint, path).status == 200
    clock.advance(0.5)
    assert "expired at 1780086400" in error_of(send(endpoint, path), 404)["message"]
    assert body_of(send(endpoint, path.removesuffix("/content")))["status"] == "completed"


def test_next_job_sets_failure_and_duration(
    service: JobService, endpoint: Endpoint, clock: ManualClock
) -> None:
    MockControls(service).next_job(outcome="failed", code="generation_failed")
    MockControls(service).next_job(seconds=100)
    failing, slow, usual = (create_id(endpoint) for _ in range(3))
    clock.advance(6)
    failed = body_of(send(endpoint, f"GET /v1/videos/{failing}"))
    reason = {"code": "generation_failed", "message": "The video could not be generated."}
    assert (failed["status"], failed["progress"], failed["error"]) == ("failed", 50, reason)
    assert (failed["completed_at"], failed["expires_at"]) == (None, None)
    no_file = error_of(send(endpoint, f"GET /v1/videos/{failing}/content"), 409)
    assert no_file["message"] == f"{failing} is failed and has no files"
    clock.advance(93)
    states = [body_of(send(endpoint, f"GET /v1/videos/{i}"))["status"] for i in (slow, usual)]
    assert states == ["in_progress", "completed"]
