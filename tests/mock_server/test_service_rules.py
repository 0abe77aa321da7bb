"""What clients and tests can ask of the service beside the usual life of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    ManualClock,
    MockControls,
    NonconformingReply,
    RandomIds,
    TickingClock,
)
from aisa_testkit.openapi import Document, Reply, parse_document
from aisa_testkit.openapi.json import Json
from tests.support.documents import RENDERINGS

PROMPT = {"prompt": "A lighthouse in a storm"}


def ask(
    endpoint: Endpoint,
    request: str,
    *,
    json: Json = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """The reply to a request such as `GET /videos?limit=1`, sent with a key."""
    method, target = request.split(" ")
    path, _, query = target.partition("?")
    body = b"" if json is None else orjson.dumps(json)
    sent = {"authorization": "Bearer sk-test", "content-type": "application/json"}
    sent |= headers or {}
    return endpoint.respond(method, f"/v1{path}", query=query, headers=sent, body=body)


def body_of(reply: Reply, status: int = 200) -> Json:
    assert reply.status == status, reply.body
    return orjson.loads(reply.body)


def error_of(reply: Reply, status: int) -> Json:
    return body_of(reply, status)["error"]


def make(endpoint: Endpoint, **fields: str) -> Json:
    return body_of(ask(endpoint, "POST /videos", json={**PROMPT, **fields}))


def test_a_remix_keeps_all_of_its_source_but_the_prompt(
    endpoint: Endpoint, clock: ManualClock
) -> None:
    source = make(endpoint, model="sora-2-pro", size="1024x1792", seconds="12")
    clock.advance(100)
    sent = {"prompt": "At night", "size": "1280x720"}
    remix = body_of(ask(endpoint, f"POST /videos/{source['id']}/remix", json=sent))
    changed = {"id": remix["id"], "prompt": "At night", "remixed_from_video_id": source["id"]}
    assert remix == source | changed | {"created_at": source["created_at"] + 100}
    assert remix["id"] != source["id"]
    clock.advance(41)  # sora-2-pro takes twice as long, twelve seconds two and a half times
    seen = body_of(ask(endpoint, f"GET /videos/{remix['id']}"))
    assert (seen["status"], seen["progress"]) == ("in_progress", 96)


def test_a_remix_needs_a_prompt_and_a_completed_source(
    service: JobService, endpoint: Endpoint, clock: ManualClock
) -> None:
    pending = f"POST /videos/{make(endpoint)['id']}/remix"
    assert "only a finished job" in error_of(ask(endpoint, pending, json=PROMPT), 409)["message"]
    clock.advance(10)
    missing = error_of(ask(endpoint, pending, json={}), 400)
    assert (missing["code"], missing["param"]) == ("missing_parameter", "prompt")
    MockControls(service).next_job(outcome="failed", seconds=0)
    failed = f"POST /videos/{make(endpoint)['id']}/remix"
    assert "is failed" in error_of(ask(endpoint, failed, json=PROMPT), 409)["message"]
    unknown = error_of(ask(endpoint, "POST /videos/video_0/remix", json=PROMPT), 404)
    assert (unknown["code"], unknown["param"]) == ("resource_not_found", "video_id")


@pytest.mark.parametrize(
    "operation_id",
    ["createVideo", "listVideos", "getVideo", "deleteVideo", "getVideoContent", "remixVideo"],
)
def test_prefer_gets_each_documented_error_of_an_operation(
    endpoint: Endpoint, service: JobService, operation_id: str
) -> None:
    operation = service.document.operations[operation_id]
    request = f"{operation.method} {operation.template.expand({'video_id': 'video_0'})}"
    statuses = [status for status in operation.responses if status >= 400]
    assert {400, 401, 404, 429, 500, 503} <= set(statuses)
    for status in statuses:
        reply = ask(endpoint, request, headers={"prefer": f"code={status}"})
        envelope = service.document.envelope
        cause = envelope.cause_of_status(status)
        assert cause is not None
        answer = envelope.responses[cause]
        error = error_of(reply, status)
        assert (error["type"], error["code"]) == (answer.type, answer.code)
        assert reply.headers["preference-applied"] == f"code={status}"
        assert reply.headers.items() >= answer.headers.items()


@pytest.mark.parametrize("status", [405, 416, 418, 599])
def test_prefer_of_an_undocumented_status_is_told_the_documented_ones(
    endpoint: Endpoint, status: int
) -> None:
    reply = ask(endpoint, "POST /videos", json=PROMPT, headers={"prefer": f"code={status}"})
    error = error_of(reply, 400)
    assert error["message"] == (
        f"Prefer: createVideo has no documented response {status},"
        " only 400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504"
    )
    assert error["param"] == "Prefer"


def test_prefer_comes_after_the_key(endpoint: Endpoint) -> None:
    headers = {"authorization": "", "prefer": "code=503"}
    assert ask(endpoint, "GET /videos", headers=headers).status == 401


@pytest.fixture
def obliging(document: Document, clock: ManualClock) -> Endpoint:
    """A service that knows a finished job of every id."""
    return Endpoint(JobService(document, clock=clock, unknown_ids="synthesize", strict=True))


def test_an_unknown_id_can_stand_for_a_finished_job(obliging: Endpoint, clock: ManualClock) -> None:
    job = body_of(ask(obliging, "GET /videos/video_x"))
    assert (job["id"], job["status"], job["model"]) == ("video_x", "completed", "sora-2")
    assert (job["created_at"], job["completed_at"]) == (1_779_999_989, 1_779_999_999)
    clock.advance(500)
    assert body_of(ask(obliging, "GET /videos/video_x")) == job
    assert ask(obliging, "GET /videos/video_x/content").body[4:8] == b"ftyp"
    remix = body_of(ask(obliging, "POST /videos/video_x/remix", json=PROMPT))
    assert (remix["status"], remix["remixed_from_video_id"]) == ("queued", "video_x")
    assert body_of(ask(obliging, "DELETE /videos/video_x"))["deleted"] is True
    page = body_of(ask(obliging, "GET /videos?after=video_x"))
    assert (page["data"], page["has_more"]) == ([], False)


def test_an_unknown_id_is_finished_even_where_all_made_jobs_fail(document: Document) -> None:
    service = JobService(
        document, clock=ManualClock(), unknown_ids="synthesize", scenario="fails", strict=True
    )
    assert body_of(ask(Endpoint(service), "GET /videos/video_x"))["status"] == "completed"


def test_made_jobs_live_as_usual_where_unknown_ids_are_answered(obliging: Endpoint) -> None:
    job = make(obliging)
    assert body_of(ask(obliging, f"GET /videos/{job['id']}")) == job
    assert [j["id"] for j in body_of(ask(obliging, "GET /videos"))["data"]] == [job["id"]]


def test_services_of_one_seed_answer_the_same(document: Document) -> None:
    def bodies(seed: int) -> list[bytes]:
        service = JobService(document, clock=ManualClock(), ids=RandomIds(seed), strict=True)
        endpoint = Endpoint(service)
        made = [ask(endpoint, "POST /videos", json=PROMPT).body for _ in range(3)]
        return [*made, ask(endpoint, "GET /videos").body, ask(endpoint, "GET /videos/x").body]

    assert bodies(5) == bodies(5)
    assert not set(bodies(5)) & set(bodies(6))


def test_next_jobs_end_as_a_test_has_set_in_turn(
    service: JobService, endpoint: Endpoint, clock: ManualClock
) -> None:
    MockControls(service).next_job(outcome="failed", code="generation_failed")
    MockControls(service).next_job(seconds=100)
    failing, slow, usual = (make(endpoint)["id"] for _ in range(3))
    clock.advance(6)
    failed = body_of(ask(endpoint, f"GET /videos/{failing}"))
    reason = {"code": "generation_failed", "message": "The video could not be generated."}
    assert (failed["status"], failed["progress"], failed["error"]) == ("failed", 50, reason)
    assert (failed["completed_at"], failed["expires_at"]) == (None, None)
    no_file = error_of(ask(endpoint, f"GET /videos/{failing}/content"), 409)
    assert no_file["message"] == f"{failing} is failed and has no files"
    clock.advance(93)
    states = [body_of(ask(endpoint, f"GET /videos/{i}"))["status"] for i in (slow, usual)]
    assert states == ["in_progress", "completed"]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (lambda c: c.next_job(outcome="lost"), "no job ends as 'lost'; .* completed, failed"),
        (lambda c: c.next_job(outcome="queued"), "no job ends as 'queued'"),
        (lambda c: c.next_job(code="generation_failed"), "'completed' has no failure code"),
        (lambda c: c.next_job(seconds=-1), "seconds must be 0 or more, not -1"),
        (lambda c: c.next_job(seconds=float("nan")), "seconds must be 0 or more, not nan"),
    ],
    ids=["unknown state", "state that goes on", "code of a success", "negative", "no number"],
)
def test_what_cannot_become_of_a_job_is_refused_when_it_is_set(
    service: JobService,
    endpoint: Endpoint,
    clock: ManualClock,
    setting: Callable[[MockControls], None],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        setting(MockControls(service))
    job_id = make(endpoint)["id"]
    clock.advance(10)
    assert body_of(ask(endpoint, f"GET /videos/{job_id}"))["status"] == "completed"


def test_polls_move_a_ticking_clock_through_every_state(document: Document) -> None:
    clock = TickingClock(interval=3)
    endpoint = Endpoint(JobService(document, clock=clock, strict=True))
    job = make(endpoint)
    states = [job["status"]]
    while states[-1] != "completed":
        states.append(body_of(ask(endpoint, f"GET /videos/{job['id']}"))["status"])
    assert states == ["queued", "queued", "in_progress", "in_progress", "in_progress", "completed"]
    ended = clock.now()
    ask(endpoint, f"GET /videos/{job['id']}")
    ask(endpoint, "GET /videos")
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
            "links: {type: object}",
            "links: {type: object, required: [self]}",
            "body /links/self: is required",
        ),
    ],
    ids=["header", "body"],
)
def test_a_strict_service_names_what_its_document_forbids(
    declared: str, contradiction: str, problem: str
) -> None:
    text = RENDERINGS.read_text(encoding="utf-8")
    assert declared in text
    document = parse_document(text.replace(declared, contradiction))
    headers = {"x-render-key": "k", "content-type": "application/json"}
    body = orjson.dumps({"scene": "A teapot"})

    def create(*, strict: bool) -> Reply:
        endpoint = Endpoint(JobService(document, clock=ManualClock(), strict=strict))
        return endpoint.respond("POST", "/api/v7/renderings", query="", headers=headers, body=body)

    assert create(strict=False).status == 202
    with pytest.raises(NonconformingReply) as caught:
        create(strict=True)
    assert str(caught.value) == f"the mock's own reply, 202, is not as documented: {problem}"
