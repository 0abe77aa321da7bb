"""Retry-After headers of errors, in the time of the mock's clock."""

from __future__ import annotations

import pytest

from aisa_testkit.mock_server import (
    Clock,
    JobService,
    ManualClock,
    MockControls,
    SystemClock,
    TickingClock,
)
from aisa_testkit.openapi import Call, Document, Reply

HEADERS = {"authorization": "Bearer sk-test", "content-type": "application/json"}
CREATE = Call("createVideo", headers=HEADERS, body=b'{"prompt": "A lighthouse in a storm"}')
SERVER_ERRORS = (500, 502, 503, 504)


def failed_create(
    document: Document, clock: Clock, *, status: int, retry_after: int | None = None
) -> Reply:
    """The reply to a create that fails."""
    service = JobService(document, clock=clock, strict=True)
    MockControls(service).fail("createVideo", status=status, retry_after=retry_after)
    return service.answer(CREATE)


@pytest.mark.parametrize(
    "clock", [ManualClock(1_780_000_000), TickingClock(1_780_000_000)], ids=["manual", "ticking"]
)
@pytest.mark.parametrize("status", [429, *SERVER_ERRORS])
def test_retry_after_is_one_millisecond_with_a_manual_clock(
    document: Document, clock: Clock, status: int
) -> None:
    assert failed_create(document, clock, status=status).headers["retry-after-ms"] == "1"
    slow = failed_create(document, clock, status=status, retry_after=3600)
    assert (slow.headers["retry-after"], slow.headers["retry-after-ms"]) == ("3600", "1")


@pytest.mark.parametrize(
    ("speed", "retry_after", "milliseconds"),
    [(100, 7, "70"), (3, 1, "334"), (2, 5, "2500"), (1000, 0, "1"), (100_000, 1, "1")],
    ids=["100 times", "rounded up", "twice", "no wait", "less than a millisecond"],
)
def test_retry_after_ms_is_shorter_with_a_fast_clock(
    document: Document, speed: float, retry_after: int, milliseconds: str
) -> None:
    reply = failed_create(document, SystemClock(speed), status=503, retry_after=retry_after)
    assert reply.headers["retry-after"] == str(retry_after)
    assert reply.headers["retry-after-ms"] == milliseconds


@pytest.mark.parametrize("status", SERVER_ERRORS)
def test_errors_without_retry_after_ask_for_one_second_of_the_clock(
    document: Document, status: int
) -> None:
    reply = failed_create(document, SystemClock(50), status=status)
    assert "retry-after" not in reply.headers
    assert reply.headers["retry-after-ms"] == "20"


@pytest.mark.parametrize("speed", [1, 0.5], ids=["real time", "slower than real time"])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_ms_is_not_sent_unless_the_clock_is_fast(
    document: Document, speed: float, status: int
) -> None:
    reply = failed_create(document, SystemClock(speed), status=status, retry_after=2)
    assert reply.headers["retry-after"] == "2"
    assert "retry-after-ms" not in reply.headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_errors_that_are_not_retryable_have_no_retry_after(document: Document, status: int) -> None:
    reply = failed_create(document, ManualClock(1_780_000_000), status=status)
    assert (reply.status, {*reply.headers} & {"retry-after", "retry-after-ms"}) == (status, set())


def test_errors_by_prefer_header_have_retry_after_ms(
    service: JobService,
) -> None:
    call = Call("listVideos", headers={**HEADERS, "prefer": "code=429"})
    assert service.answer(call).headers["retry-after-ms"] == "1"


def test_successful_replies_have_no_retry_after_ms(service: JobService) -> None:
    assert "retry-after-ms" not in service.answer(CREATE).headers


def test_retry_after_ms_needs_a_header_in_the_document(other_document: Document) -> None:
    service = JobService(other_document, clock=ManualClock(1_780_000_000), strict=True)
    MockControls(service).fail("submitRendering", status=503)
    reply = service.answer(Call("submitRendering"))
    assert reply.status == 503
    assert not [name for name in reply.headers if "retry" in name]
