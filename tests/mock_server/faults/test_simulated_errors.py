"""Simulated errors with `fail`: their order and number, and invalid arguments."""

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
    return JobService(other_document, clock=ManualClock(1_780_000_000), strict=True)


def test_errors_occur_in_order_and_the_given_number_of_times(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=503)
    MockControls(service).fail("createVideo", status=429, times=3)
    MockControls(service).fail("createVideo", status=500, times=2)
    assert statuses(service, CREATE, 8) == [503, 429, 429, 429, 500, 500, 200, 200]


def test_error_affects_only_its_operation(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=500)
    assert statuses(service, LIST, 2) == [200, 200]
    assert statuses(service, CREATE, 2) == [500, 200]


def test_failed_create_keeps_the_outcome_of_the_next_job(service: JobService) -> None:
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
    ids=["malformed body", "missing API key", "Prefer header"],
)
def test_simulated_error_comes_before_all_other_errors(service: JobService, call: Call) -> None:
    MockControls(service).fail("createVideo", status=503)
    assert statuses(service, call, 1) == [503]
    assert statuses(service, call, 1) != [503]


def test_code_selects_an_error_of_the_status(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=429)
    MockControls(service).fail("createVideo", status=429, code="quota_exceeded")
    default, chosen = service.answer(CREATE), service.answer(CREATE)
    assert error_of(default)["code"] == "rate_limit_exceeded"
    assert default.headers["retry-after"] == "1"
    assert error_of(chosen)["code"] == "quota_exceeded"
    assert "retry-after" not in chosen.headers
    assert error_of(chosen)["message"] == "Simulated error response of createVideo."


@pytest.mark.parametrize(("seconds", "header"), [(7, "7"), (0, "0")])
def test_retry_after_replaces_the_value_of_the_document(
    service: JobService, seconds: int, header: str
) -> None:
    MockControls(service).fail("createVideo", status=429, retry_after=seconds)
    MockControls(service).fail("createVideo", status=503, retry_after=seconds)
    for _ in range(2):
        assert service.answer(CREATE).headers["retry-after"] == header


def test_every_documented_error_can_be_simulated(
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
        ("createVideo", {"status": 200}, "/status: must be at least 400 and at most 599, not 200"),
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
            "/retry_after: must be at least 0 and at most 1000000000, not -1",
        ),
        (
            "createVideo",
            {"status": 429, "retry_after": 1.5},
            "/retry_after: must be of type integer or object, numbers at least 0 and at most"
            " 1000000000, not 1.5",
        ),
    ],
    ids=[
        "unknown operation",
        "error of another operation",
        "success",
        "code of another status",
        "zero times",
        "negative times",
        "negative wait",
        "fractional wait",
    ],
)
def test_undocumented_errors_are_rejected(
    service: JobService, operation: str, arguments: dict[str, Json], message: str
) -> None:
    with pytest.raises(ValueError, match=r"^/") as error:
        MockControls(service).fail(operation, **arguments)
    assert str(error.value).startswith(message)
    assert statuses(service, CREATE, 1) == [200]


def test_rejection_lists_the_documented_errors_with_their_codes(
    other_service: JobService,
) -> None:
    with pytest.raises(
        ValueError, match=r"^/status: dropRendering has no documented response 503"
    ) as error:
        MockControls(other_service).fail("dropRendering", status=503)
    known = str(error.value).partition(", only ")[2].split(", ")
    assert {"401 who-are-you", "404 no-such-rendering", "409 not-yet"} <= set(known)
    assert len(known) == len(set(known))


def test_retry_after_needs_a_header_in_the_document(
    other_service: JobService,
) -> None:
    with pytest.raises(ValueError, match=r"^/retry_after: the document declares no place"):
        MockControls(other_service).fail("submitRendering", status=503, retry_after=1)
    assert other_service.answer(Call("submitRendering")).status == 401


def test_reset_removes_pending_errors(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=500, times=5)
    MockControls(service).fail("listVideos", status=500)
    service.answer(CREATE)
    MockControls(service).reset()
    assert statuses(service, CREATE, 1) + statuses(service, LIST, 1) == [200, 200]


def test_number_of_errors_is_exact_with_concurrent_calls(service: JobService) -> None:
    MockControls(service).fail("createVideo", status=429, times=40)
    MockControls(service).fail("createVideo", status=503, times=40)
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(service.answer, [CREATE] * 100)]
    assert Counter(reply.status for reply in replies) == {429: 40, 503: 40, 200: 20}
