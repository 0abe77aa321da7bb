"""Another document with other paths, fields, states and errors."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import httpx2
import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    MemoryStore,
    MockControls,
    RandomIds,
    create_app,
)
from aisa_testkit.mock_server.media_library import MediaLibrary
from aisa_testkit.openapi import Document, Reply
from aisa_testkit.openapi.json import Json
from tests.support.media import file_of_job
from tests.support.operations import only_kind

START = 1_780_000_000


@pytest.fixture
def service(other_document: Document, clock: ManualClock) -> JobService:
    return JobService(other_document, clock=clock, ids=RandomIds(1), strict=True)


def send(endpoint: Endpoint, request: str, *, json: Json = None, key: str | None = "k") -> Reply:
    """Send a request such as `GET /renderings?size=1`."""
    method, target = request.split(" ")
    path, _, query = target.partition("?")
    headers = {"content-type": "application/json"} | ({"x-render-key": key} if key else {})
    body = b"" if json is None else orjson.dumps(json)
    return endpoint.respond(method, f"/api/v7{path}", query=query, headers=headers, body=body)


def body_of(reply: Reply, status: int) -> Json:
    assert reply.status == status, reply.body
    return orjson.loads(reply.body)


def create_job(endpoint: Endpoint, **order: Json) -> str:
    made = body_of(send(endpoint, "POST /renderings", json={"scene": "A teapot", **order}), 202)
    ref: str = made["job"]["ref"]
    return ref


def test_jobs_follow_the_lifecycle_of_the_document(endpoint: Endpoint, clock: ManualClock) -> None:
    order = {"scene": "A teapot", "quality": "final", "frames": 9}
    created = send(endpoint, "POST /renderings", json=order)
    phase = {"word": "waiting", "since": START, "ended": None, "trouble": None}
    ticket = body_of(created, 202)
    ref = ticket["job"]["ref"]
    job = {"ref": ref, "phase": phase, "order": order}
    assert ticket == {"kind": "ticket", "job": job, "links": {}}
    assert ref.startswith("r-")
    assert created.headers["retry-after"] == "1"
    words = {0.5: "waiting", 1: "warming", 4: "drawing", 63.5: "drawing", 64: "ready"}
    for moment, word in words.items():
        clock.advance(START + moment - clock.now())
        ended = START + 64 if word == "ready" else None
        seen = send(endpoint, f"GET /renderings/{ref}/status")
        assert body_of(seen, 200)["job"]["phase"] == phase | {"word": word, "ended": ended}
        assert ("retry-after" in seen.headers) == (word != "ready")


@pytest.mark.parametrize(
    ("outcome", "code", "ends_after", "ended", "text"),
    [
        ("spoilt", None, 7, START + 7, "There was no light."),
        ("spoilt", "no_lamp", 7, START + 7, "The job failed: no_lamp."),
        ("withdrawn", None, 0.5, None, "There was no light."),
    ],
)
def test_several_failure_states(
    service: JobService,
    endpoint: Endpoint,
    clock: ManualClock,
    outcome: str,
    code: str | None,
    ends_after: float,
    ended: int | None,
    text: str,
) -> None:
    MockControls(service).next_job(outcome=outcome, code=code)
    ref = create_job(endpoint)
    clock.advance(ends_after - 0.25)
    pending = body_of(send(endpoint, f"GET /renderings/{ref}/status"), 200)["job"]["phase"]
    assert (pending["word"] != outcome, pending["trouble"]) == (True, None)
    clock.advance(0.25)
    phase = body_of(send(endpoint, f"GET /renderings/{ref}/status"), 200)["job"]["phase"]
    trouble = {"why": code or "no_light", "text": text}
    assert phase == {"word": outcome, "since": START, "ended": ended, "trouble": trouble}
    assert body_of(send(endpoint, f"GET /renderings/{ref}/film"), 409)["problem"] == "not-yet"


def test_pagination_by_the_cursor_of_the_document(endpoint: Endpoint) -> None:
    made = [create_job(endpoint) for _ in range(5)]
    pages, cursor = [], ""
    while cursor is not None:
        query = f"size=2&cursor={cursor}" if cursor else "size=2"
        page = body_of(send(endpoint, f"GET /renderings?{query}"), 200)
        assert page.keys() == {"tickets", "cursor"}
        pages.append([ticket["job"]["ref"] for ticket in page["tickets"]])
        cursor = page["cursor"]
    assert pages == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    unknown = body_of(send(endpoint, "GET /renderings?cursor=r-0"), 404)
    assert unknown == {"problem": "no-such-rendering", "detail": "cursor: there is no job 'r-0'"}


def test_delete_without_a_response_body(endpoint: Endpoint, clock: ManualClock) -> None:
    ref = create_job(endpoint)
    assert body_of(send(endpoint, f"DELETE /renderings/{ref}"), 409)["problem"] == "not-yet"
    clock.advance(10)
    assert send(endpoint, f"DELETE /renderings/{ref}") == Reply(204)
    assert send(endpoint, f"GET /renderings/{ref}/status").status == 404
    assert body_of(send(endpoint, "GET /renderings"), 200) == {"tickets": [], "cursor": None}


@pytest.mark.parametrize(
    ("order", "size", "seconds", "nearest"),
    [
        ({"format": "1280x720"}, "1280x720", "4", None),
        ({"format": "1024x1792", "frames": 12}, "1024x1792", "12", None),
        ({"frames": 100}, "1280x720", "12", "1280x720 12s"),
    ],
    ids=["exact", "exact, all fields", "nearest"],
)
def test_content_is_chosen_by_the_fields_of_the_document(
    endpoint: Endpoint,
    clock: ManualClock,
    order: dict[str, Json],
    size: str,
    seconds: str,
    nearest: str | None,
) -> None:
    ref = create_job(endpoint, **order)
    clock.advance(10)
    reply = send(endpoint, f"GET /renderings/{ref}/film")
    file, _ = MediaLibrary().nearest("video/mp4", size=size, seconds=seconds)
    assert (reply.status, reply.body) == (200, file_of_job(file.name, ref))
    assert reply.headers.get("x-mock-media") == nearest


@pytest.mark.parametrize(
    ("request_line", "json", "status", "problem", "detail"),
    [
        ("POST /renderings", {}, 400, "incomplete", "scene: is required"),
        (
            "POST /renderings",
            {"scene": "x", "frames": 0},
            400,
            "wrong",
            "frames: must be at least 1 and at most 100, not 0",
        ),
        (
            "GET /renderings?size=51",
            None,
            400,
            "wrong",
            "size: must be at least 1 and at most 50, not 51",
        ),
        ("GET /renderings/r-0/status", None, 404, "no-such-rendering", "there is no job 'r-0'"),
        (
            "PUT /renderings",
            None,
            405,
            "not-so",
            "/api/v7/renderings takes GET, HEAD, POST, not PUT",
        ),
    ],
)
def test_errors_have_the_envelope_of_the_document(
    endpoint: Endpoint, request_line: str, json: Json, status: int, problem: str, detail: str
) -> None:
    reply = send(endpoint, request_line, json=json)
    assert body_of(reply, status) == {"problem": problem, "detail": detail}
    assert "x-request-id" not in reply.headers


def test_api_key_is_in_the_header_of_the_document(other_document: Document) -> None:
    endpoint = Endpoint(JobService(other_document, api_keys=["right"], strict=True))
    statuses = {
        key: send(endpoint, "GET /renderings", key=key).status for key in ("right", "wrong")
    }
    assert statuses == {"right": 200, "wrong": 401}
    missing = body_of(send(endpoint, "GET /renderings", key=None), 401)
    detail = "x-render-key: must be sent as <key>"
    assert missing == {"problem": "who-are-you", "detail": detail}


def test_internal_error_has_the_status_of_the_document(other_document: Document) -> None:
    class FullStore(MemoryStore):
        def __len__(self) -> int:
            return 0

        def get(self, job_id: str) -> None:
            raise OSError("the disk is full")

    app = create_app(service=JobService(other_document, store=FullStore()))

    async def retrieve() -> httpx2.Response:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://mock") as client:
            headers = {"x-render-key": "k"}
            return await client.get("/api/v7/renderings/r-1/status", headers=headers)

    response = asyncio.run(retrieve())
    assert response.status_code == 503
    assert response.json() == {
        "problem": "broken",
        "detail": "internal error of the mock: the disk is full",
    }


def test_price_by_the_fields_of_the_document(other_document: Document) -> None:
    price = only_kind(other_document).creates[0].price
    assert price is not None
    assert price.currency == "EUR"
    final, draft = ({"/quality": quality, "/frames": 100} for quality in ("final", "draft"))
    assert (price.amount_for(final), price.amount_for(draft)) == (Decimal("1.25"), Decimal("0.05"))
