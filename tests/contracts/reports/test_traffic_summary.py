"""The summary of the traffic of a check."""

from __future__ import annotations

from dataclasses import replace

from aisa_testkit.contracts import Exchange
from aisa_testkit.contracts.reports.traffic_summary import SlowResponse, summarize_traffic
from aisa_testkit.openapi import Document, JobRole, Reply
from tests.support.exchanges import exchange_of, make_call


def poll(document: Document, status: int | None, job_id: str = "job-1") -> Exchange:
    """A poll with a status, or None for no response, which took a quarter of a second."""
    call = make_call(document, JobRole.POLL, job_id=job_id)
    reply = None if status is None else Reply(status, {}, b"")
    return replace(exchange_of(document, call, reply), took=0.25)


def test_requests_after_a_failure_are_retries(document: Document) -> None:
    statuses = [200, 503, None, 429, 200, 200, 404, 404]
    traffic = summarize_traffic(document, [poll(document, status) for status in statuses])
    assert (traffic.requests, traffic.retries, traffic.unanswered) == (8, 3, 1)
    assert traffic.server_errors == {503: 1}
    assert traffic.counts == "3 retries, 1 server error (503), 1 request without a response"


def test_another_request_is_not_a_retry(document: Document) -> None:
    history = [poll(document, 503), poll(document, 200, "job-2"), poll(document, 500, "job-3")]
    traffic = summarize_traffic(document, history)
    assert traffic.counts == "0 retries, 2 server errors (500, 503)"


def test_create_after_a_429_is_a_retry(document: Document) -> None:
    call = make_call(document, JobRole.CREATE, fields={"prompt": "x"})
    history = [exchange_of(document, call, Reply(status, {}, b"")) for status in (429, 200)]
    assert summarize_traffic(document, history).retries == 1


def test_slowest_responses_come_first_with_their_numbers(document: Document) -> None:
    seconds = [0.1, 0.5, 0.2, 0.4]
    history = [replace(poll(document, 200), took=took) for took in seconds]
    history.append(replace(poll(document, None), took=9.0))
    traffic = summarize_traffic(document, history)
    assert [response.number for response in traffic.slowest] == [2, 4, 3]
    assert str(traffic.slowest[0]) == "500 ms (getVideo, no. 2)"
    assert str(traffic).endswith("; slowest: 500 ms (getVideo, no. 2)")


def test_times_of_a_second_and_more_are_in_seconds() -> None:
    assert str(SlowResponse(3, "getVideo", 1.0)) == "1.00 s (getVideo, no. 3)"
    assert str(SlowResponse(3, "getVideo", 0.004)) == "4 ms (getVideo, no. 3)"


def test_unknown_times_have_no_slowest_response(document: Document) -> None:
    history = [replace(poll(document, 200), took=0.0)]
    assert str(summarize_traffic(document, history)) == "0 retries, 0 server errors"
