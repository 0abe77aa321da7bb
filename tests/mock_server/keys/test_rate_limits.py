"""Limits of API keys as clients see them: headers, refusals and Retry-After."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from aisa_testkit.mock_server import (
    Endpoint,
    JobService,
    RandomIds,
    SystemClock,
)
from aisa_testkit.openapi import Call, Document, JobRole, Reply
from aisa_testkit.openapi.json import Json
from tests.support.operations import REMIX
from tests.support.service_client import ServiceClient, error_of

START = 1_780_000_000
LIMIT = ("x-ratelimit-limit-requests", "x-ratelimit-limit")
REMAINING = ("x-ratelimit-remaining-requests", "x-ratelimit-remaining")
RESET = ("x-ratelimit-reset-requests", "x-ratelimit-reset")


def header_values(reply: Reply, names: tuple[str, ...]) -> set[int]:
    """Return the values of the headers with these names."""
    return {int(reply.headers[name]) for name in names}


def limited_client(document: Document, **options: Any) -> ServiceClient:
    """Return a client whose replies must all conform to the document."""
    return ServiceClient(document, conforming=True, **options)


@pytest.mark.parametrize(("tier", "number"), [("free", 60), ("starter", 600), ("growth", 3000)])
def test_every_response_has_rate_limit_headers_of_the_tier(
    document: Document, tier: str, number: int
) -> None:
    client = limited_client(document, limits=tier)
    replies = [
        client.send(JobRole.CREATE),
        client.send(JobRole.LIST),
        client.send(JobRole.POLL, job_id="unknown"),
        client.send(JobRole.CREATE, prompt=""),
        client.send(JobRole.CREATE, headers={"prefer": "code=503"}),
        client.send(JobRole.DELETE, job_id="unknown"),
        client.send(REMIX, job_id="unknown"),
        client.send(JobRole.RESULT, job_id="unknown"),
    ]
    assert [reply.status for reply in replies] == [200, 200, 404, 400, 503, 404, 404, 404]
    for used, reply in enumerate(replies, 1):
        assert header_values(reply, LIMIT) == {number}
        assert header_values(reply, REMAINING) == {number - used}
        assert header_values(reply, RESET) == {START + 60}


def test_downloads_and_range_requests_have_rate_limit_headers(document: Document) -> None:
    client = limited_client(document, limits="free")
    job = client.create()
    client.clock.advance(10)
    whole = client.send(JobRole.RESULT, job_id=job)
    part = client.send(JobRole.RESULT, job_id=job, headers={"range": "bytes=0-9"})
    same = {"if-none-match": whole.headers["etag"]}
    unchanged = client.send(JobRole.RESULT, job_id=job, headers=same)
    beyond = client.send(JobRole.RESULT, job_id=job, headers={"range": "bytes=999999999-"})
    assert [r.status for r in (whole, part, unchanged, beyond)] == [200, 206, 304, 416]
    left = [header_values(reply, REMAINING) for reply in (whole, part, unchanged, beyond)]
    assert left == [{58}, {57}, {56}, {55}]


def test_request_without_a_key_has_no_rate_limit_headers(
    document: Document,
) -> None:
    client = limited_client(document, limits="free")
    refused = client.send(JobRole.LIST, key=None)
    assert refused.status == 401
    assert not {*LIMIT, *REMAINING, *RESET} & refused.headers.keys()
    assert header_values(client.send(JobRole.LIST), REMAINING) == {59}


def test_rejected_key_is_not_counted(document: Document) -> None:
    client = limited_client(document, limits="free", api_keys=["sk-test"])
    assert client.statuses(JobRole.LIST, 3, key="sk-unknown") == [401] * 3
    assert header_values(client.send(JobRole.LIST), REMAINING) == {59}


def test_without_limits_there_are_no_rate_limit_headers(document: Document) -> None:
    client = limited_client(document)
    assert not {*LIMIT, *REMAINING, *RESET} & client.send(JobRole.LIST).headers.keys()
    assert client.statuses(JobRole.CREATE, 9) == [200] * 9


def test_retry_after_of_a_429_is_exact(document: Document) -> None:
    client = limited_client(document, limits={"requests_per_minute": 3})
    client.clock.advance(0.5)
    assert client.statuses(JobRole.LIST, 3) == [200] * 3
    client.clock.advance(20)
    refused = client.send(JobRole.LIST)
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "40"
    assert (header_values(refused, REMAINING), header_values(refused, RESET)) == ({0}, {START + 61})
    client.clock.advance(39)
    assert client.send(JobRole.LIST).headers["retry-after"] == "1"
    client.clock.advance(1)
    accepted = client.send(JobRole.LIST)
    assert (
        accepted.status,
        header_values(accepted, REMAINING),
        header_values(accepted, RESET),
    ) == (
        200,
        {2},
        {START + 121},
    )


def test_retry_after_ms_is_in_real_time(document: Document) -> None:
    now = [0.0]
    clock = SystemClock(20, wall=lambda: START, monotonic=lambda: now[0])
    service = JobService(
        document, clock=clock, ids=RandomIds(1), strict=True, limits={"requests_per_minute": 1}
    )
    headers = {"authorization": "Bearer sk-test"}
    replies = [service.answer(Call("listVideos", headers=headers)) for _ in range(2)]
    assert replies[1].headers["retry-after"] == "60"
    assert replies[1].headers["retry-after-ms"] == "3000"
    now[0] += 3
    assert service.answer(Call("listVideos", headers=headers)).status == 200


def test_requests_are_counted_separately_for_each_key(document: Document) -> None:
    client = limited_client(document, limits={"requests_per_minute": 2})
    assert client.statuses(JobRole.LIST, 3, key="sk-a") == [200, 200, 429]
    assert client.statuses(JobRole.LIST, 3, key="sk-b") == [200, 200, 429]


def test_in_flight_limit_refuses_creates_until_a_job_ends(document: Document) -> None:
    client = limited_client(document, limits="free")
    client.create()
    client.clock.advance(3)
    assert client.statuses(JobRole.CREATE, 2) == [200, 200]
    refused = client.send(JobRole.CREATE)
    assert error_of(refused) == (429, "rate_limit_exceeded")
    assert refused.headers["retry-after"] == "7"
    assert "at once" in orjson.loads(refused.body)["error"]["message"]
    assert len(client.service.store) == 3
    assert client.send(JobRole.CREATE, key="sk-other").status == 200
    client.clock.advance(6)
    assert client.send(JobRole.CREATE).status == 429
    client.clock.advance(1)
    assert client.statuses(JobRole.CREATE, 2) == [200, 429]


def test_remix_counts_towards_the_in_flight_limit(document: Document) -> None:
    client = limited_client(document, limits={"in_flight": 1})
    job = client.create()
    client.clock.advance(10)
    assert [client.send(REMIX, job_id=job).status for _ in range(2)] == [200, 429]


def test_refused_create_keeps_the_scenario_of_the_next_job(document: Document) -> None:
    client = limited_client(document, limits={"in_flight": 1})
    job = client.create()
    client.controls.next_job(scenario="fails")
    assert client.send(JobRole.CREATE).status == 429
    client.controls.end_job(job, success=True)
    client.create()
    client.clock.advance(10)
    assert [job["status"] for job in client.service.describe_all()] == ["completed", "failed"]


def test_spend_cap_asks_clients_not_to_retry_and_excludes_failed_jobs(document: Document) -> None:
    client = limited_client(document, limits={"spend": 0.8})
    client.controls.next_job(outcome="failed")
    assert client.statuses(JobRole.CREATE, 2) == [200, 200]
    refused = client.send(JobRole.CREATE)
    assert error_of(refused) == (429, "quota_exceeded")
    assert refused.headers["x-should-retry"] == "false"
    assert not {"retry-after", "retry-after-ms"} & refused.headers.keys()
    client.clock.advance(10)
    assert client.statuses(JobRole.CREATE, 2) == [200, 429]


def test_each_account_has_its_own_limits(document: Document) -> None:
    accounts: Json = {
        "sk-poor": {"spend": 0},
        "sk-gone": {"revoked": True},
        "sk-plain": {"forbidden": {"model": ["sora-2-pro"]}},
        "sk-small": {"limits": {"requests_per_minute": 1}},
    }
    client = limited_client(document, accounts=accounts)
    assert error_of(client.send(JobRole.CREATE, key="sk-poor")) == (429, "quota_exceeded")
    assert client.send(JobRole.LIST, key="sk-poor").status == 200
    gone = client.send(JobRole.LIST, key="sk-gone")
    assert error_of(gone) == (401, "revoked_api_key")
    assert gone.headers["www-authenticate"] == "Bearer"
    forbidden = client.send(JobRole.CREATE, key="sk-plain", model="sora-2-pro")
    assert error_of(forbidden) == (403, "model_not_allowed")
    assert orjson.loads(forbidden.body)["error"]["param"] == "model"
    assert client.send(JobRole.CREATE, key="sk-plain").status == 200
    assert client.statuses(JobRole.LIST, 2, key="sk-small") == [200, 429]
    assert client.send(JobRole.LIST, key="sk-unknown").status == 200


def test_forbidden_values_apply_to_remixes(document: Document) -> None:
    accounts = {"sk-a": {"forbidden": {"model": ["sora-2"]}}}
    client = limited_client(document, accounts=accounts, unknown_ids="synthesize")
    assert error_of(client.send(REMIX, key="sk-a", job_id="any")) == (
        403,
        "model_not_allowed",
    )


def test_request_with_a_fault_is_not_counted(document: Document) -> None:
    client = limited_client(document, limits={"requests_per_minute": 1})
    client.controls.fault("list", status=503, times=2)
    replies = [client.send(JobRole.LIST) for _ in range(4)]
    assert [reply.status for reply in replies] == [503, 503, 200, 429]
    assert [header_values(reply, REMAINING) for reply in replies] == [{1}, {1}, {0}, {0}]


def test_committed_error_has_rate_limit_headers(document: Document) -> None:
    client = limited_client(document, limits={"requests_per_minute": 5})
    client.controls.fault("create", status=500, commit=True)
    assert header_values(client.send(JobRole.CREATE), REMAINING) == {4}


def test_request_without_a_matching_operation_is_not_counted(document: Document) -> None:
    client = limited_client(document, limits="free")
    headers = {"authorization": "Bearer sk-test"}
    missed = Endpoint(client.service).respond(
        "GET", "/v1/nowhere", query="", headers=headers, body=b""
    )
    assert missed.status == 404
    assert header_values(client.send(JobRole.LIST), REMAINING) == {59}


def test_limits_are_exact_with_concurrent_requests(document: Document) -> None:
    client = limited_client(document, limits={"requests_per_minute": 100, "in_flight": 7})
    with ThreadPoolExecutor(16) as pool:
        replies = [*pool.map(lambda _: client.send(JobRole.CREATE), range(200))]
    assert Counter(reply.status for reply in replies) == {200: 7, 429: 193}
    assert header_values(client.send(JobRole.LIST), REMAINING) == {0}
    assert len(client.service.store) == 7


def test_reset_clears_the_usage_of_all_keys(document: Document) -> None:
    client = limited_client(
        document, limits={"requests_per_minute": 2, "in_flight": 1, "spend": 0.4}
    )
    assert client.statuses(JobRole.CREATE, 3) == [200, 429, 429]
    client.controls.reset()
    assert client.statuses(JobRole.CREATE, 1) == [200]


def test_limits_of_another_document(other_document: Document) -> None:
    client = limited_client(
        other_document, limits="hobby", accounts={"k": {}, "poor": {"spend": 0.04}}
    )
    first = client.send(JobRole.CREATE, key="k")
    allowance = {
        "x-allowance": "5",
        "x-allowance-left": "4",
        "x-allowance-renewed": f"{START + 60}",
    }
    assert first.headers.items() >= allowance.items()
    assert client.statuses(JobRole.CREATE, 1, key="k") == [429]
    assert client.statuses(JobRole.LIST, 4, key="k") == [200, 200, 200, 429]
    poor = client.send(JobRole.CREATE, key="poor")
    assert (poor.status, orjson.loads(poor.body)["problem"]) == (402, "no-money")
    assert client.send(JobRole.RESULT, key="k", job_id="unknown").headers["x-allowance-left"] == "0"


def test_unknown_tier_is_rejected(
    other_document: Document,
) -> None:
    with pytest.raises(ValueError, match=r"^/limits: must be one of none, hobby, studio, or an"):
        JobService(other_document, limits="free")
