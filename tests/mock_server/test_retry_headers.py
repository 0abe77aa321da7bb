"""How long an error asks clients to wait, in the time of the clock that the mock goes by."""

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


def failed(
    document: Document, clock: Clock, *, status: int, retry_after: int | None = None
) -> Reply:
    """The answer to a create that was to fail."""
    service = JobService(document, clock=clock, strict=True)
    MockControls(service).fail("createVideo", status=status, retry_after=retry_after)
    return service.answer(CREATE)


@pytest.mark.parametrize("clock", [ManualClock(), TickingClock()], ids=["manual", "ticking"])
@pytest.mark.parametrize("status", [429, *SERVER_ERRORS])
def test_under_a_virtual_clock_a_client_tries_again_at_once(
    document: Document, clock: Clock, status: int
) -> None:
    assert failed(document, clock, status=status).headers["retry-after-ms"] == "1"
    patient = failed(document, clock, status=status, retry_after=3600)
    assert (patient.headers["retry-after"], patient.headers["retry-after-ms"]) == ("3600", "1")


@pytest.mark.parametrize(
    ("speed", "retry_after", "milliseconds"),
    [(100, 7, "70"), (3, 1, "334"), (2, 5, "2500"), (1000, 0, "1"), (100_000, 1, "1")],
    ids=["hundredfold", "rounded up", "twice", "no wait", "less than a millisecond"],
)
def test_a_fast_clock_shortens_the_wait_as_it_shortens_everything(
    document: Document, speed: float, retry_after: int, milliseconds: str
) -> None:
    reply = failed(document, SystemClock(speed), status=503, retry_after=retry_after)
    assert reply.headers["retry-after"] == str(retry_after)
    assert reply.headers["retry-after-ms"] == milliseconds


@pytest.mark.parametrize("status", SERVER_ERRORS)
def test_an_answer_that_names_no_wait_has_clients_wait_a_second_of_the_clock(
    document: Document, status: int
) -> None:
    reply = failed(document, SystemClock(50), status=status)
    assert "retry-after" not in reply.headers
    assert reply.headers["retry-after-ms"] == "20"


@pytest.mark.parametrize("speed", [1, 0.5], ids=["real time", "slower than life"])
@pytest.mark.parametrize("status", [429, 503])
def test_on_a_clock_that_is_not_faster_than_life_clients_keep_their_own_pace(
    document: Document, speed: float, status: int
) -> None:
    reply = failed(document, SystemClock(speed), status=status, retry_after=2)
    assert reply.headers["retry-after"] == "2"
    assert "retry-after-ms" not in reply.headers


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_an_error_that_no_other_try_helps_against_names_no_wait(
    document: Document, status: int
) -> None:
    reply = failed(document, ManualClock(), status=status)
    assert (reply.status, {*reply.headers} & {"retry-after", "retry-after-ms"}) == (status, set())


def test_an_error_that_a_request_prefers_is_waited_for_in_the_same_way(
    service: JobService,
) -> None:
    call = Call("listVideos", headers={**HEADERS, "prefer": "code=429"})
    assert service.answer(call).headers["retry-after-ms"] == "1"


def test_a_good_answer_names_no_wait(service: JobService) -> None:
    assert "retry-after-ms" not in service.answer(CREATE).headers


def test_a_document_without_such_a_header_sends_none(other_document: Document) -> None:
    service = JobService(other_document, clock=ManualClock(), strict=True)
    MockControls(service).fail("submitRendering", status=503)
    reply = service.answer(Call("submitRendering"))
    assert reply.status == 503
    assert not [name for name in reply.headers if "retry" in name]
