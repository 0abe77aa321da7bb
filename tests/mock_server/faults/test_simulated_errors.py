"""Errors that a test asks for: which, in which order, how often, and what cannot be asked for."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from aisa_testkit.mock_server import JobService, ManualClock, MockControls
from aisa_testkit.openapi import Call, Document, Reply
from aisa_testkit.openapi.json import Json

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')
LIST = Call("listVideos", headers=HEADERS)


def statuses(service: JobService, call: Call, count: int) -> list[int]:
    return [service.answer(call).status for _ in range(count)]


def error_of(reply: Reply) -> Json:
    return orjson.loads(reply.body)["error"]


@pytest.fixture
def other_service(other_document: Document) -> JobService:
    return JobService(other_document, clock=ManualClock(), strict=True)


def test_errors_come_in_the_order_and_as_often_as_they_were_asked_for(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=503)
    MockControls(service).fail("createVideo", status=429, times=3)
    MockControls(service).fail("createVideo", status=500, times=2)
    assert statuses(service, CREATE, 8) == [503, 429, 429, 429, 500, 500, 200, 200]


def test_an_error_is_for_the_calls_of_its_operation_alone(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=500)
    assert statuses(service, LIST, 2) == [200, 200]
    assert statuses(service, CREATE, 2) == [500, 200]


def test_a_create_that_was_failed_makes_no_job_and_uses_up_no_fate(service: JobService) -> None:
    MockControls(service).next_job(outcome="failed", seconds=0)
    MockControls(service).fail("createVideo", status=502)
    service.answer(CREATE)
    assert len(service.store) == 0
    assert orjson.loads(service.answer(CREATE).body)["status"] == "failed"


@pytest.mark.parametrize(
    "call",
    [
        Call("createVideo", headers=HEADERS, body=b"{"),
        Call("createVideo", headers={}, body=CREATE.body),
        Call("createVideo", headers={**HEADERS, "prefer": "code=404"}, body=CREATE.body),
    ],
    ids=["bad request", "request without a key", "request that prefers another error"],
)
def test_an_error_comes_before_anything_else_that_could_be_said(
    service: JobService, call: Call
) -> None:
    MockControls(service).fail("createVideo", status=503)
    assert statuses(service, call, 1) == [503]
    assert statuses(service, call, 1) != [503]


def test_a_code_chooses_among_the_errors_of_one_status(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=429)
    MockControls(service).fail("createVideo", status=429, code="quota_exceeded")
    usual, chosen = service.answer(CREATE), service.answer(CREATE)
    assert error_of(usual)["code"] == "rate_limit_exceeded"
    assert usual.headers["retry-after"] == "1"
    assert error_of(chosen)["code"] == "quota_exceeded"
    assert "retry-after" not in chosen.headers
    assert error_of(chosen)["message"] == "Simulated error response of createVideo."


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0, "0")])
def test_retry_after_takes_the_place_of_the_documents_own_wait(
    service: JobService, seconds: int, header: str
) -> None:
    MockControls(service).fail("createVideo", status=429, retry_after=seconds)
    MockControls(service).fail("createVideo", status=503, retry_after=seconds)
    for _ in range(2):
        assert service.answer(CREATE).headers["retry-after"] == header


def test_every_documented_error_can_be_asked_for(
    service: JobService, other_service: JobService
) -> None:
    for each in (service, other_service):
        for operation in each.document.operations.values():
            for status in operation.responses:
                if status >= 400:
                    MockControls(each).fail(operation.id, status=status)
                    assert each.answer(Call(operation.id)).status == status
    assert other_service.answer(Call("film")).status == 401


@pytest.mark.parametrize(
    ("operation", "arguments", "message"),
    [
        (
            "createvideo",
            {"status": 500},
            "/operation: must be one of listVideos, createVideo,"
            " getVideo, deleteVideo, getVideoContent, remixVideo",
        ),
        (
            "deleteVideo",
            {"status": 413},
            "/status: deleteVideo has no documented response 413, only 400 ",
        ),
        ("createVideo", {"status": 200}, "/status: must be at least 400, not 200"),
        (
            "createVideo",
            {"status": 429, "code": "internal_error"},
            "/status: createVideo has no documented response 429 internal_error, only 400 ",
        ),
        (
            "createVideo",
            {"status": 429, "times": 0},
            "/times: must be at least 1, not 0",
        ),
        (
            "createVideo",
            {"status": 429, "times": -1},
            "/times: must be at least 1, not -1",
        ),
        (
            "createVideo",
            {"status": 429, "retry_after": -1},
            "/retry_after: must be at least 0, not -1",
        ),
        (
            "createVideo",
            {"status": 429, "retry_after": 1.5},
            "/retry_after: must be of type integer, not 1.5",
        ),
    ],
    ids=[
        "unknown operation",
        "error that another operation has",
        "success",
        "code of another status",
        "no times at all",
        "negative times",
        "negative wait",
        "wait of half a second",
    ],
)
def test_what_the_document_does_not_declare_cannot_be_asked_for(
    service: JobService, operation: str, arguments: dict[str, Json], message: str
) -> None:
    with pytest.raises(ValueError, match=r"^/") as refused:
        MockControls(service).fail(operation, **arguments)
    assert str(refused.value).startswith(message)
    assert statuses(service, CREATE, 1) == [200]


def test_the_errors_that_can_be_asked_for_instead_are_listed_with_their_codes(
    other_service: JobService,
) -> None:
    with pytest.raises(
        ValueError, match=r"^/status: dropRendering has no documented response 503"
    ) as refused:
        MockControls(other_service).fail("dropRendering", status=503)
    known = str(refused.value).partition(", only ")[2].split(", ")
    assert {"401 who-are-you", "404 no-such-rendering", "409 not-yet"} <= set(known)
    assert len(known) == len(set(known))


def test_a_wait_cannot_be_asked_for_where_the_document_has_no_header_for_it(
    other_service: JobService,
) -> None:
    with pytest.raises(ValueError, match=r"^/retry_after: the document declares no header"):
        MockControls(other_service).fail("submitRendering", status=503, retry_after=1)
    assert other_service.answer(Call("submitRendering")).status == 401


def test_reset_forgets_the_errors_that_are_still_to_come(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=500, times=5)
    MockControls(service).fail("listVideos", status=500)
    service.answer(CREATE)
    MockControls(service).reset()
    assert statuses(service, CREATE, 1) + statuses(service, LIST, 1) == [200, 200]


def test_each_error_strikes_once_however_many_threads_are_calling(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=429, times=40)
    MockControls(service).fail("createVideo", status=503, times=40)
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, [CREATE] * 100)]
    assert Counter(reply.status for reply in replies) == {429: 40, 503: 40, 200: 20}
