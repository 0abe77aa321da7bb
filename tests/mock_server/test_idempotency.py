"""Idempotency-Key: repeated creates make one job."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MockControls, RandomIds
from aisa_testkit.openapi import Call, Document, Reply, parse_document
from aisa_testkit.openapi.conformance import reply_problems
from aisa_testkit.openapi.json import Json
from aisa_testkit.openapi.source import parse_source
from tests.support.documents import RENDERINGS

PROMPT = {"prompt": "A lighthouse in a storm"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
DAY = 86_400


@pytest.fixture
def service(document: Document, clock: ManualClock) -> JobService:
    return JobService(
        document, clock=clock, ids=RandomIds(1), seed=1, strict=True, idempotency_keys=True
    )


def create(
    service: JobService,
    json: Json = None,
    *,
    key: str = "sk-test",
    name: str | None = "order-1",
    body: bytes | None = None,
    content_type: str = "application/json",
) -> Reply:
    headers = {"authorization": f"Bearer {key}", "content-type": content_type}
    headers |= {"idempotency-key": name} if name is not None else {}
    sent = orjson.dumps(json or PROMPT) if body is None else body
    return service.answer(Call("createVideo", headers=headers, body=sent))


def form(boundary: str, fields: dict[str, str], *, image: bytes = b"") -> bytes:
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in fields.items()
    ]
    if image:
        head = b'Content-Disposition: form-data; name="input_reference"; filename="a.png"\r\n'
        parts.append(head + b"Content-Type: image/png\r\n\r\n" + image)
    cut = b"--" + boundary.encode()
    return b"".join(cut + b"\r\n" + part + b"\r\n" for part in parts) + cut + b"--\r\n"


def id_of(reply: Reply) -> str:
    return str(orjson.loads(reply.body)["id"])


def is_replayed(reply: Reply) -> bool:
    return "idempotent-replayed" in reply.headers


def test_repeated_create_returns_the_same_body_and_makes_one_job(
    service: JobService, clock: ManualClock
) -> None:
    first = create(service)
    clock.advance(5)
    second = create(service)
    assert (first.status, first.body) == (second.status, second.body)
    assert (is_replayed(first), is_replayed(second)) == (False, True)
    assert second.headers["idempotent-replayed"] == "true"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert len(service.store) == 1


def test_other_idempotency_keys_and_api_keys_make_other_jobs(service: JobService) -> None:
    replies = [create(service), create(service, name="order-2"), create(service, key="sk-other")]
    replies += [create(service, name=None), create(service, name=None), create(service, name="")]
    assert len({id_of(reply) for reply in replies}) == len(service.store) == 6
    assert not any(is_replayed(reply) for reply in replies)
    assert create(service, key="sk-other").body == replies[2].body


@pytest.mark.parametrize(
    "other",
    [{"prompt": "A storm"}, {**PROMPT, "seconds": "8"}],
    ids=["other value", "one more field"],
)
def test_idempotency_key_with_another_request_is_a_conflict(
    service: JobService, other: Json
) -> None:
    first = create(service)
    refused = create(service, other)
    error = orjson.loads(refused.body)["error"]
    assert (refused.status, error["code"], error["param"]) == (
        409,
        "invalid_request",
        "Idempotency-Key",
    )
    assert error["message"] == "this Idempotency-Key was used for another request"
    assert refused.headers["x-should-retry"] == "false"
    operation = service.document.operations["createVideo"]
    assert [*reply_problems(operation, refused)] == []
    assert len(service.store) == 1
    assert create(service).body == first.body


def test_a_conflict_does_not_use_up_next_job(service: JobService) -> None:
    create(service)
    MockControls(service).next_job(outcome="failed", seconds=0)
    assert create(service, {"prompt": "A storm"}).status == 409
    assert orjson.loads(create(service, name="order-2").body)["status"] == "failed"


def test_a_replay_does_not_use_up_next_job(service: JobService) -> None:
    create(service)
    MockControls(service).next_job(outcome="failed", seconds=0)
    assert is_replayed(create(service))
    assert orjson.loads(create(service, name="order-2").body)["status"] == "failed"


def test_a_replay_does_not_count_for_scenario_faults(service: JobService) -> None:
    service.scenarios.use("rate-limited")
    assert [create(service).status for _ in range(6)] == [429, 429, 200, 200, 200, 200]
    assert len(service.store) == 1


def test_multipart_boundary_and_order_do_not_matter(service: JobService) -> None:
    fields = {"prompt": "Zebras, größer", "seconds": "8"}
    reordered = dict(reversed(fields.items()))
    for boundary, fields_of_form in (("one", fields), ("another", fields), ("third", reordered)):
        body = form(boundary, fields_of_form, image=PNG)
        content_type = f"multipart/form-data; boundary={boundary}"
        reply = create(service, body=body, content_type=content_type)
        assert (reply.status, is_replayed(reply)) == (200, boundary != "one")
    assert len(service.store) == 1


def test_another_uploaded_file_is_a_conflict(service: JobService) -> None:
    content_type = "multipart/form-data; boundary=b"
    bodies = [form("b", PROMPT, image=PNG), form("b", PROMPT, image=PNG + b"x"), form("b", PROMPT)]
    statuses = [create(service, body=body, content_type=content_type).status for body in bodies]
    assert statuses == [200, 409, 409]


def test_json_and_multipart_with_the_same_fields_are_the_same_request(service: JobService) -> None:
    first = create(service)
    content_type = "multipart/form-data; boundary=b"
    assert create(service, body=form("b", PROMPT), content_type=content_type).body == first.body


def test_unknown_fields_do_not_matter(service: JobService) -> None:
    assert (
        create(service, {**PROMPT, "more": 1}).body == create(service, {**PROMPT, "other": 2}).body
    )


def test_refused_creates_are_not_stored(service: JobService) -> None:
    MockControls(service).fault("create", status=503, times=1)
    assert create(service).status == 503
    assert create(service, {"prompt": ""}).status == 400
    made = create(service, {"prompt": "A storm"})
    assert (made.status, is_replayed(made)) == (200, False)
    assert create(service).status == 409
    assert len(service.store) == 1


@pytest.mark.parametrize(
    "fault",
    [{"lost": True}, {"status": 500, "commit": True}, {"reset": "middle"}, {"body": "malformed"}],
    ids=["lost", "committed error", "reset", "malformed"],
)
def test_retry_after_a_lost_or_faulty_reply_makes_one_job(
    service: JobService, fault: dict[str, Json]
) -> None:
    MockControls(service).fault("create", times=1, **fault)
    faulty, again, third = (create(service) for _ in range(3))
    assert (faulty.delivery, faulty.status, faulty.body) != (None, 200, again.body)
    assert (again.delivery, again.status, again.body) == (None, 200, third.body)
    assert is_replayed(again)
    assert service.store.get(id_of(again)) is not None
    assert len(service.store) == 1


def test_replies_are_stored_for_a_day(service: JobService, clock: ManualClock) -> None:
    first = create(service)
    clock.advance(DAY - 1)
    later = create(service, name="order-2")
    assert create(service).body == first.body
    clock.advance(1)
    second = create(service)
    assert not is_replayed(second)
    assert id_of(second) != id_of(first)
    assert create(service, name="order-2").body == later.body
    clock.advance(DAY)
    assert create(service, {"prompt": "A storm"}).status == 200


def test_remix_and_create_share_idempotency_keys(service: JobService, clock: ManualClock) -> None:
    sources = [id_of(create(service, name=None)) for _ in range(2)]
    clock.advance(10)
    headers = {"authorization": "Bearer sk-test", "content-type": "application/json"}
    headers["idempotency-key"] = "order-1"

    def remix(source: str) -> Reply:
        place = {"video_id": source}
        return service.answer(Call("remixVideo", place, headers=headers, body=orjson.dumps(PROMPT)))

    first, second = remix(sources[0]), remix(sources[0])
    assert (first.status, first.body, is_replayed(second)) == (200, second.body, True)
    assert remix(sources[1]).status == create(service).status == 409
    assert len(service.store) == 3


def test_concurrent_duplicates_make_one_job(service: JobService) -> None:
    start = Barrier(16)

    def send(_: int) -> bytes:
        start.wait()
        return create(service).body

    with ThreadPoolExecutor(16) as pool:
        bodies = [*pool.map(send, range(16))]
    assert len(set(bodies)) == len(service.store) == 1


def test_reset_forgets_stored_replies(service: JobService) -> None:
    first = create(service)
    MockControls(service).reset()
    second = create(service, {"prompt": "A storm"})
    assert (second.status, is_replayed(second)) == (200, False)
    assert id_of(second) != id_of(first)


def test_the_number_of_stored_replies_is_limited(service: JobService) -> None:
    for number in range(10_001):
        create(service, name=f"order-{number}")
    assert not is_replayed(create(service, name="order-0"))
    assert is_replayed(create(service, name="order-10000"))


def test_polls_and_deletes_ignore_the_idempotency_key(
    service: JobService, clock: ManualClock
) -> None:
    place = {"video_id": id_of(create(service))}
    headers = {"authorization": "Bearer sk-test", "idempotency-key": "order-1"}
    poll = Call("getVideo", place, headers=headers)
    queued = service.answer(poll)
    clock.advance(10)
    assert service.answer(poll).body != queued.body
    delete = Call("deleteVideo", place, headers=headers)
    assert [service.answer(delete).status for _ in range(2)] == [200, 404]


def test_idempotency_key_is_ignored_by_default(document: Document) -> None:
    service = JobService(document, clock=ManualClock(1_780_000_000), strict=True)
    assert len({id_of(create(service)) for _ in range(3)}) == 3


def test_a_too_large_number_is_refused_with_and_without_idempotency_key() -> None:
    data = parse_source(RENDERINGS.read_text(encoding="utf-8"), name="renderings").data
    request = data["paths"]["/renderings"]["post"]["requestBody"]
    request["content"] = {"multipart/form-data": request["content"]["application/json"]}
    text = orjson.dumps(data).decode()
    service = JobService(
        parse_document(text), clock=ManualClock(1_780_000_000), idempotency_keys=True
    )
    headers = {"x-render-key": "k", "content-type": "multipart/form-data; boundary=b"}
    body = form("b", {"scene": "A teapot", "frames": "9" * 30})
    replies = [
        service.answer(Call("submitRendering", headers={**headers, **more}, body=body))
        for more in ({}, {"idempotency-key": "order-1"})
    ]
    assert [reply.status for reply in replies] == [400, 400]
    assert replies[0].body == replies[1].body
