"""The bundled document of AIsa's Wan tasks: whole lives of tasks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisa_testkit.contracts.rules.server.mp4 import read_mp4
from aisa_testkit.mock_server import Endpoint, JobService, ManualClock, MockControls
from aisa_testkit.openapi import Document, Reply, load_document
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.messages import NEAREST_FILE_HEADER
from tests.support.requests import body_of, error_of, send

CREATE = "POST /apis/v1/services/aigc/video-generation/video-synthesis"
ASYNC = {"x-dashscope-async": "enable"}


@pytest.fixture(scope="module")
def document() -> Document:
    return load_document("aisa-wan")


def create(
    endpoint: Endpoint, model: str = "wan2.6-t2v", parameters: Json = None, **input: Json
) -> Json:
    """Create a task and return its JSON."""
    sent = {"model": model, "input": {"prompt": "A lighthouse", **input}}
    sent |= {"parameters": parameters} if parameters else {}
    return body_of(send(endpoint, CREATE, json=sent, headers=ASYNC))


def poll(endpoint: Endpoint, task_id: str) -> Json:
    return body_of(send(endpoint, f"GET /apis/v1/services/aigc/tasks/{task_id}"))


def life(endpoint: Endpoint, clock: ManualClock, task: Json) -> tuple[list[str], Json]:
    """Poll a task once a second; return its states and its last response."""
    states: list[str] = []
    last = task
    for _ in range(120):
        last = poll(endpoint, task["output"]["task_id"])
        if last["output"]["task_status"] not in states:
            states.append(last["output"]["task_status"])
        clock.advance(1)
    return states, last


def download(endpoint: Endpoint, url: str) -> Reply:
    return endpoint.respond("GET", url[url.index("/apis") :], query="", headers={}, body=b"")


def test_task_runs_and_succeeds_with_a_video(endpoint: Endpoint, clock: ManualClock) -> None:
    task = create(endpoint)
    assert task["output"] == {"task_id": task["output"]["task_id"], "task_status": "PENDING"}
    running, done = life(endpoint, clock, task)
    assert running == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert done["output"]["orig_prompt"] == "A lighthouse"
    assert done["output"]["submit_time"] == "2026-05-28 20:26:40.000"
    assert done["output"]["scheduled_time"] == "2026-05-28 20:26:42.000"
    assert done["output"]["end_time"] == "2026-05-28 20:27:12.000"
    assert done["usage"] == {
        "output_video_duration": 5,
        "duration": 5,
        "video_count": 1,
        "SR": 720,
    }
    video = download(endpoint, done["output"]["video_url"])
    assert video.status == 200
    assert video.headers["content-type"] == "video/mp4"
    assert video.body[4:8] == b"ftyp"


@pytest.mark.parametrize("resolution", ["720P", "1080P"])
@pytest.mark.parametrize("seconds", [5, 10])
def test_video_has_the_requested_size_and_length(
    endpoint: Endpoint, clock: ManualClock, resolution: str, seconds: int
) -> None:
    task = create(endpoint, parameters={"resolution": resolution, "duration": seconds})
    _, done = life(endpoint, clock, task)
    video = download(endpoint, done["output"]["video_url"])
    found = read_mp4(video.body)
    assert f"{found.height}P" == resolution
    assert found.seconds == pytest.approx(seconds, abs=0.1)
    assert NEAREST_FILE_HEADER not in video.headers


def test_pending_task_has_neither_result_nor_usage(endpoint: Endpoint, clock: ManualClock) -> None:
    task = create(endpoint)
    clock.advance(3)
    seen = poll(endpoint, task["output"]["task_id"])
    assert seen["output"] == {"task_id": task["output"]["task_id"], "task_status": "RUNNING"}
    assert "usage" not in seen


def test_unknown_task_has_a_state_and_status_200(endpoint: Endpoint) -> None:
    assert poll(endpoint, "1")["output"] == {"task_id": "1", "task_status": "UNKNOWN"}


@pytest.mark.parametrize(
    ("model", "sent", "message"),
    [
        ("wan2.7-i2v", {}, "Field required: input.media"),
        ("wan2.6-t2v", {"prompt": ""}, "prompt must contain words"),
        ("wan2.7-i2v", {"prompt": " "}, "prompt must contain words"),
    ],
    ids=["no media", "empty prompt", "blank prompt"],
)
def test_task_that_cannot_succeed_is_accepted_and_fails(
    endpoint: Endpoint, clock: ManualClock, model: str, sent: Json, message: str
) -> None:
    states, failed = life(endpoint, clock, create(endpoint, model, **sent))
    assert states[-1] == "FAILED"
    assert failed["output"]["code"] == "InvalidParameter"
    assert failed["output"]["message"] == message
    assert "video_url" not in failed["output"]
    assert "usage" not in failed


def test_task_with_media_succeeds(endpoint: Endpoint, clock: ManualClock) -> None:
    task = create(endpoint, "wan2.7-i2v", media=["https://files.example/a.png"])
    assert life(endpoint, clock, task)[0][-1] == "SUCCEEDED"


@pytest.mark.parametrize("code", ["InternalError", "DataInspectionFailed", "InvalidParameter"])
def test_task_fails_with_each_code(
    service: JobService, endpoint: Endpoint, clock: ManualClock, code: str
) -> None:
    MockControls(service).next_job(outcome="FAILED", code=code)
    states, failed = life(endpoint, clock, create(endpoint))
    assert (states[-1], failed["output"]["code"]) == ("FAILED", code)
    assert failed["output"]["end_time"] > failed["output"]["submit_time"]


def test_task_can_be_canceled_by_the_vendor(
    service: JobService, endpoint: Endpoint, clock: ManualClock
) -> None:
    MockControls(service).next_job(outcome="CANCELED")
    states, canceled = life(endpoint, clock, create(endpoint))
    assert states[-1] == "CANCELED"
    assert "code" not in canceled["output"]


def test_video_expires_after_three_hours(endpoint: Endpoint, clock: ManualClock) -> None:
    task = create(endpoint)
    _, done = life(endpoint, clock, task)
    clock.advance(10800)
    assert download(endpoint, done["output"]["video_url"]).status >= 400


@pytest.mark.parametrize(
    ("model", "headers", "status", "code"),
    [
        ("wan2.6-t2v", {}, 400, "missing_parameter"),
        ("wan2.6-t2v", {"x-dashscope-async": "no"}, 400, "invalid_request"),
        ("wan9", ASYNC, 500, "model_not_supported"),
        ("wan2.6-t2v", {**ASYNC, "authorization": "Bearer invalid"}, 401, "invalid_api_key"),
    ],
    ids=["no header", "other header", "other model", "key"],
)
def test_invalid_request_is_refused(
    endpoint: Endpoint, model: str, headers: dict[str, str], status: int, code: str
) -> None:
    sent = {"model": model, "input": {"prompt": "A lighthouse"}}
    refused = send(endpoint, CREATE, json=sent, headers=headers)
    assert error_of(refused, status)["code"] == code


@pytest.mark.parametrize(
    ("parameters", "price"),
    [
        ({}, Decimal("0.430")),
        ({"duration": 10}, Decimal("0.860")),
        ({"resolution": "1080P", "duration": 10}, Decimal("1.540")),
    ],
)
def test_price_is_an_upper_bound_by_the_second(
    document: Document, parameters: Json, price: Decimal
) -> None:
    (found,) = document.kinds["video"].creates
    sent = {f"/parameters/{name}": value for name, value in parameters.items()}
    defaults: Json = {"/parameters/duration": 5, "/parameters/resolution": "720P"}
    assert found.price is not None
    assert found.price.amount_for({**defaults, **sent}) == price
